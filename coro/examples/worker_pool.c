/* SPDX-License-Identifier: MIT */
/*
 * A worker pool of two channels: a thousand jobs, ten coroutines that do them, and results that say
 * what failed. Whoever waits for the workers closes the results, so the loop over them ends.
 *
 *     for w := 0; w < 10; w++ { wg.Go(func() { for j := range jobs { results <- do(j) } }) }
 *     go func() { for j := 1; j <= 1000; j++ { jobs <- j }; close(jobs) }()
 *     go func() { wg.Wait(); close(results) }()
 *     for r := range results { if r.err != nil { failed++ } else { sum += r.value } }
 *
 * More coroutines than there is work for, or than what they use can bear (connections, files),
 * gain nothing: that is what a pool is for. pool.c has one ready-made.
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

enum { WORKERS = 10, JOBS = 1000 };

struct result {
    int job;
    int value;
    const char *error; /* NULL: it was done */
};
CO_CHAN_OF(int)
CO_CHAN_OF_NAMED(result, struct result)

static struct result do_job(int job)
{
    co_yield(); /* something that takes its time */
    if (job % 100 == 0)
        return (struct result){.job = job, .error = "a round number"};
    return (struct result){.job = job, .value = 2 * job};
}

CO_GO_FUNCTION(work, (CO_RECEIVER(int), jobs), (CO_SENDER(result), results))
{
    CO_CHAN_RANGE(int, job, jobs)
    co_ensure(CO_CHAN_SEND(results, do_job(job)) == CO_CHAN_OK);
}

CO_GO_FUNCTION(hand_out, (CO_SENDER(int), jobs))
{
    for (int job = 1; job <= JOBS; job++)
        co_ensure(CO_CHAN_SEND(jobs, job) == CO_CHAN_OK);
    CO_CHAN_CLOSE(jobs);
}

CO_GO_FUNCTION(close_after, (struct co_waitgroup *, workers), (CO_SENDER(result), results))
{
    co_waitgroup_wait(workers);
    CO_CHAN_CLOSE(results);
}

static void program(void *arg)
{
    (void)arg;
    struct co_waitgroup workers = {0};
    CO_CHAN(int) jobs = CO_CHAN_MAKE(int, 100);
    CO_CHAN(result) results = CO_CHAN_MAKE(result, 100);
    co_ensure(!CO_CHAN_IS_NULL(jobs) && !CO_CHAN_IS_NULL(results));
    for (int i = 0; i < WORKERS; i++)
        co_ensure(co_waitgroup_go(
            &workers, work, CO_RECEIVER_OF(int, jobs), CO_SENDER_OF(result, results)));
    co_ensure(co_go(hand_out, CO_SENDER_OF(int, jobs)));
    co_ensure(co_go(close_after, &workers, CO_SENDER_OF(result, results)));

    int done = 0, failed = 0, sum = 0;
    const char *error = NULL;
    CO_CHAN_RANGE(struct result, result, results)
    {
        if (result.error) {
            failed++;
            error = result.error;
        } else {
            done++;
            sum += result.value;
        }
    }
    printf("%d jobs done by %d workers, together %d\n", done, WORKERS, sum);
    printf("%d jobs failed: %s\n", failed, error);
    CO_CHAN_FREE(&jobs);
    CO_CHAN_FREE(&results);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
