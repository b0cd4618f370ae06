/* SPDX-License-Identifier: MIT */
/* Sessions for errands: few, used again, and closed when nobody has an errand any more. */
#include <stdatomic.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/db/errands.h"
#include "tests/ledger/fixture.h"

static struct pg *begin(struct errands *errands, enum errand kind)
{
    char error[200];
    struct pg *pg = errands_begin(co_context_background(), errands, kind, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    return pg;
}

/* The process of the session that the next errand has. */
static int run_one(struct errands *errands, enum errand kind)
{
    struct pg *pg = begin(errands, kind);
    int process = pg_process(pg);
    errands_end(errands, kind, &pg);
    return process;
}

static void one_after_the_other_has_the_same(void)
{
    struct errands *errands = errands_make(fixture_database(), PG_SERVES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(errands);
    int process = run_one(errands, ERRAND_AWAITED);
    for (int i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(run_one(errands, i % 2 ? ERRAND_AWAITED : ERRAND_IN_BACKGROUND), process);
    errands_free(&errands);
}

static int count_sessions(const char *conninfo)
{
    return (int)strtol(fixture_ask(conninfo, "SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                             " current_database() AND pid <> pg_backend_pid()"),
        NULL, 10);
}

static void they_end_when_nobody_wants_them(void)
{
    enum { TRIES = 600 };
    const char *conninfo = fixture_database();
    struct errands *errands = errands_make(conninfo, PG_SERVES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(errands);
    for (int turn = 0; turn < 2; turn++) { /* and again, once there were none */
        struct pg *sessions[ERRANDS];
        for (int i = 0; i < ERRANDS; i++)
            sessions[i] = begin(errands, ERRAND_AWAITED);
        CU_ASSERT_EQUAL(count_sessions(conninfo), ERRANDS);
        for (int i = 0; i < ERRANDS; i++)
            errands_end(errands, ERRAND_AWAITED, &sessions[i]);
        for (int i = 0; i < TRIES && count_sessions(conninfo) > 0; i++)
            co_sleep(100 * CO_CLOCK_MS);
        CU_ASSERT_EQUAL(count_sessions(conninfo), 0);
    }
    errands_free(&errands);
}

/* A session that was left like that by one errand is not the next one's. */
static void expect_ends_after(const char *sql, enum pg_status says)
{
    const struct pg_statement leave = {.sql = sql};
    struct errands *errands = errands_make(fixture_database(), PG_SERVES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(errands);
    struct pg *pg = begin(errands, ERRAND_AWAITED);
    int process = pg_process(pg);
    CU_ASSERT_EQUAL(pg_run(co_context_background(), pg, &leave, NULL, NULL), says);
    errands_end(errands, ERRAND_AWAITED, &pg);
    CU_ASSERT_NOT_EQUAL(run_one(errands, ERRAND_AWAITED), process);
    errands_free(&errands);
}

static void what_is_in_the_middle_ends(void)
{
    expect_ends_after("BEGIN", PG_OK);
}

static void what_has_failed_ends(void)
{
    expect_ends_after("SELECT 1 / 0", PG_ERROR);
}

struct errand_of {
    struct errands *errands;
    _Atomic int begun;
    struct co_waitgroup done;
};

static void run_background(void *arg)
{
    struct errand_of *of = arg;
    struct pg *pg = begin(of->errands, ERRAND_IN_BACKGROUND);
    atomic_fetch_add(&of->begun, 1);
    co_sleep(50 * CO_CLOCK_MS);
    errands_end(of->errands, ERRAND_IN_BACKGROUND, &pg);
    co_waitgroup_done(&of->done);
}

/* However many there are in the background, one that is awaited finds a place. */
static void background_leaves_room(void)
{
    enum { MANY = 40 };
    static struct errand_of of;
    of.errands = errands_make(fixture_database(), PG_SERVES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(of.errands);
    co_waitgroup_add(&of.done, MANY);
    for (int i = 0; i < MANY; i++)
        co_ensure(co_spawn(run_background, &of));
    while (atomic_load(&of.begun) == 0)
        co_sleep(CO_CLOCK_MS);
    (void)run_one(of.errands, ERRAND_AWAITED);
    CU_ASSERT(atomic_load(&of.begun) < MANY);
    co_waitgroup_wait(&of.done);
    CU_ASSERT_EQUAL(atomic_load(&of.begun), MANY);
    errands_free(&of.errands);
}

static const struct unit_test tests[] = {
    {"one_after_the_other_has_the_same", one_after_the_other_has_the_same},
    {"they_end_when_nobody_wants_them", they_end_when_nobody_wants_them},
    {"what_is_in_the_middle_ends", what_is_in_the_middle_ends},
    {"what_has_failed_ends", what_has_failed_ends},
    {"background_leaves_room", background_leaves_room}, {0}};
const struct unit_suite errands_suite = {.name = "errands", .tests = tests};
