/* SPDX-License-Identifier: MIT */
/* A ledger that is closed and opened again while others use it: what they and its keeper (bank.h)
 * have to know of each other. Nothing here parks. */
#ifndef LEDGER_LEDGER_KEEPING_H
#define LEDGER_LEDGER_KEEPING_H

#include <stdbool.h>
#include <stdint.h>

struct ledger;

/* A user of a ledger that another coroutine may close enters before and leaves after. Never
 * parks. */
void ledger_enter(struct ledger *ledger);
void ledger_leave(struct ledger *ledger);

/* How many have entered it, and not left. */
uint64_t ledger_users(const struct ledger *ledger);

/* May it be closed, if nobody uses it? Not while it is not well, or decides something, or has a
 * hold of a transfer to another ledger, or one that ends within seconds. *opens_us: when the first
 * of its holds ends, or earlier, in microseconds since 1970; -1: none does. */
bool ledger_may_rest(struct ledger *ledger, int64_t *opens_us);

/* Is a transfer from it to another ledger under way, by what is decided? */
bool ledger_is_crossed(struct ledger *ledger);

/* The epoch in which it is this server's. */
uint64_t ledger_epoch(const struct ledger *ledger);

/* Nothing more will be told of it here: another server has it, the database lost it, or it is about
 * to be closed. */
bool ledger_is_over(struct ledger *ledger);

/* Writes stopped, and the database no longer says so: to go on, it must be closed and opened. */
bool ledger_was_resumed(struct ledger *ledger);

#endif
