/* SPDX-License-Identifier: MIT */
#include "tests/service/compare.h"

#include <stdio.h>

#include "coro/ensure.h"

/* Of one figure, in each round. */
struct series {
    int64_t without[COMPARE_ROUNDS_MAX], beside[COMPARE_ROUNDS_MAX];
};

static struct compare_pair middle(struct series *series, size_t rounds)
{
    return (struct compare_pair){
        beside_median(series->without, rounds), beside_median(series->beside, rounds)};
}

static void measure(const struct compare *compare, const char *when, struct beside *found)
{
    beside_measure(compare->service, compare->account, compare->rate, compare->seconds, found);
    printf("\n    %s: %ld requests, %ld/s, p50 %ld us, p99 %ld us, longest %ld us", when,
        found->requests, found->rate, found->p50_us, found->p99_us, found->max_us);
}

struct compare_found compare_run(const struct compare *compare)
{
    struct series p50, p99, rate;
    co_ensure(compare->rounds >= 1 && compare->rounds <= COMPARE_ROUNDS_MAX);
    for (size_t i = 0; i < compare->rounds; i++) {
        struct beside without, beside;
        measure(compare, "without", &without);
        compare->come(compare->arg);
        measure(compare, "beside ", &beside);
        compare->go(compare->arg);
        p50.without[i] = without.p50_us, p50.beside[i] = beside.p50_us;
        p99.without[i] = without.p99_us, p99.beside[i] = beside.p99_us;
        rate.without[i] = without.rate, rate.beside[i] = beside.rate;
    }
    struct compare_found found = {middle(&p50, compare->rounds), middle(&p99, compare->rounds),
        middle(&rate, compare->rounds)};
    printf("\n    p99 %ld -> %ld us, rate %ld -> %ld/s (%.2f) ", found.p99_us.without,
        found.p99_us.beside, found.rate.without, found.rate.beside,
        (double)found.rate.beside / (double)found.rate.without);
    return found;
}
