/* SPDX-License-Identifier: MIT */
/* The rarer kinds of waiting for each other: rwmutex, once, cond, semaphore. */
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/cond.h"
#include "coro/once.h"
#include "coro/rwmutex.h"
#include "coro/semaphore.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "tests/coro/suites.h"

/* --- rwmutex ---------------------------------------------------------------------------------- */

struct book {
    struct co_rwmutex rwmutex;
    struct co_waitgroup group;
    _Atomic int reading, most_reading;
    long left, right; /* always equal outside a write */
};

static void read_book(void *arg)
{
    struct book *book = arg;
    for (int i = 0; i < 200; i++) {
        co_rwmutex_read_lock(&book->rwmutex);
        int reading = atomic_fetch_add(&book->reading, 1) + 1;
        if (reading > book->most_reading)
            book->most_reading = reading;
        long left = book->left;
        co_yield();
        CU_ASSERT_EQUAL(left, book->right);
        atomic_fetch_sub(&book->reading, 1);
        co_rwmutex_read_unlock(&book->rwmutex);
    }
    co_waitgroup_done(&book->group);
}

static void write_book(void *arg)
{
    struct book *book = arg;
    for (int i = 0; i < 200; i++) {
        co_rwmutex_write_lock(&book->rwmutex);
        CU_ASSERT_EQUAL(book->reading, 0);
        book->left++;
        co_yield();
        book->right++;
        co_rwmutex_write_unlock(&book->rwmutex);
    }
    co_waitgroup_done(&book->group);
}

static void start_both(int index, void *arg)
{
    (void)index;
    struct book *book = arg;
    for (int i = 0; i < 8; i++) {
        co_waitgroup_add(&book->group, 1);
        CU_ASSERT(co_spawn_local(i < 6 ? read_book : write_book, book));
    }
}

static void readers_share_and_writers_do_not(void)
{
    struct book book = {0};
    co_worker_each(start_both, &book);
    co_waitgroup_wait(&book.group);
    CU_ASSERT_EQUAL(book.left, co_worker_count() * 2 * 200);
    CU_ASSERT_EQUAL(book.left, book.right);
    CU_ASSERT(book.most_reading > 1);
}

/* --- once ------------------------------------------------------------------------------------- */

struct opening {
    struct co_once once;
    struct co_waitgroup group;
    int opened;
};

static void open_slowly(void *arg)
{
    co_sleep(CO_CLOCK_MS);
    ((struct opening *)arg)->opened++;
}

static void come_in(void *arg)
{
    struct opening *opening = arg;
    co_once_do(&opening->once, open_slowly, opening);
    CU_ASSERT_EQUAL(opening->opened, 1);
    co_waitgroup_done(&opening->group);
}

static void only_once_and_all_wait_for_it(void)
{
    struct opening opening = {0};
    co_waitgroup_add(&opening.group, 20);
    for (int i = 0; i < 20; i++)
        CU_ASSERT(co_spawn(come_in, &opening));
    co_waitgroup_wait(&opening.group);
    CU_ASSERT_EQUAL(opening.opened, 1);
}

/* --- cond ------------------------------------------------------------------------------------- */

struct store {
    struct co_mutex mutex;
    struct co_cond more, less;
    struct co_waitgroup group;
    int stock, sold;
};

enum { STOCK_MAX = 3, GOODS = 300 };

static void produce(void *arg)
{
    struct store *store = arg;
    for (int i = 0; i < GOODS; i++) {
        co_mutex_lock(&store->mutex);
        while (store->stock == STOCK_MAX)
            co_cond_wait(&store->less, &store->mutex);
        store->stock++;
        co_cond_signal(&store->more);
        co_mutex_unlock(&store->mutex);
    }
    co_waitgroup_done(&store->group);
}

static void consume(void *arg)
{
    struct store *store = arg;
    for (int i = 0; i < GOODS; i++) {
        co_mutex_lock(&store->mutex);
        while (store->stock == 0)
            co_cond_wait(&store->more, &store->mutex);
        store->stock--;
        store->sold++;
        co_cond_signal(&store->less);
        co_mutex_unlock(&store->mutex);
    }
    co_waitgroup_done(&store->group);
}

static void start_store(int index, void *arg)
{
    (void)index;
    struct store *store = arg;
    co_waitgroup_add(&store->group, 4);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT(co_spawn_local(produce, store));
        CU_ASSERT(co_spawn_local(consume, store));
    }
}

