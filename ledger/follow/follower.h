/* SPDX-License-Identifier: MIT */
/*
 * Follows the journal of a ledger that another server has: reads what comes into it, judges it as
 * an audit does, and carries it out on the tables of the ledger here. So those are a prefix of the
 * owner's at any moment, exactly as it was after some entry, and a takeover has to read only what
 * came since the last look.
 *
 * It looks when the lease (lease_interest.h), which asks for all ledgers ten times a second anyway,
 * has seen a batch that is not here yet; so a ledger that nobody writes wakes nobody.
 */
#ifndef LEDGER_FOLLOW_FOLLOWER_H
#define LEDGER_FOLLOW_FOLLOWER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/ledger_figures.h"
#include "ledger/ledger_following.h"

struct follower;
struct ledger;
struct state;

/* Follow from that state on, which the ledger's tables have; its journal, store and strategy are
 * there. `company`: how many of those that follow beside each other are catching up, for the pace.
 * NULL: memory is short. */
CO_MUST_CHECK struct follower *follower_make(
    struct ledger *ledger, const struct state *state, _Atomic size_t *company);
void follower_free(struct follower **follower);

/* Follow until the context ends, or it goes no further: `why`, for the log, and nothing more is
 * told (journal_break()). Parks. */
enum ledger_follow_end follower_run(
    struct co_context *context, struct follower *follower, char *why, size_t size);

/* How far it is. Never parks; not while follower_run() or follower_finish() is under way. */
void follower_place(const struct follower *follower, struct lease_place *place);

/* The ledger has been taken by this server (store_take()): carry out what is left, up to the end
 * that was found then, on the store's opener. False, with the reason, and of which kind it is:
 * BEHIND, if what was followed is not there any more (store_accepts_loss()). Parks. */
CO_MUST_CHECK bool follower_finish(struct co_context *context, struct follower *follower,
    enum ledger_trouble *trouble, char *error, size_t size);

/* Since when there may be something that is not here (co_clock_boot_ns()). Never parks. */
int64_t follower_known_ns(const struct follower *follower);

#endif
