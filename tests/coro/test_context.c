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
    context_cancel(context_background());
    CU_ASSERT_EQUAL(context_err(context_background()), CONTEXT_OK);
    CU_ASSERT_FALSE(context_deadline(context_background(), &deadline));
    CU_ASSERT_EQUAL(chan_try_recv(context_done(context_background()), NULL), CHAN_WOULD_BLOCK);
}

/*        root
 *       /    \
 *   left      right
 *    |
 *   leaf                 */
static void cancel_goes_down_only(void)
{
    struct context *root = context_with_cancel(context_background());
    struct context *left = context_with_cancel(root), *right = context_with_cancel(root);
    struct context *leaf = context_with_cancel(left);
    context_cancel(left);
    context_cancel(left);
    CU_ASSERT_EQUAL(context_err(left), CONTEXT_CANCELLED);
    CU_ASSERT_EQUAL(context_err(leaf), CONTEXT_CANCELLED);
    CU_ASSERT_EQUAL(context_err(right), CONTEXT_OK);
    CU_ASSERT_EQUAL(context_err(root), CONTEXT_OK);
    context_cancel(root);
    CU_ASSERT_EQUAL(context_err(right), CONTEXT_CANCELLED);
    struct context *late = context_with_cancel(leaf);
    CU_ASSERT_EQUAL(context_err(late), CONTEXT_CANCELLED);
    CU_ASSERT_EQUAL(chan_try_recv(context_done(late), NULL), CHAN_CLOSED);
    context_release(&late);
    context_release(&leaf);
    context_release(&left);
    context_release(&right);
    context_release(&root);
    CU_ASSERT_PTR_NULL(root);
}

static void deep_and_wide(void)
{
    enum { DEPTH = 3000 };
    static struct context *chain[DEPTH], *side[DEPTH];
    struct context *parent = context_background();
    for (int i = 0; i < DEPTH; i++) {
        chain[i] = context_with_cancel(parent);
        side[i] = context_with_cancel(chain[i]);
        parent = chain[i];
    }
    context_cancel(chain[1]);
    CU_ASSERT_EQUAL(context_err(chain[0]), CONTEXT_OK);
    CU_ASSERT_EQUAL(context_err(side[0]), CONTEXT_OK);
    for (int i = 1; i < DEPTH; i++) {
        CU_ASSERT_EQUAL(context_err(chain[i]), CONTEXT_CANCELLED);
        CU_ASSERT_EQUAL(context_err(side[i]), CONTEXT_CANCELLED);
    }
    for (int i = DEPTH - 1; i >= 0; i--) {
        context_release(&side[i]);
        context_release(&chain[i]);
    }
}

static void the_earlier_deadline_holds(void)
{
    int64_t now = clock_now_ns(), deadline = 0;
    struct context *soon = context_with_deadline(context_background(), now + 2 * CLOCK_MS);
    struct context *later = context_with_timeout(soon, 10 * CLOCK_S);
    CU_ASSERT(context_deadline(later, &deadline));
    CU_ASSERT_EQUAL(deadline, now + 2 * CLOCK_MS);
    CU_ASSERT_EQUAL(chan_recv(context_done(later), NULL), CHAN_CLOSED);
    CU_ASSERT(clock_now_ns() >= now + 2 * CLOCK_MS);
    CU_ASSERT_EQUAL(context_err(later), CONTEXT_DEADLINE);
    CU_ASSERT_EQUAL(context_err(soon), CONTEXT_DEADLINE);
    context_release(&later);
    context_release(&soon);
    struct context *past = context_with_timeout(context_background(), -1);
    co_sleep(CLOCK_MS);
    CU_ASSERT_EQUAL(context_err(past), CONTEXT_DEADLINE);
    context_release(&past);
}

struct watcher {
    struct context *context;
    struct waitgroup *group;
};

static void wait_until_done(void *arg)
{
    struct watcher *watcher = arg;
    CU_ASSERT_EQUAL(chan_recv(context_done(watcher->context), NULL), CHAN_CLOSED);
    CU_ASSERT_NOT_EQUAL(context_err(watcher->context), CONTEXT_OK);
    waitgroup_done(watcher->group);
}

/* Trees made, waited for, cancelled and released concurrently on all workers. */
static void grow_and_fell(void *arg)
{
    struct watcher *base = arg;
    for (int i = 0; i < 100; i++) {
        struct waitgroup group = {0};
        struct context *mine = context_with_timeout(base->context, 10 * CLOCK_S);
        struct watcher watcher = {context_with_cancel(mine), &group};
        waitgroup_add(&group, 1);
        CU_ASSERT(co_spawn(wait_until_done, &watcher));
        co_yield();
        context_cancel(mine);
        waitgroup_wait(&group);
        context_release(&watcher.context);
        context_release(&mine);
    }
    waitgroup_done(base->group);
}

static void trees_on_all_workers(void)
{
    struct waitgroup group = {0};
    struct watcher base = {context_with_cancel(context_background()), &group};
    waitgroup_add(&group, 8);
    for (int i = 0; i < 8; i++)
        CU_ASSERT(co_spawn(grow_and_fell, &base));
    waitgroup_wait(&group);
    context_release(&base.context);
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