static void no_signal_is_missed(void)
{
    struct store store = {0};
    co_worker_each(start_store, &store);
    co_waitgroup_wait(&store.group);
    CU_ASSERT_EQUAL(store.stock, 0);
    CU_ASSERT_EQUAL(store.sold, co_worker_count() * 2 * GOODS);
}

static bool gate_open;

static void wait_at_gate(void *arg)
{
    struct store *store = arg;
    co_mutex_lock(&store->mutex);
    while (!gate_open)
        co_cond_wait(&store->more, &store->mutex);
    store->sold++;
    co_mutex_unlock(&store->mutex);
    co_waitgroup_done(&store->group);
}

static void broadcast_wakes_all(void)
{
    struct store store = {0};
    gate_open = false;
    co_waitgroup_add(&store.group, 50);
    for (int i = 0; i < 50; i++)
        CU_ASSERT(co_spawn(wait_at_gate, &store));
    co_sleep(CO_CLOCK_MS);
    co_mutex_lock(&store.mutex);
    CU_ASSERT_EQUAL(store.sold, 0);
    gate_open = true;
    co_cond_broadcast(&store.more);
    co_mutex_unlock(&store.mutex);
    co_waitgroup_wait(&store.group);
    CU_ASSERT_EQUAL(store.sold, 50);
}

/* --- semaphore -------------------------------------------------------------------------------- */

struct desk {
    struct co_semaphore semaphore;
    struct co_waitgroup group;
    _Atomic int64_t inside;
};

static void visit_desk(void *arg)
{
    struct desk *desk = arg;
    for (int i = 0; i < 100; i++) {
        int64_t n = 1 + i % 3;
        CU_ASSERT(co_semaphore_acquire(co_context_background(), &desk->semaphore, n));
        int64_t inside = atomic_fetch_add(&desk->inside, n) + n;
        CU_ASSERT(inside <= 5);
        co_yield();
        atomic_fetch_sub(&desk->inside, n);
        co_semaphore_release(&desk->semaphore, n);
    }
    co_waitgroup_done(&desk->group);
}

static void never_more_than_there_are_permits(void)
{
    struct desk desk = {0};
    co_semaphore_release(&desk.semaphore, 5);
    co_waitgroup_add(&desk.group, 30);
    for (int i = 0; i < 30; i++)
        CU_ASSERT(co_spawn(visit_desk, &desk));
    co_waitgroup_wait(&desk.group);
    CU_ASSERT(co_semaphore_try_acquire(&desk.semaphore, 5));
    CU_ASSERT_FALSE(co_semaphore_try_acquire(&desk.semaphore, 1));
}

static void take_one(void *arg)
{
    struct desk *desk = arg;
    CU_ASSERT(co_semaphore_acquire(co_context_background(), &desk->semaphore, 1));
    co_waitgroup_done(&desk->group);
}

/* One that wants many stands in front; when it gives up, those behind it must be served. */
static void giving_up_lets_the_next_one_in(void)
{
    struct desk desk = {0};
    co_semaphore_release(&desk.semaphore, 2);
    struct co_context *context = co_context_with_timeout(co_context_background(), 3 * CO_CLOCK_MS);
    co_waitgroup_add(&desk.group, 1);
    CU_ASSERT_FALSE(co_semaphore_acquire(context, &desk.semaphore, 3));
    co_context_release(&context);
    context = co_context_with_timeout(co_context_background(), 3 * CO_CLOCK_MS);
    CU_ASSERT(co_spawn_local(take_one, &desk));
    CU_ASSERT_FALSE(
        co_semaphore_acquire(context, &desk.semaphore, 3)); /* take_one comes behind it */
    co_waitgroup_wait(&desk.group);
    CU_ASSERT_FALSE(co_semaphore_acquire(context, &desk.semaphore, 3)); /* it has ended */
    CU_ASSERT(co_semaphore_try_acquire(&desk.semaphore, 1));
    co_context_release(&context);
}

static const struct unit_test tests[] = {
    {"readers_share_and_writers_do_not", readers_share_and_writers_do_not},
    {"only_once_and_all_wait_for_it", only_once_and_all_wait_for_it},
    {"no_signal_is_missed", no_signal_is_missed},
    {"broadcast_wakes_all", broadcast_wakes_all},
    {"never_more_than_there_are_permits", never_more_than_there_are_permits},
    {"giving_up_lets_the_next_one_in", giving_up_lets_the_next_one_in},
    {NULL, NULL},
};

const struct unit_suite suite_sync = {.name = "sync", .tests = tests};
