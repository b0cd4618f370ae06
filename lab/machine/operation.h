/* SPDX-License-Identifier: MIT */
/*
 * What a client asks for, as any strategy can carry it out: look at some cells, judge by what was
 * seen whether it may happen, and if so change them. A check and then an act: all of concurrency's
 * faults live between the two.
 */
#ifndef LAB_MACHINE_OPERATION_H
#define LAB_MACHINE_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/machine/cell.h"

enum { OPERATION_CELLS = 4 };

struct operation {
    const char *name;     /* "withdraw 80"; also its lane's */
    const char *yes, *no; /* what the client is told: "is paid", "is refused" */
    int64_t amount;       /* for may() */
    int number;           /* from 0, in the order of making */
    int count;            /* of its cells */
    struct cell *cells[OPERATION_CELLS];
    int64_t change[OPERATION_CELLS]; /* what is added to each; that of the first is never 0 */

    /* May it happen, if the cells hold this? NULL: always. Pure: no lock, no cell. */
    bool (*may)(const struct operation *operation, const int64_t seen[]);
    const char *condition; /* the same in SQL, of the row of the first cell; NULL: always */

    bool done;   /* out: it was carried out, not refused */
    bool failed; /* out: neither: the client is told of an error that is not its fault */
    bool ended;
};

/* Two that serve for many: the first cell, or all together, hold at least the amount. */
bool operation_first_has(const struct operation *operation, const int64_t seen[]);
bool operation_all_have(const struct operation *operation, const int64_t seen[]);

/* Check: may(), as a step of the trace. */
#define operation_may(operation, seen) operation_may_at(CO_SITE("check"), (operation), (seen))
bool operation_may_at(
    const struct co_site *site, const struct operation *operation, const int64_t seen[]);

/* Where a computation, or a call of another service, would take its time: others may go first. */
#define operation_think() operation_think_at(CO_SITE("think"))
void operation_think_at(const struct co_site *site);

#endif
