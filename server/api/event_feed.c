/* SPDX-License-Identifier: MIT */
#include "server/api/event_feed.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "coro/eventcount.h"
#include "coro/waitgroup.h"
#include "ledger/ledger.h"

static const int64_t tick_min_ns = 20 * CO_CLOCK_MS, tick_max_ns = 250 * CO_CLOCK_MS,
                     of_each_user_ns = CO_CLOCK_MS / 4, ask_again_ns = 200 * CO_CLOCK_MS;

/* Users are told in groups, one after the other, spread over the tick: if all of them went on
 * together, requests would wait for as long as that takes. */
enum { GROUPS = 64, ALONE = 16 /* up to this many users are one group */ };

struct event_feed {
    struct event_feed *next;
    struct ledger *ledger;
    size_t joined;
    struct event_feed_user *users;
    size_t count; /* of those */
    bool ended;   /* nothing comes any more */
    struct co_context *life;
    struct co_waitgroup running;
    struct co_eventcount known[GROUPS]; /* the position that a group's users know of */
};

/* The more users, the fewer ticks: many small writes cost more than few large ones, here and for
 * those who read them. */
static int64_t tick_ns(const struct event_feed *feed)
{
    int64_t wanted_ns = (int64_t)feed->count * of_each_user_ns;
    return wanted_ns < tick_min_ns   ? tick_min_ns
           : wanted_ns > tick_max_ns ? tick_max_ns
                                     : wanted_ns;
}

/* One group after the other is told of what is durable, each once in a tick. */
static void tell_all(struct event_feed *feed)
{
    size_t groups = feed->count > ALONE ? GROUPS : 1, of_each = GROUPS / groups;
    int64_t step_ns = tick_ns(feed) / (int64_t)groups, due_ns = co_clock_now_ns();
    for (size_t i = 0; i < GROUPS && co_context_err(feed->life) == CO_CONTEXT_OK; i++) {
        /* Steps end at multiples of their length, however long the last one took. */
        if (i % of_each == 0) {
            due_ns += step_ns - due_ns % step_ns;
            co_sleep(due_ns - co_clock_now_ns());
        }
        co_eventcount_advance(&feed->known[i], ledger_durable_seq(feed->ledger));
    }
}

/* Until nobody uses it, or the ledger is another server's. One that tells nothing now is asked
 * again later. */
static void keep_telling(void *arg)
{
    struct event_feed *feed = arg;
    while (co_context_err(feed->life) == CO_CONTEXT_OK) {
        /* One wait for the ledger, however many users there are. */
        bool more = ledger_await(feed->life, feed->ledger, co_eventcount_read(&feed->known[0]));
        if (!more && (co_context_err(feed->life) != CO_CONTEXT_OK || ledger_is_over(feed->ledger)))
            break;
        if (!more)
            co_sleep(ask_again_ns);
        tell_all(feed);
    }
    /* Those that still wait find it closed, and end; so do those that wait for their clients, which
     * keep the ledger from being closed. */
    feed->ended = true;
    for (struct event_feed_user *user = feed->users; user; user = user->next)
        co_context_cancel(user->context);
    for (size_t i = 0; i < GROUPS; i++)
        co_eventcount_close(&feed->known[i]);
    co_waitgroup_done(&feed->running);
}

static struct event_feed *make(struct ledger *ledger)
{
    struct event_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return NULL;
    feed->ledger = ledger;
    /* It ends with the ledger, which waits for all its users before it closes. */
    feed->life = co_context_with_cancel(ledger_open_context(ledger));
    /* A new user is at the end already, and must not be told of the past. */
    for (size_t i = 0; i < GROUPS; i++)
        co_eventcount_advance(&feed->known[i], ledger_durable_seq(ledger));
    co_waitgroup_add(&feed->running, 1);
    if (feed->life && co_spawn_local(keep_telling, feed))
        return feed;
    /* Undo what has been made so far. */
    if (feed->life)
        co_context_release(&feed->life);
    free(feed);
    return NULL;
}

struct event_feed *event_feed_join(
    struct event_feed **of_worker, struct ledger *ledger, struct event_feed_user *user)
{
    struct event_feed *feed = *of_worker;
    while (feed && feed->ledger != ledger)
        feed = feed->next;
    if (!feed && (feed = make(ledger))) {
        feed->next = *of_worker;
        *of_worker = feed;
    }
    if (!feed)
        return NULL;
    feed->count++;
    user->next = feed->users;
    user->at = &feed->users;
    if (feed->users)
        feed->users->at = &user->next;
    feed->users = user;
    /* Round robin keeps the groups even. */
    user->group = feed->joined++ % GROUPS;
    if (feed->ended)
        co_context_cancel(user->context);
    return feed;
}

void event_feed_leave(
    struct event_feed **of_worker, struct event_feed **feed_at, struct event_feed_user *user)
{
    struct event_feed *feed = *feed_at;
    *feed_at = NULL;
    *user->at = user->next;
    if (user->next)
        user->next->at = user->at;
    if (--feed->count > 0)
        return;
    while (*of_worker != feed) /* nobody finds it any more */
        of_worker = &(*of_worker)->next;
    *of_worker = feed->next;
    /* The last one ends the coroutine, and waits: it still looks at the feed. */
    co_context_cancel(feed->life);
    co_waitgroup_wait(&feed->running);
    co_context_release(&feed->life);
    free(feed);
}

bool event_feed_await(struct co_context *context, struct event_feed *feed,
    const struct event_feed_user *user, uint64_t after)
{
    return co_eventcount_await(context, &feed->known[user->group], after + 1) ==
           CO_EVENTCOUNT_REACHED;
}
