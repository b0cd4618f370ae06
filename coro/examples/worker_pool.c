/* SPDX-License-Identifier: MIT */
/*
 * A worker pool of two channels: however many jobs there are, three coroutines do them.
 *
 *     for w := 1; w <= 3; w++ { go worker(jobs, results) }
 *     for j := 1; j <= 9; j++ { jobs <- j }
 *     close(jobs)
 *     for a := 1; a <= 9; a++ { <-results }
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { WORKERS = 3, JOBS = 9 };

struct pool {
    struct chan *jobs, *results;
    struct waitgroup workers;
};

struct result {
    int job, answer;
};

static void work(void *arg)
{
    struct pool *pool = arg;
    int job;
    while (chan_recv(pool->jobs, &job) == CHAN_OK) {
        co_sleep(2 * CLOCK_MS); /* something that takes its time */
        struct result result = {job, job * job};
        ensure(chan_send(pool->results, &result) == CHAN_OK);
    }
    waitgroup_done(&pool->workers);
}

static void program(void *arg)
{
    (void)arg;
    struct pool pool = {
        .jobs = chan_make(sizeof(int), JOBS), .results = chan_make(sizeof(struct result), JOBS)};
    ensure(pool.jobs && pool.results);
    waitgroup_add(&pool.workers, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        ensure(co_spawn(work, &pool));
    for (int job = 0; job < JOBS; job++)
        ensure(chan_send(pool.jobs, &job) == CHAN_OK);
    chan_close(pool.jobs);

    int answers[JOBS];
    for (int i = 0; i < JOBS; i++) { /* in the order in which they get done */
        struct result result;
        ensure(chan_recv(pool.results, &result) == CHAN_OK);
        answers[result.job] = result.answer;
    }
    for (int job = 0; job < JOBS; job++)
        printf("job %d: %d\n", job, answers[job]);
    waitgroup_wait(&pool.workers);
    chan_free(&pool.jobs);
    chan_free(&pool.results);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
