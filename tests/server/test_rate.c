/* SPDX-License-Identifier: MIT */
/* Token buckets, at times that the test tells. */
#include <string.h>

#include "coro/clock.h"
#include "server/http/rate.h"
#include "tests/server/suites.h"

static struct rate *begin(void)
{
    struct rate *rate = rate_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(rate);
    return rate;
}

/* How many of `count` are let in at that time. */
static int take(
    struct rate *rate, const uint8_t key[RATE_KEY], uint32_t a_second, int64_t now_ns, int count)
{
    int taken = 0;
    for (int i = 0; i < count; i++)
        taken += rate_take(rate, key, a_second, now_ns);
    return taken;
}

static void test_a_second_s_worth_then_the_rate(void)
{
    static const uint8_t key[RATE_KEY] = "somebody", other[RATE_KEY] = "another";
    struct rate *rate = begin();
    int64_t now_ns = 1000 * CO_CLOCK_S;
    CU_ASSERT_EQUAL(take(rate, key, 10, now_ns, 100), 10);
    CU_ASSERT_EQUAL(take(rate, key, 10, now_ns + CO_CLOCK_S / 10 - 1, 100), 0);
    CU_ASSERT_EQUAL(take(rate, key, 10, now_ns + CO_CLOCK_S / 10, 100), 1);
    /* A refusal costs nothing, and a rest gives back no more than a second's worth. */
    CU_ASSERT_EQUAL(take(rate, key, 10, now_ns + CO_CLOCK_S / 2, 100), 4);
    CU_ASSERT_EQUAL(take(rate, key, 10, now_ns + 100 * CO_CLOCK_S, 100), 10);
    /* Nobody else pays for it. */
    CU_ASSERT_EQUAL(take(rate, other, 10, now_ns + 100 * CO_CLOCK_S, 100), 10);
    CU_ASSERT_EQUAL(take(rate, key, 1, now_ns + 200 * CO_CLOCK_S, 100), 1);
    rate_free(&rate);
    CU_ASSERT_PTR_NULL(rate);
}

/* A hundred thousand others come by; what they cost is fixed, and those that come often are held to
 * their limit all the same. */
static void test_many_others(void)
{
    enum { OTHERS = 100000, OFTEN = 1000 };
    static const uint8_t key[RATE_KEY] = "often";
    struct rate *rate = begin();
    int64_t now_ns = 1000 * CO_CLOCK_S;
    int taken = take(rate, key, OFTEN, now_ns, OFTEN);
    CU_ASSERT_EQUAL(taken, OFTEN);
    for (uint32_t i = 0; i < OTHERS; i++) {
        uint8_t other[RATE_KEY] = "other";
        memcpy(other + 8, &i, sizeof i);
        /* Nearly full, so they give way to one that owes a second. */
        CU_ASSERT_TRUE(rate_take(rate, other, 100000, now_ns));
        if (i % 100 == 0)
            taken += rate_take(rate, key, OFTEN, now_ns);
    }
    CU_ASSERT_EQUAL(taken, OFTEN);
    rate_free(&rate);
}

static const struct unit_test tests[] = {
    {"a_second_s_worth_then_the_rate", test_a_second_s_worth_then_the_rate},
    {"many_others", test_many_others}, {0}};
const struct unit_suite rate_suite = {"rate", 0, tests};
