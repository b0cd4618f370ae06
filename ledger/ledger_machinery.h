/* SPDX-License-Identifier: MIT */
/* What a ledger's machinery is doing right now: its strategy, and what waits for it. How much has
 * been committed, and how, is in ledger_figures.h. */
#ifndef LEDGER_LEDGER_MACHINERY_H
#define LEDGER_LEDGER_MACHINERY_H

#include <stddef.h>
#include <stdint.h>

struct ledger;

enum { LEDGER_BUSIEST = 8 };

struct ledger_machinery {
    const char *strategy, *how; /* its name; what it does, in one sentence */
    uint32_t waiting;           /* sections that wait for the owner, or for a mutex */
    uint32_t capacity;          /* of the owner's queue; 0: there is none */
    uint32_t shards, held;      /* mutexes, and those of them that are held; 0: there are none */
    size_t busiest_count;
    struct {
        uint32_t shard, waiting;
    } busiest[LEDGER_BUSIEST]; /* mutexes that some wait for, the most first */
};

/* Never parks; the caller has entered the ledger. */
void ledger_read_machinery(struct ledger *ledger, struct ledger_machinery *machinery);

#endif
