/* SPDX-License-Identifier: MIT */
/* Whose clock counts: this server's while it is close to the database's. */
#include "coro/clock.h"
#include "ledger/lease/dbtime.h"
#include "tests/unit.h"

static const int64_t second_us = CO_CLOCK_S / CO_CLOCK_US;

/* The database's clock is behind this server's by that much. */
static struct dbtime behind_by(int64_t seconds)
{
    struct dbtime dbtime = {0};
    int64_t now_ns = co_clock_boot_ns();
    dbtime_note(&dbtime, co_clock_wall_us() - seconds * second_us, now_ns, now_ns);
    return dbtime;
}

static void a_close_clock_counts(void)
{
    static const int64_t seconds[] = {0, 58, -58};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct dbtime dbtime = behind_by(seconds[i]);
        int64_t before_us = co_clock_wall_us(), now_us = dbtime_now_us(&dbtime);
        CU_ASSERT(now_us >= before_us && now_us <= co_clock_wall_us());
        CU_ASSERT_EQUAL(dbtime_apart_s(&dbtime, co_clock_wall_us()), 0);
    }
}

static void a_wrong_clock_does_not(void)
{
    static const int64_t seconds[] = {70, -70, 3600, -3600, 315576000, -315576000};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct dbtime dbtime = behind_by(seconds[i]);
        int64_t off_us = dbtime_now_us(&dbtime) - (co_clock_wall_us() - seconds[i] * second_us);
        CU_ASSERT(off_us > -5 * second_us && off_us < 5 * second_us);
        int64_t apart_s = dbtime_apart_s(&dbtime, co_clock_wall_us());
        CU_ASSERT(apart_s > seconds[i] - 5 && apart_s < seconds[i] + 5);
    }
}

/* An answer counts for the middle of the time that it took, and not at all if that was long. */
static void an_answer_takes_time(void)
{
    struct dbtime dbtime = {0};
    CU_ASSERT_EQUAL(dbtime_estimate_us(&dbtime), 0);
    CU_ASSERT_EQUAL(dbtime_apart_s(&dbtime, 0), 0);
    int64_t before_us = co_clock_wall_us();
    CU_ASSERT(dbtime_now_us(&dbtime) >= before_us);
    dbtime_note(&dbtime, 100 * second_us, 10 * CO_CLOCK_S, 11 * CO_CLOCK_S);
    CU_ASSERT_EQUAL(dbtime.ahead_us, 100 * second_us - 10 * second_us - second_us / 2);
    dbtime_note(&dbtime, 130 * second_us, 10 * CO_CLOCK_S, 13 * CO_CLOCK_S);
    CU_ASSERT_EQUAL(dbtime.ahead_us, 100 * second_us - 10 * second_us - second_us / 2);
}

/* The database's clock is set, and this server's with it, as on one machine: not believed, until it
 * is set right, or all is read again. */
static void a_jump_of_both_is_found(void)
{
    static const int64_t seconds[] = {70, -70, 3600, 315576000, -315576000};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct dbtime dbtime = behind_by(0);
        int64_t was_us = dbtime_estimate_us(&dbtime), jumped_us = seconds[i] * second_us;
        int64_t now_ns = co_clock_boot_ns();
        dbtime_note(&dbtime, co_clock_wall_us() + jumped_us, now_ns, now_ns);
        int64_t jumped_s = dbtime_jumped_s(&dbtime);
        CU_ASSERT(jumped_s > seconds[i] - 5 && jumped_s < seconds[i] + 5);
        CU_ASSERT(dbtime_apart_s(&dbtime, co_clock_wall_us() + jumped_us) != 0);
        int64_t off_us = dbtime_estimate_us(&dbtime) - was_us;
        CU_ASSERT(off_us >= 0 && off_us < 5 * second_us);
        dbtime_note(&dbtime, co_clock_wall_us(), now_ns, now_ns);
        CU_ASSERT_EQUAL(dbtime_jumped_s(&dbtime), 0);
        dbtime_forget(&dbtime);
        dbtime_note(&dbtime, co_clock_wall_us() + jumped_us, now_ns, now_ns);
        CU_ASSERT_EQUAL(dbtime_jumped_s(&dbtime), 0);
        CU_ASSERT_EQUAL(dbtime_apart_s(&dbtime, co_clock_wall_us() + jumped_us), 0);
    }
    struct dbtime dbtime = behind_by(0); /* as much as clocks may differ is not a jump */
    int64_t now_ns = co_clock_boot_ns();
    dbtime_note(&dbtime, co_clock_wall_us() + 50 * second_us, now_ns, now_ns);
    CU_ASSERT_EQUAL(dbtime_jumped_s(&dbtime), 0);
}

const struct unit_suite dbtime_suite = {.name = "dbtime",
    .tests = (const struct unit_test[]){{"a_close_clock_counts", a_close_clock_counts},
        {"a_wrong_clock_does_not", a_wrong_clock_does_not},
        {"an_answer_takes_time", an_answer_takes_time},
        {"a_jump_of_both_is_found", a_jump_of_both_is_found}, {0}}};
