/* SPDX-License-Identifier: MIT */
/*
 * What each primitive costs. A row does the same work as the Go benchmark of that name; bench.sh
 * runs both and compares. Usage: bench [ROW]...   prints "row nanoseconds-per-operation".
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"

enum { OPS = 2000000, CALLERS = 64, CROWD = 1000000 };

static struct co_waitgroup group;

static void spawn(void (*fn)(void *), void *arg)
{
    co_waitgroup_add(&group, 1);
    co_ensure(co_spawn(fn, arg));
}

/* --- spawn and finish ------------------------------------------------------------------------- */

static void finish(void *arg)
{
    (void)arg;
    co_waitgroup_done(&group);
}

static void bench_spawn(void)
{
    for (int i = 0; i < OPS; i++) {
        spawn(finish, NULL);
        if (i % 1000 == 999)
            co_waitgroup_wait(&group);
    }
    co_waitgroup_wait(&group);
}

/* --- channels --------------------------------------------------------------------------------- */

struct pipe {
    struct co_chan *there, *back;
};

static void echo(void *arg)
{
    struct pipe *pipe = arg;
    int64_t item;
    while (co_chan_recv(pipe->there, &item) == CO_CHAN_OK)
        co_ensure(co_chan_send(pipe->back, &item) == CO_CHAN_OK);
    co_waitgroup_done(&group);
}

static void bench_pingpong(void)
{
    struct pipe pipe = {co_chan_make(sizeof(int64_t), 0), co_chan_make(sizeof(int64_t), 0)};
    spawn(echo, &pipe);
    for (int64_t i = 0, item; i < OPS; i++)
        co_ensure(co_chan_send(pipe.there, &i) == CO_CHAN_OK &&
                  co_chan_recv(pipe.back, &item) == CO_CHAN_OK);
    co_chan_close(pipe.there);
    co_waitgroup_wait(&group);
    co_chan_free(&pipe.there);
    co_chan_free(&pipe.back);
}

static void sum_up(void *arg)
{
    struct pipe *pipe = arg;
    int64_t sum = 0, item;
    while (co_chan_recv(pipe->there, &item) == CO_CHAN_OK)
        sum += item;
    co_ensure(co_chan_send(pipe->back, &sum) == CO_CHAN_OK);
}

static void bench_buffered(void)
{
    struct pipe pipe = {co_chan_make(sizeof(int64_t), 128), co_chan_make(sizeof(int64_t), 0)};
    co_ensure(co_spawn(sum_up, &pipe));
    for (int64_t i = 0; i < OPS; i++)
        co_ensure(co_chan_send(pipe.there, &i) == CO_CHAN_OK);
    co_chan_close(pipe.there);
    co_ensure(co_chan_recv(pipe.back, NULL) == CO_CHAN_OK);
    co_chan_free(&pipe.there);
    co_chan_free(&pipe.back);
}

static void send_share(void *arg)
{
    struct pipe *pipe = arg;
    for (int64_t i = 0; i < OPS / CALLERS; i++)
        co_ensure(co_chan_send(pipe->there, &i) == CO_CHAN_OK);
    co_waitgroup_done(&group);
}

static void bench_many_to_one(void)
{
    struct pipe pipe = {co_chan_make(sizeof(int64_t), 1024), co_chan_make(sizeof(int64_t), 0)};
    co_ensure(co_spawn(sum_up, &pipe));
    for (int i = 0; i < CALLERS; i++)
        spawn(send_share, &pipe);
    co_waitgroup_wait(&group);
    co_chan_close(pipe.there);
    co_ensure(co_chan_recv(pipe.back, NULL) == CO_CHAN_OK);
    co_chan_free(&pipe.there);
    co_chan_free(&pipe.back);
}

/* --- yield ------------------------------------------------------------------------------------ */

static void yield_half(void *arg)
{
    (void)arg;
    for (int i = 0; i < OPS / 2; i++)
        co_yield();
    co_waitgroup_done(&group);
}

static void bench_yield(void)
{
    spawn(yield_half, NULL);
    spawn(yield_half, NULL);
    co_waitgroup_wait(&group);
}

/* --- select ----------------------------------------------------------------------------------- */

struct offers {
    struct co_chan *a, *b, *quit;
};

static void offer(void *arg)
{
    struct offers *offers = arg;
    int64_t one = 1, two = 2;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_SEND, .chan = offers->a, .item = &one},
        {.op = CO_SELECT_SEND, .chan = offers->b, .item = &two},
        {.op = CO_SELECT_RECV, .chan = offers->quit},
    };
    while (co_select_wait(cases, 3) != 2)
        continue;
    co_waitgroup_done(&group);
}

static void bench_select(void)
{
    struct offers offers = {co_chan_make(8, 0), co_chan_make(8, 0), co_chan_make(8, 0)};
    int64_t item;
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = offers.a, .item = &item},
        {.op = CO_SELECT_RECV, .chan = offers.b, .item = &item},
    };
    spawn(offer, &offers);
    for (int i = 0; i < OPS; i++)
        co_select_wait(cases, 2);
    co_chan_close(offers.quit);
    co_waitgroup_wait(&group);
    co_chan_free(&offers.a);
    co_chan_free(&offers.b);
    co_chan_free(&offers.quit);
}

/* --- request and reply with an owner ---------------------------------------------------------- */

struct request {
    int64_t value;
    struct co_chan *reply;
};

static void own(void *arg)
{
    struct co_chan *requests = arg;
    int64_t balance = 0;
    struct request request;
    while (co_chan_recv(requests, &request) == CO_CHAN_OK) {
        balance += request.value;
        co_ensure(co_chan_send(request.reply, &balance) == CO_CHAN_OK);
    }
}

