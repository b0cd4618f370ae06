/* SPDX-License-Identifier: MIT */
/*
 * Is there a ledger of that name? What the looks have shown (lease_look.h) is a moment old: that
 * one is not there, only the database can say, and only one that still confirms writes. So it is
 * asked in a turn that beats, after the beat. However many ask, and for whatever names, that is one
 * question at a time, and fifty a second at most.
 */
#ifndef LEDGER_LEASE_LEASE_ASK_H
#define LEDGER_LEASE_LEASE_ASK_H

#include "ledger/lease/lease_look.h"

struct lease_named {
    bool is_there;         /* this database has a ledger of that name */
    char home[LEASE_NAME]; /* the database of the service that has that name, by the word of this
                              one; "": this one, or none (sql: ledger_name) */
};

/* As the database says after this was called; the name is valid (bank_name.h). What is there is in
 * a look that comes with the answer, or soon after. False: it did not say, while the lease lasted,
 * or the context ended first. Parks. */
CO_MUST_CHECK bool lease_ask(
    struct co_context *context, struct lease *lease, const char *name, struct lease_named *named);

#endif
