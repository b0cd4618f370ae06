/* SPDX-License-Identifier: MIT */
/*
 * The choices of a schedule whose lanes the runtime does not schedule: the same ways, the same
 * points and switches as in a seeded run (coro/schedule.h). Lanes are numbered from 1.
 */
#ifndef LAB_SQL_SQL_CHOICE_H
#define LAB_SQL_SQL_CHOICE_H

#include "coro/schedule.h"

enum { SQL_CHOICE_LANES = 32, SQL_CHOICE_DEPTH = 8 };

struct sql_choice {
    struct co_schedule *schedule; /* what is chosen is noted there, too: taken, switches */
    uint64_t random;
    uint32_t last; /* the lane that was chosen last; 0: none yet */
    size_t next;   /* of the choices that are listed */
    uint64_t lowest, priority[SQL_CHOICE_LANES + 1], change_at[SQL_CHOICE_DEPTH];
};

void sql_choice_begin(struct sql_choice *choice, struct co_schedule *schedule);

/* Which lane of those in `ready`, bit 0 for lane 1; there is one. *switched: not the usual one. */
uint32_t sql_choice_next(struct sql_choice *choice, uint32_t ready, bool *switched);

/* It begins again, for the sake of others: they go first. */
void sql_choice_yield(struct sql_choice *choice, uint32_t lane);

#endif