static void ask(void *arg)
{
    struct request request = {1, co_chan_make(sizeof(int64_t), 1)};
    int64_t balance;
    for (int i = 0; i < OPS / CALLERS; i++)
        co_ensure(co_chan_send(arg, &request) == CO_CHAN_OK &&
                  co_chan_recv(request.reply, &balance) == CO_CHAN_OK);
    co_chan_free(&request.reply);
    co_waitgroup_done(&group);
}

static void bench_owner(void)
{
    struct co_chan *requests = co_chan_make(sizeof(struct request), 1024);
    co_ensure(co_spawn(own, requests));
    for (int i = 0; i < CALLERS; i++)
        spawn(ask, requests);
    co_waitgroup_wait(&group);
    co_chan_close(requests);
    while (co_runtime_alive() > 1)
        co_yield();
    co_chan_free(&requests);
}

/* --- mutex ------------------------------------------------------------------------------------ */

static struct co_mutex mutex;
static int64_t guarded;

static void lock_share(void *arg)
{
    (void)arg;
    for (int i = 0; i < OPS / CALLERS; i++) {
        co_mutex_lock(&mutex);
        guarded++;
        co_mutex_unlock(&mutex);
    }
    co_waitgroup_done(&group);
}

static void bench_mutex(void)
{
    for (int i = 0; i < CALLERS; i++)
        spawn(lock_share, NULL);
    co_waitgroup_wait(&group);
}

/* --- context ---------------------------------------------------------------------------------- */

static void bench_context(void)
{
    for (int i = 0; i < OPS; i++) {
        struct co_context *context = co_context_with_timeout(co_context_background(), CO_CLOCK_S);
        co_context_release(&context);
    }
}

/* --- a million parked ------------------------------------------------------------------------- */

static struct co_waitgroup arrived;
static int64_t idle_ns; /* slept by a row, not part of its work */

static void wait_for_close(void *arg)
{
    co_waitgroup_done(&arrived);
    co_ensure(co_chan_recv(arg, NULL) == CO_CHAN_CLOSED);
    co_waitgroup_done(&group);
}

/* What the kernel keeps for it: its pages, and the tables that say where they are. */
static double resident_gb(void)
{
    char line[200];
    long kb, sum = 0;
    FILE *status = fopen("/proc/self/status", "r");
    co_ensure(status);
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %ld kB", &kb) == 1 || sscanf(line, "VmPTE: %ld kB", &kb) == 1)
            sum += kb;
    fclose(status);
    return (double)sum * 1024 / 1e9;
}

static void report_resident(void *arg)
{
    (void)arg;
    printf("million_gb %.2f\n", resident_gb());
}

static void bench_million(void)
{
    struct co_chan *gate = co_chan_make(0, 0);
    co_waitgroup_add(&arrived, CROWD);
    for (int i = 0; i < CROWD; i++)
        spawn(wait_for_close, gate);
    co_waitgroup_wait(&arrived);
    idle_ns = CO_CLOCK_S;
    co_sleep(idle_ns); /* the last ones park */
    co_worker_call(report_resident, NULL);
    co_chan_close(gate);
    co_waitgroup_wait(&group);
    co_chan_free(&gate);
}

/* --- uneven work, by coroutines that all started on one worker -------------------------------- */

enum { JOBS = 400, HANDS = 8, LIGHT = 400000, HEAVY = 3200000 };
static volatile uint64_t result;

static void work(void *arg)
{
    int64_t steps;
    while (co_chan_recv(arg, &steps) == CO_CHAN_OK) {
        uint64_t x = 1;
        while (steps-- > 0)
            x = x * 6364136223846793005u + 1442695040888963407u;
        result = x;
    }
    co_waitgroup_done(&group);
}

static void bench_uneven(void)
{
    struct co_chan *jobs = co_chan_make(sizeof(int64_t), 64);
    for (int i = 0; i < HANDS; i++)
        spawn(work, jobs);
    for (int i = 0; i < 2 * HANDS; i++)
        co_yield(); /* they have started, and wait for jobs */
    for (int i = 0; i < JOBS; i++) {
        int64_t steps = i % HANDS ? LIGHT : HEAVY;
        co_ensure(co_chan_send(jobs, &steps) == CO_CHAN_OK);
    }
    co_chan_close(jobs);
    co_waitgroup_wait(&group);
    co_chan_free(&jobs);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    void (*run)(void);
    int ops;
    bool moves; /* with co_runtime_options.move_started */
} rows[] = {
    {"spawn", bench_spawn, OPS, false},
    {"pingpong", bench_pingpong, OPS, false},
    {"buffered", bench_buffered, OPS, false},
    {"many_to_one", bench_many_to_one, OPS, false},
    {"yield", bench_yield, OPS, false},
    {"select", bench_select, OPS, false},
    {"owner", bench_owner, OPS, false},
    {"mutex", bench_mutex, OPS, false},
    {"context", bench_context, OPS, false},
    {"million", bench_million, 1, false},
    {"uneven", bench_uneven, JOBS, false},
    {"uneven_moves", bench_uneven, JOBS, true},
};

static void run_row(void *arg)
{
    const struct row *row = *(const struct row **)arg;
    int64_t from = co_clock_now_ns();
    row->run();
    double ns = (double)(co_clock_now_ns() - from - idle_ns) / row->ops;
    printf("%s %.1f\n", row->name, ns);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        bool wanted = argc < 2;
        for (int k = 1; k < argc; k++)
            wanted = wanted || strcmp(argv[k], row->name) == 0;
        const struct co_runtime_options options = {.workers = 2, .move_started = row->moves};
        if (wanted)
            co_runtime_run(&options, run_row, &row);
    }
    return 0;
}
