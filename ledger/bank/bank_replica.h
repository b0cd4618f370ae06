/* SPDX-License-Identifier: MIT */
/* The standby of a bank's database, where what is followed is read (replica.h). */
#ifndef LEDGER_BANK_BANK_REPLICA_H
#define LEDGER_BANK_BANK_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

struct bank;

/* Begin to watch it, if the options name one; false: memory is short. And at the end, when no
 * ledger is followed any more: parks. For bank.c. */
CO_MUST_CHECK bool bank_replica_start(struct bank *bank);
void bank_replica_stop(struct bank *bank);

struct bank_replica {
    bool used;          /* if not, the database is read */
    int64_t lag_ns;     /* how long ago, at most, it had all that the database had */
    uint64_t passed_on; /* reads that were asked of the database instead */
};

/* How it is doing; false: there is none. Never parks; thread-safe. */
bool bank_replica(struct bank *bank, struct bank_replica *figures);

#endif
