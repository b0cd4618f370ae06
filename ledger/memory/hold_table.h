/* SPDX-License-Identifier: MIT */
/*
 * The holds of a ledger that are open, by the position that made them, and which of them expires
 * next. A hold that was settled stays until that is durable; of older ones the database knows.
 *
 * A hold changes only inside a section that names its `from`. All functions may be called from any
 * worker; none parks.
 */
#ifndef LEDGER_MEMORY_HOLD_TABLE_H
#define LEDGER_MEMORY_HOLD_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/domain/account.h"

struct hold {
    struct hold *next;                          /* chain in the table */
    struct hold *next_settled;                  /* those that are settled, in that order */
    struct hold *next_clearing, *prev_clearing; /* those that are open, and of clearing accounts */
    uint64_t seq;
    struct account *from, *to;
    money amount;
    int64_t expires_us; /* 0: never */
    uint64_t settled;   /* the position that ended it; 0: it is open */
};

struct hold_table;

CO_MUST_CHECK struct hold_table *hold_table_make(void);
void hold_table_free(struct hold_table **holds);

/* Room for one more, so that hold_table_add() cannot fail. NULL: memory is short. */
CO_MUST_CHECK struct hold *hold_table_room(struct hold_table *holds);
void hold_table_give_back(struct hold_table *holds, struct hold **room);

/* Add the hold, which is the table's from here on. */
void hold_table_add(struct hold_table *holds, struct hold *hold);

/* Copy the hold of that position; false: it is not here, so it was settled, and that is durable, or
 * it never was. */
CO_MUST_CHECK bool hold_table_find(struct hold_table *holds, uint64_t seq, struct hold *copy);

/* The hold ends with the entry `settled`; those that ended up to `durable` are forgotten. */
void hold_table_settle(struct hold_table *holds, uint64_t seq, uint64_t settled, uint64_t durable);

/* An open hold that has expired at `now_us`; false: none has. */
CO_MUST_CHECK bool hold_table_expired(struct hold_table *holds, int64_t now_us, struct hold *copy);

size_t hold_table_count(struct hold_table *holds); /* open ones */

/* When the first of those ends that wait for their time (below); 0: none does. */
int64_t hold_table_next(struct hold_table *holds);

/* How many wait for their time: those that expire, and settled ones until hold_table_expired() has
 * passed it. */
size_t hold_table_waiting(struct hold_table *holds);

/* The positions of open holds for clearing accounts (clearing.h), the youngest first: at most
 * `room` of them, behind the first `skip`; returns how many came. */
size_t hold_table_clearing(struct hold_table *holds, size_t skip, uint64_t *seqs, size_t room);

#endif
