/* SPDX-License-Identifier: MIT */
/* A ledger that is closed and opened again while others use it: what they and its keeper (bank.h)
 * have to know of each other. Nothing here parks. */
#ifndef LEDGER_LEDGER_KEEPING_H
#define LEDGER_LEDGER_KEEPING_H

#include <stdbool.h>

struct ledger;

/* A user of a ledger that another coroutine may close enters before and leaves after. Never
 * parks. */
void ledger_enter(struct ledger *ledger);
void ledger_leave(struct ledger *ledger);

/* Nothing more will be told of it here: another server has it, the database lost it, or it is about
 * to be closed. */
bool ledger_is_over(struct ledger *ledger);

/* Writes stopped, and the database no longer says so: to go on, it must be closed and opened. */
bool ledger_was_resumed(struct ledger *ledger);

#endif
