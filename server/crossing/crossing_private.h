/* SPDX-License-Identifier: MIT */
/* For the files of crossings only. */
#ifndef SERVER_CROSSING_CROSSING_PRIVATE_H
#define SERVER_CROSSING_CROSSING_PRIVATE_H

#include "coro/waitgroup.h"
#include "server/crossing/crossing.h"

/* ---- texts: none of these parks ----------------------------------------------------------- */

enum { CROSSING_KEY = 3 + 64 + 1 + 32 + 2 + 1 };

/* The key of a step (1 or 2) of the crossing that a client's key stands for in the ledger that
 * pays. */
void crossing_key(char text[CROSSING_KEY], const char *payer, const char *key, int step);

/* Is the entry of a crossing, by its key? Clients cannot send such a key. */
bool crossing_has_key(const struct entry *entry);

/* The metadata of step 1; `metadata` is the client's, or what it means. */
const char *crossing_text(
    struct arena *arena, const struct crossing *crossing, const char *asset, const char *metadata);

/* Of step 2, and of step 3, which says what came of 2. */
const char *crossing_text_of_payment(
    struct arena *arena, const struct crossing *crossing, uint64_t hold);
const char *crossing_text_of_end(
    struct arena *arena, const struct crossing *crossing, const struct crossing_end_told *told);

/* ---- steps: each parks -------------------------------------------------------------------- */

/* Open the account that stands for the ledger `other`, unless it is. For good there is none after
 * ACCOUNT_EXISTS (its id was somebody's before such ids were reserved) and ACCOUNT_LIMIT. */
enum ledger_status crossing_open_clearing(
    struct co_context *context, struct ledger *ledger, const char *other, const char *asset);

/* For what is waited for outside of the ledger that pays. Closing that ledger waits for whoever is
 * inside, and others wait for that; so `context` ends with the caller's, and as soon as the ledger
 * is to be closed. The step is then taken again wherever it is opened next. */
struct crossing_outside {
    struct co_context *context, *closing;
    struct co_waitgroup watched;
};

/* False: memory is short. Until the end it stays where it is, and the ledger entered. */
CO_MUST_CHECK bool crossing_outside_begin(
    struct crossing_outside *outside, struct co_context *context, struct ledger *from);
void crossing_outside_end(struct crossing_outside *outside);

/* Does another server have that ledger, and can it be asked? Never parks. */
CO_MUST_CHECK bool crossing_can_ask(
    const struct crossing_means *means, const char *ledger, struct bank_owner *owner);

/* Step 2, by that server: as crossing_pay(). */
enum ledger_status crossing_have_paid(struct co_context *context,
    const struct crossing_means *means, const struct crossing *crossing, const struct entry *hold,
    struct arena *arena, struct crossing_end_told *told);

#endif
