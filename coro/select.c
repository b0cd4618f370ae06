/* SPDX-License-Identifier: MIT */
/*
 * First a glance at each channel without its lock, from a random one on: one that looks as if its
 * case could go ahead is locked and tried. If none does, three passes, as in Go's: with all
 * channels locked, look again; list a waiter with each; park. Whoever claims one waiter has claimed
 * the wait, and the other waiters are taken out after the wake.
 *
 * Lock order: channels by rising address, each once.
 */
#include "coro/select.h"

#include <stdlib.h>

#include "coro/chan_private.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/sched_private.h"
#include "coro/random.h"
#include "coro/timer.h"

enum { ON_STACK = 8 };      /* cases; more of them are held on the heap */
enum { LOOK_NS = 1000000 }; /* how often, where that is full */

struct selection {
    struct co_select_case *cases;
    size_t n, from;         /* how many, and the random one that is looked at first */
    struct co_chan **order; /* the channels to lock, by address, each once */
    size_t order_count;
    struct co_waiter *waiters; /* one for each case */
    struct co_wait wait;
    struct co *co; /* for the timeout */
};

static void add_in_order(struct selection *selection, struct co_chan *chan)
{
    size_t at = selection->order_count;
    for (; at > 0 && selection->order[at - 1] >= chan; at--)
        if (selection->order[at - 1] == chan)
            return;
    for (size_t i = selection->order_count++; i > at; i--)
        selection->order[i] = selection->order[i - 1];
    selection->order[at] = chan;
}

static void lock_all(struct selection *selection)
{
    selection->order_count = 0;
    for (size_t i = 0; i < selection->n; i++)
        if (selection->cases[i].chan)
            add_in_order(selection, selection->cases[i].chan);
    for (size_t i = 0; i < selection->order_count; i++)
        co_lock_take(&selection->order[i]->lock);
}

static void unlock_all(struct selection *selection)
{
    for (size_t i = 0; i < selection->order_count; i++)
        co_lock_drop(&selection->order[i]->lock);
}

static enum co_chan_status try_one(struct co_select_case *c, struct co **woken)
{
    c->status = c->op == CO_SELECT_SEND ? co_chan_send_now(c->chan, c->item, woken)
                                        : co_chan_recv_now(c->chan, c->item, woken);
    return c->status;
}

/* With all channels locked: the first case, from a random one on, that can be done; it is done. */
static int try_all(struct selection *selection, struct co **woken)
{
    size_t n = selection->n;
    for (size_t i = 0, at = selection->from; i < n; i++, at = at + 1 < n ? at + 1 : 0)
        if (selection->cases[at].chan &&
            try_one(&selection->cases[at], woken) != CO_CHAN_WOULD_BLOCK)
            return (int)at;
    return CO_SELECT_NONE;
}

/* A hint only: read without the lock. */
CO_UNSANITIZED static bool looks_ready(const struct co_select_case *c)
{
    const struct co_chan *chan = c->chan;
    size_t count = __atomic_load_n(&chan->count, __ATOMIC_RELAXED);
    const struct co_waiters *others = c->op == CO_SELECT_SEND ? &chan->receivers : &chan->senders;
    return __atomic_load_n(&others->first, __ATOMIC_RELAXED) ||
           __atomic_load_n(&chan->closed, __ATOMIC_RELAXED) ||
           (c->op == CO_SELECT_SEND ? count < chan->capacity : count > 0);
}

/* The same with no channel locked, but for the one that is tried. */
static int glance(struct selection *selection)
{
    size_t n = selection->n;
    for (size_t i = 0, at = selection->from; i < n; i++, at = at + 1 < n ? at + 1 : 0) {
        struct co_select_case *c = &selection->cases[at];
        if (!c->chan)
            continue;
        co_chan_check(c->chan);
        if (!looks_ready(c))
            continue;
        struct co *woken = NULL;
        co_lock_take(&c->chan->lock);
        enum co_chan_status status = try_one(c, &woken);
        co_lock_drop(&c->chan->lock);
        if (woken)
            co_ready(woken);
        if (status != CO_CHAN_WOULD_BLOCK)
            return (int)at;
    }
    return CO_SELECT_NONE;
}

static struct co_waiters *list_of(const struct co_select_case *c)
{
    return c->op == CO_SELECT_SEND ? &c->chan->senders : &c->chan->receivers;
}

static void enlist_all(struct selection *selection)
{
    for (size_t i = 0; i < selection->n; i++) {
        struct co_select_case *c = &selection->cases[i];
        selection->waiters[i] = (struct co_waiter){
            .co = selection->co, .wait = &selection->wait, .item = c->item, .index = (int)i};
        if (c->chan)
            co_waiters_push(list_of(c), &selection->waiters[i]);
    }
}

