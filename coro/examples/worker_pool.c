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
CHAN_OF(int)
CHAN_OF_NAMED(result, struct result)

static struct result do_job(int job)
{
    co_yield(); /* something that takes its time */
    if (job % 100 == 0)
        return (struct result){.job = job, .error = "a round number"};
    return (struct result){.job = job, .value = 2 * job};
}

GO_FUNCTION(work, (RECEIVER(int), jobs), (SENDER(result), results))
{
    CHAN_RANGE(int, job, jobs)
    ensure(CHAN_SEND(results, do_job(job)) == CHAN_OK);
}

GO_FUNCTION(hand_out, (SENDER(int), jobs))
{
    for (int job = 1; job <= JOBS; job++)
        ensure(CHAN_SEND(jobs, job) == CHAN_OK);
    CHAN_CLOSE(jobs);
}

GO_FUNCTION(close_after, (struct waitgroup *, workers), (SENDER(result), results))
{
    waitgroup_wait(workers);
    CHAN_CLOSE(results);
}

static void program(void *arg)
{
    (void)arg;
    struct waitgroup workers = {0};
    CHAN(int) jobs = CHAN_MAKE(int, 100);
    CHAN(result) results = CHAN_MAKE(result, 100);
    ensure(!CHAN_IS_NULL(jobs) && !CHAN_IS_NULL(results));
    for (int i = 0; i < WORKERS; i++)
        ensure(waitgroup_go(&workers, work, RECEIVER_OF(int, jobs), SENDER_OF(result, results)));
    ensure(go(hand_out, SENDER_OF(int, jobs)));
    ensure(go(close_after, &workers, SENDER_OF(result, results)));

    int done = 0, failed = 0, sum = 0;
    const char *error = NULL;
    CHAN_RANGE(struct result, result, results)
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
    CHAN_FREE(&jobs);
    CHAN_FREE(&results);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
