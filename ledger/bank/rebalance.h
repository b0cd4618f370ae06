/* SPDX-License-Identifier: MIT */
/*
 * Which ledger a server that has little to do asks for. Only the least loaded of at least three
 * servers asks, if it is a tenth below the mean or the most loaded is a tenth above, and only for
 * one of the most loaded: the one that brings the two closest together. One that carries more than
 * what the two are apart stays where it is, as does one that is not worth the pause, or of which
 * that would be long. Pure.
 */
#ifndef LEDGER_BANK_REBALANCE_H
#define LEDGER_BANK_REBALANCE_H

#include "ledger/lease/lease.h"

enum {
    REBALANCE_SERVERS = 3,
    REBALANCE_LEAST = 30, /* entries a second, the mean of all servers: with less nothing moves */
    REBALANCE_WORTH = 50, /* the two must come closer by that part of the mean at least */
};

struct rebalance_ledger {
    int ledger;
    uint64_t owner; /* 0: none that lives */
    uint64_t rate;  /* entries a second of late */
    bool cold;      /* this server would have to read it first, while nobody has it */
};

/* The ledger that server `me`, which is among them, shall ask for; NULL: none. */
const struct rebalance_ledger *rebalance_choose(uint64_t me, const struct lease_peer *servers,
    size_t server_count, const struct rebalance_ledger *ledgers, size_t ledger_count);

#endif
