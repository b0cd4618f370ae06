/* SPDX-License-Identifier: MIT */
/*
 * A ledger that another server has, followed here (follow/follower.h): its tables are those of a
 * moment of the owner's, and are kept up; reads (ledger_reads.h) are answered as of the durable
 * position here, changes are not (UNAVAILABLE). When nobody has it any more it can be taken, and is
 * open as if it had been opened then, within the time that the last entries take.
 *
 * In this order: ledger_follow(), ledger_follow_on() in a coroutine of its own until its context
 * ends; and if it is to be taken, meanwhile ledger_follow_take(), after that ledger_follow_open().
 * ledger_close() at any time after ledger_follow_on() has returned.
 */
#ifndef LEDGER_LEDGER_FOLLOWING_H
#define LEDGER_LEDGER_FOLLOWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/ledger_figures.h"

struct lease_place;
struct ledger;
struct ledger_options;

/* Read it as a start does, without taking it: with the lease, the committer and the number of the
 * options. NULL, with the reason. Parks. */
CO_MUST_CHECK struct ledger *ledger_follow(
    struct co_context *context, const struct ledger_options *options, char *error, size_t size);

/* Of all but the first: `why`, for the log; nothing is told any more, and it can only be closed. */
enum ledger_follow_end {
    LEDGER_FOLLOW_STOPPED, /* the context ended */
    LEDGER_FOLLOW_WRONG,   /* what the journal says is wrong */
    LEDGER_FOLLOW_BEHIND,  /* the database has lost what was followed */
    LEDGER_FOLLOW_SHORT,   /* memory is short: it may be read anew */
};

/* Keep it up until the context ends, or it goes no further. Parks. */
CO_MUST_CHECK enum ledger_follow_end ledger_follow_on(
    struct co_context *context, struct ledger *ledger, char *why, size_t size);

/* How far it has come, once that has returned. Never parks. */
void ledger_follow_place(const struct ledger *ledger, struct lease_place *place);

/* How old what is known of it may be, in nanoseconds; 0: it is this server's own. Never parks. */
int64_t ledger_followed_ns(struct ledger *ledger);

/* Take it, by its options; it is followed meanwhile. False, with the reason, and of which kind that
 * is in options->trouble: all is as before. Parks. */
CO_MUST_CHECK bool ledger_follow_take(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, char *error, size_t size);

/* It was taken: read what is left, and open it. False: the same, but it can only be closed. */
CO_MUST_CHECK bool ledger_follow_open(struct co_context *context, struct ledger *ledger,
    const struct ledger_options *options, char *error, size_t size);

#endif
