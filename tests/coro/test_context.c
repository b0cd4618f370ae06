/* SPDX-License-Identifier: MIT */
#include "coro/context.h"

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

static void background_never_ends(void)
{
    int64_t deadline;
    co_context_cancel(co_context_background());
    CU_ASSERT_EQUAL(co_context_err(co_context_background()), CO_CONTEXT_OK);
    CU_ASSERT_FALSE(co_context_deadline(co_context_background(), &deadline));
    CU_ASSERT_EQUAL(
        co_chan_try_recv(co_context_done(co_context_background()), NULL), CO_CHAN_WOULD_BLOCK);
}

/*        root
 *       /    \
 *   left      right
 *    |
 *   leaf                 */
static void cancel_goes_down_only(void)
{
    struct co_context *root = co_context_with_cancel(co_context_background());
    struct co_context *left = co_context_with_cancel(root), *right = co_context_with_cancel(root);
    struct co_context *leaf = co_context_with_cancel(left);
    co_context_cancel(left);
    co_context_cancel(left);
    CU_ASSERT_EQUAL(co_context_err(left), CO_CONTEXT_CANCELLED);
    CU_ASSERT_EQUAL(co_context_err(leaf), CO_CONTEXT_CANCELLED);
    CU_ASSERT_EQUAL(co_context_err(right), CO_CONTEXT_OK);
    CU_ASSERT_EQUAL(co_context_err(root), CO_CONTEXT_OK);
    co_context_cancel(root);
    CU_ASSERT_EQUAL(co_context_err(right), CO_CONTEXT_CANCELLED);
    struct co_context *late = co_context_with_cancel(leaf);
    CU_ASSERT_EQUAL(co_context_err(late), CO_CONTEXT_CANCELLED);
    CU_ASSERT_EQUAL(co_chan_try_recv(co_context_done(late), NULL), CO_CHAN_CLOSED);
    co_context_release(&late);
    co_context_release(&leaf);
    co_context_release(&left);
    co_context_release(&right);
    co_context_release(&root);
    CU_ASSERT_PTR_NULL(root);
}

static void deep_and_wide(void)
{
    enum { DEPTH = 3000 };
    static struct co_context *chain[DEPTH], *side[DEPTH];
    struct co_context *parent = co_context_background();
    for (int i = 0; i < DEPTH; i++) {
        chain[i] = co_context_with_cancel(parent);
        side[i] = co_context_with_cancel(chain[i]);
        parent = chain[i];
    }
    co_context_cancel(chain[1]);
    CU_ASSERT_EQUAL(co_context_err(chain[0]), CO_CONTEXT_OK);
    CU_ASSERT_EQUAL(co_context_err(side[0]), CO_CONTEXT_OK);
    for (int i = 1; i < DEPTH; i++) {
        CU_ASSERT_EQUAL(co_context_err(chain[i]), CO_CONTEXT_CANCELLED);
        CU_ASSERT_EQUAL(co_context_err(side[i]), CO_CONTEXT_CANCELLED);
    }
    for (int i = DEPTH - 1; i >= 0; i--) {
        co_context_release(&side[i]);
        co_context_release(&chain[i]);
    }
}

static void the_earlier_deadline_holds(void)
{
    int64_t now = co_clock_now_ns(), deadline = 0;
    struct co_context *soon =
        co_context_with_deadline(co_context_background(), now + 2 * CO_CLOCK_MS);
    struct co_context *later = co_context_with_timeout(soon, 10 * CO_CLOCK_S);
    CU_ASSERT(co_context_deadline(later, &deadline));
    CU_ASSERT_EQUAL(deadline, now + 2 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_chan_recv(co_context_done(later), NULL), CO_CHAN_CLOSED);
    CU_ASSERT(co_clock_now_ns() >= now + 2 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_context_err(later), CO_CONTEXT_DEADLINE);
    CU_ASSERT_EQUAL(co_context_err(soon), CO_CONTEXT_DEADLINE);
    co_context_release(&later);
    co_context_release(&soon);
    struct co_context *past = co_context_with_timeout(co_context_background(), -1);
    co_sleep(CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_context_err(past), CO_CONTEXT_DEADLINE);
    co_context_release(&past);
}

struct watcher {
    struct co_context *context;
    struct co_waitgroup *group;
};

static void wait_until_done(void *arg)
{
    struct watcher *watcher = arg;
    CU_ASSERT_EQUAL(co_chan_recv(co_context_done(watcher->context), NULL), CO_CHAN_CLOSED);
    CU_ASSERT_NOT_EQUAL(co_context_err(watcher->context), CO_CONTEXT_OK);
    co_waitgroup_done(watcher->group);
}

/* Trees made, waited for, cancelled and released concurrently on all workers. */
static void grow_and_fell(void *arg)
{
    struct watcher *base = arg;
    for (int i = 0; i < 100; i++) {
        struct co_waitgroup group = {0};
        struct co_context *mine = co_context_with_timeout(base->context, 10 * CO_CLOCK_S);
        struct watcher watcher = {co_context_with_cancel(mine), &group};
        co_waitgroup_add(&group, 1);
        CU_ASSERT(co_spawn(wait_until_done, &watcher));
        co_yield();
        co_context_cancel(mine);
        co_waitgroup_wait(&group);
        co_context_release(&watcher.context);
        co_context_release(&mine);
    }
    co_waitgroup_done(base->group);
}

static void trees_on_all_workers(void)
{
    struct co_waitgroup group = {0};
    struct watcher base = {co_context_with_cancel(co_context_background()), &group};
    co_waitgroup_add(&group, 8);
    for (int i = 0; i < 8; i++)
        CU_ASSERT(co_spawn(grow_and_fell, &base));
    co_waitgroup_wait(&group);
    co_context_release(&base.context);
}

static const struct unit_test tests[] = {
    {"background_never_ends", background_never_ends},
    {"cancel_goes_down_only", cancel_goes_down_only},
    {"deep_and_wide", deep_and_wide},
    {"the_earlier_deadline_holds", the_earlier_deadline_holds},
    {"trees_on_all_workers", trees_on_all_workers},
    {NULL, NULL},
};

const struct unit_suite suite_context = {.name = "context", .tests = tests};
