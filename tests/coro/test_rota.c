/* SPDX-License-Identifier: MIT */
#include "coro/rota.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/coro/suites.h"

enum { MANY = 100, LONG_S = 600 };

struct worker {
    struct co_rota_place place;
    int64_t next_ns;
    _Atomic int pieces;
    _Atomic bool inside, cancelled;
};

static int64_t count_piece(void *arg)
{
    struct worker *worker = arg;
    atomic_fetch_add(&worker->pieces, 1);
    return worker->next_ns;
}

static void enter(
    struct co_rota *rota, struct worker *worker, int64_t first_ns, int64_t (*work)(void *arg))
{
    CU_ASSERT_TRUE_FATAL(co_rota_enter(rota, &worker->place, first_ns, work, worker));
}

static void await(_Atomic int *count, int least)
{
    while (atomic_load(count) < least)
        co_sleep(CO_CLOCK_MS);
}

static void each_has_its_turn(void)
{
    static struct worker workers[MANY];
    struct worker later = {.next_ns = CO_ROTA_NEVER};
    struct co_rota rota = {0};
    CU_ASSERT_TRUE_FATAL(co_rota_start("test rota", &rota));
    enter(&rota, &later, LONG_S * CO_CLOCK_S, count_piece);
    for (int i = 0; i < MANY; i++) {
        workers[i] = (struct worker){.next_ns = i % 7 * CO_CLOCK_US};
        enter(&rota, &workers[i], (MANY - i) * CO_CLOCK_US, count_piece);
    }
    /* However much one wants, it does not keep the others from theirs. */
    for (int i = 0; i < MANY; i++)
        await(&workers[i].pieces, 20);
    /* They leave in another order than that in which they came. */
    for (int i = 0; i < MANY; i++) {
        struct worker *worker = &workers[i * 37 % MANY];
        co_rota_leave(&worker->place);
        int pieces = worker->pieces;
        co_yield();
        CU_ASSERT_EQUAL(worker->pieces, pieces);
    }
    CU_ASSERT_EQUAL(later.pieces, 0);
    co_rota_leave(&later.place);
    co_rota_leave(&later.place); /* has left already */
    co_rota_stop(&rota);
    co_rota_stop(&rota);
}

/* One that is due earlier than all others is not kept waiting for those. */
static void wakes_for_the_earliest(void)
{
    struct worker late = {.next_ns = CO_ROTA_NEVER}, early = {.next_ns = CO_ROTA_NEVER};
    struct co_rota rota = {0};
    CU_ASSERT_TRUE_FATAL(co_rota_start("test rota", &rota));
    enter(&rota, &late, LONG_S * CO_CLOCK_S, count_piece);
    co_sleep(CO_CLOCK_MS);
    enter(&rota, &early, 0, count_piece);
    await(&early.pieces, 1);
    co_rota_leave(&late.place);
    co_rota_leave(&early.place);
    CU_ASSERT_EQUAL(late.pieces, 0);
    CU_ASSERT_EQUAL(early.pieces, 1); /* never again */
    co_rota_stop(&rota);
}

static int64_t wait_for_the_end(void *arg)
{
    struct worker *worker = arg;
    worker->inside = true;
    (void)!co_chan_recv(co_context_done(worker->place.running), NULL);
    co_sleep(CO_CLOCK_MS);
    worker->cancelled = true;
    return 0;
}

/* Whoever leaves has his piece ended and waits for that; the others go on. */
static void leaves_while_its_work_is_done(void)
{
    struct worker busy = {0}, other = {.next_ns = 0};
    struct co_rota rota = {0};
    CU_ASSERT_TRUE_FATAL(co_rota_start("test rota", &rota));
    enter(&rota, &busy, 0, wait_for_the_end);
    while (!busy.inside)
        co_sleep(CO_CLOCK_MS);
    enter(&rota, &other, 0, count_piece);
    co_rota_leave(&busy.place);
    CU_ASSERT_TRUE(busy.cancelled);
    await(&other.pieces, 3);
    co_rota_leave(&other.place);
    co_rota_stop(&rota);
}

static int64_t rest_long(void *arg)
{
    struct worker *worker = arg;
    atomic_fetch_add(&worker->pieces, 1);
    co_rota_rest(worker->place.rota, LONG_S * CO_CLOCK_S);
    return 0;
}

static void rests_for_all(void)
{
    struct worker first = {0}, second = {.next_ns = 0};
    struct co_rota rota = {0};
    CU_ASSERT_TRUE_FATAL(co_rota_start("test rota", &rota));
    enter(&rota, &first, 0, rest_long);
    await(&first.pieces, 1);
    enter(&rota, &second, 0, count_piece);
    co_sleep(5 * CO_CLOCK_MS);
    co_rota_leave(&second.place);
    co_rota_leave(&first.place);
    CU_ASSERT_EQUAL(first.pieces, 1);
    CU_ASSERT_EQUAL(second.pieces, 0);
    co_rota_stop(&rota);
}

static const struct unit_test tests[] = {
    {"each_has_its_turn", each_has_its_turn},
    {"wakes_for_the_earliest", wakes_for_the_earliest},
    {"leaves_while_its_work_is_done", leaves_while_its_work_is_done},
    {"rests_for_all", rests_for_all},
    {NULL, NULL},
};

const struct unit_suite suite_rota = {.name = "rota", .tests = tests};
