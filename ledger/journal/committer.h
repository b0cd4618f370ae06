/* SPDX-License-Identifier: MIT */
/*
 * The committer of all ledgers that a server has in a database: one coroutine and one session that
 * writes. Whatever has gathered in their journals goes in one transaction, each with a batch of its
 * own; so a commit is as full when the load is spread over many ledgers as when it is on one.
 *
 * - A ledger that is another's, stopped or damaged is taken out of a transaction, and the rest goes
 *   again. One whose row in the database is locked sits out until it is not.
 * - Each ledger has its turn: of a transaction, which is 8,192 entries or 4 MiB, one gets the share
 *   that those leave to it which also wait; what has more goes behind the others. An atomic group
 *   that is larger goes whole, as it must, and then it is the others' turn.
 */
#ifndef LEDGER_JOURNAL_COMMITTER_H
#define LEDGER_JOURNAL_COMMITTER_H

#include "coro/language.h"
#include "ledger/lease/lease.h"

struct committer;
struct gathering;

/* Start it; the lease outlives it. NULL: memory is short. Never parks. */
CO_MUST_CHECK struct committer *committer_start(const char *conninfo, struct lease *lease);

/* Stop it, after all its journals have been (journal_drain()). Parks. NULL is fine. */
void committer_stop(struct committer **committer);

/* Park until it has come round: it has looked for work, or tried to commit, since the call. */
void committer_await_turn(struct committer *committer);

/* Where its journals announce themselves (journal_start()). */
struct gathering *committer_gathering(struct committer *committer);

#endif