static void delist_all(struct selection *selection, int taken)
{
    for (size_t i = 0; i < selection->n; i++) {
        struct co_select_case *c = &selection->cases[i];
        if (!c->chan || (int)i == taken)
            continue;
        co_lock_take(&c->chan->lock);
        co_waiters_remove(list_of(c), &selection->waiters[i]);
        co_lock_drop(&c->chan->lock);
    }
}

CO_UNSANITIZED static bool commit_wait(struct co *co, void *arg)
{
    (void)co;
    struct selection *selection = arg;
    for (size_t i = 0; i < selection->order_count; i++)
        co_lock_drop_unseen(&selection->order[i]->lock);
    return true;
}

static void time_is_up(void *arg)
{
    struct selection *selection = arg;
    struct co *co = selection->co;
    if (co_wait_claim(&selection->wait, (int)selection->n))
        co_ready(co);
}

/* Park with a waiter in each channel (all are locked); the index that was taken. */
static int wait_for_one(struct selection *selection, int64_t timeout_ns)
{
    /* A waiter stands in every channel before any of their locks is dropped. */
    struct co_timer timer = {0};
    atomic_init(&selection->wait.taken, CO_WAIT_OPEN);
    selection->co = co_current();
    enlist_all(selection);
    if (timeout_ns >= 0)
        co_timer_start(&timer, co_clock_now_ns() + timeout_ns, time_is_up, selection);

    /* The locks go with the commit, once this stack can be resumed. */
    for (size_t i = 0; i < selection->order_count; i++)
        co_sanitize_release(&selection->order[i]->lock);
    co_park("select", commit_wait, selection);
    if (timeout_ns >= 0)
        co_timer_stop(&timer);

    /* Awake: one waiter was claimed, or the timer's place; the others must leave their lists. */
    int taken = atomic_load_explicit(&selection->wait.taken, memory_order_acquire);
    delist_all(selection, taken);
    if (taken == (int)selection->n)
        return CO_SELECT_NONE;
    selection->cases[taken].status = (enum co_chan_status)selection->waiters[taken].status;
    return taken;
}

static int select_locked(struct selection *selection, int64_t timeout_ns)
{
    struct co *woken = NULL;
    lock_all(selection);
    int taken = try_all(selection, &woken);
    if (taken == CO_SELECT_NONE)
        return wait_for_one(selection, timeout_ns);
    unlock_all(selection);
    if (woken)
        co_ready(woken);
    return taken;
}

/* There is no memory to wait with: look now and then. */
static int look_again(struct selection *selection, int64_t timeout_ns)
{
    int64_t until_ns = timeout_ns < 0 ? INT64_MAX : co_clock_now_ns() + timeout_ns;
    int taken;
    while ((taken = glance(selection)) == CO_SELECT_NONE && co_clock_now_ns() < until_ns)
        co_sleep(LOOK_NS);
    return taken;
}

static int select_cases(struct co_select_case *cases, size_t n, int64_t timeout_ns)
{
    co_point();
    __attribute__((uninitialized)) struct co_waiter waiters[ON_STACK];
    __attribute__((uninitialized)) struct co_chan *order[ON_STACK];
    struct selection selection = {.cases = cases,
        .n = n,
        .from = n < 2            ? 0
                : co_is_seeded() ? co_schedule_draw((uint32_t)n)
                                 : co_random_below((uint32_t)n),
        .order = order,
        .waiters = waiters};
    int taken = glance(&selection);
    if (taken != CO_SELECT_NONE || timeout_ns == 0)
        return taken;

    /* Nothing looked ready: decide with all channels locked. */
    if (n <= ON_STACK)
        return select_locked(&selection, timeout_ns);
    selection.waiters = malloc(n * (sizeof *waiters + sizeof(struct co_chan *)));
    if (!selection.waiters)
        return look_again(&selection, timeout_ns);
    selection.order = (struct co_chan **)(selection.waiters + n);
    taken = select_locked(&selection, timeout_ns);
    free(selection.waiters);
    return taken;
}

enum { FOREVER = -1 };

int co_select_wait(struct co_select_case *cases, size_t n)
{
    return select_cases(cases, n, FOREVER);
}

int co_select_try(struct co_select_case *cases, size_t n)
{
    return select_cases(cases, n, 0);
}

int co_select_timeout(struct co_select_case *cases, size_t n, int64_t timeout_ns)
{
    return select_cases(cases, n, timeout_ns > 0 ? timeout_ns : 0);
}
