/* SPDX-License-Identifier: MIT */
/* Random requests of every kind, on a few accounts of two assets; what comes of them is not looked
 * at. For tests of what must hold whatever happens. */
#ifndef TESTS_LEDGER_STORM_H
#define TESTS_LEDGER_STORM_H

#include "tests/ledger/fixture.h"

enum { STORM_REMEMBERS = 8 };

struct storm {
    struct ledger *ledger;
    uint64_t random;   /* the seed */
    const char *name;  /* begins its keys: no two storms of a ledger have the same */
    unsigned requests; /* so far */
    uint64_t holds[STORM_REMEMBERS], moves[STORM_REMEMBERS]; /* positions; 0: none yet */
};

/* Open the accounts, and give them money. */
void storm_prepare(struct ledger *ledger);

/* Make one request. A freeze is followed by its end before it returns. */
void storm_request(struct storm *storm);

#endif
