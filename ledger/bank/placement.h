/* SPDX-License-Identifier: MIT */
/*
 * Which of the servers that live takes a ledger that nobody has: the one with the highest hash of
 * the ledger's name and the server's URL ("rendezvous hashing"). All who know the same servers find
 * the same one without asking each other; the ledgers of a server that goes away spread over all
 * the others, and no other ledger changes its place. Pure.
 */
#ifndef LEDGER_BANK_PLACEMENT_H
#define LEDGER_BANK_PLACEMENT_H

#include "ledger/lease/lease.h"

/* The best of them for that ledger, without the one of that number (0: without none); NULL: there
 * is none. Of several at the same URL the number decides. */
const struct lease_peer *placement_best(
    const char *ledger, const struct lease_peer *servers, size_t count, uint64_t without);

#endif
