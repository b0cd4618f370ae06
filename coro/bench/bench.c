/* SPDX-License-Identifier: MIT */
/*
 * What each primitive costs. A row does the same work as the Go benchmark of that name; bench.sh
 * runs both and compares. Usage: bench [ROW]...   prints "row nanoseconds-per-operation".
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static struct waitgroup group;

static void spawn(void (*fn)(void *), void *arg)
{
    waitgroup_add(&group, 1);
    ensure(co_spawn(fn, arg));
}

/* --- spawn and finish ------------------------------------------------------------------------- */

static void finish(void *arg)
{
    (void)arg;
    waitgroup_done(&group);
}

static void bench_spawn(void)
{
    for (int i = 0; i < OPS; i++) {
        spawn(finish, NULL);
        if (i % 1000 == 999)
            waitgroup_wait(&group);
    }
    waitgroup_wait(&group);
}

/* --- channels --------------------------------------------------------------------------------- */

struct pipe {
    struct chan *there, *back;
};

static void echo(void *arg)
{
    struct pipe *pipe = arg;
    int64_t item;
    while (chan_recv(pipe->there, &item) == CHAN_OK)
        ensure(chan_send(pipe->back, &item) == CHAN_OK);
    waitgroup_done(&group);
}

static void bench_pingpong(void)
{
    struct pipe pipe = {chan_make(sizeof(int64_t), 0), chan_make(sizeof(int64_t), 0)};
    spawn(echo, &pipe);
    for (int64_t i = 0, item; i < OPS; i++)
        ensure(chan_send(pipe.there, &i) == CHAN_OK && chan_recv(pipe.back, &item) == CHAN_OK);
    chan_close(pipe.there);
    waitgroup_wait(&group);
    chan_free(&pipe.there);
    chan_free(&pipe.back);
}

static void sum_up(void *arg)
{
    struct pipe *pipe = arg;
    int64_t sum = 0, item;
    while (chan_recv(pipe->there, &item) == CHAN_OK)
        sum += item;
    ensure(chan_send(pipe->back, &sum) == CHAN_OK);
}

static void bench_buffered(void)
{
    struct pipe pipe = {chan_make(sizeof(int64_t), 128), chan_make(sizeof(int64_t), 0)};
    ensure(co_spawn(sum_up, &pipe));
    for (int64_t i = 0; i < OPS; i++)
        ensure(chan_send(pipe.there, &i) == CHAN_OK);
    chan_close(pipe.there);
    ensure(chan_recv(pipe.back, NULL) == CHAN_OK);
    chan_free(&pipe.there);
    chan_free(&pipe.back);
}

static void send_share(void *arg)
{
    struct pipe *pipe = arg;
    for (int64_t i = 0; i < OPS / CALLERS; i++)
        ensure(chan_send(pipe->there, &i) == CHAN_OK);
    waitgroup_done(&group);
}

static void bench_many_to_one(void)
{
    struct pipe pipe = {chan_make(sizeof(int64_t), 1024), chan_make(sizeof(int64_t), 0)};
    ensure(co_spawn(sum_up, &pipe));
    for (int i = 0; i < CALLERS; i++)
        spawn(send_share, &pipe);
    waitgroup_wait(&group);
    chan_close(pipe.there);
    ensure(chan_recv(pipe.back, NULL) == CHAN_OK);
    chan_free(&pipe.there);
    chan_free(&pipe.back);
}

/* --- yield ------------------------------------------------------------------------------------ */

static void yield_half(void *arg)
{
    (void)arg;
    for (int i = 0; i < OPS / 2; i++)
        co_yield();
    waitgroup_done(&group);
}

static void bench_yield(void)
{
    spawn(yield_half, NULL);
    spawn(yield_half, NULL);
    waitgroup_wait(&group);
}

/* --- select ----------------------------------------------------------------------------------- */

struct offers {
    struct chan *a, *b, *quit;
};

static void offer(void *arg)
{
    struct offers *offers = arg;
    int64_t one = 1, two = 2;
    struct select_case cases[] = {
        {.op = SELECT_SEND, .chan = offers->a, .item = &one},
        {.op = SELECT_SEND, .chan = offers->b, .item = &two},
        {.op = SELECT_RECV, .chan = offers->quit},
    };
    while (select_wait(cases, 3) != 2)
        continue;
    waitgroup_done(&group);
}

static void bench_select(void)
{
    struct offers offers = {chan_make(8, 0), chan_make(8, 0), chan_make(8, 0)};
    int64_t item;
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = offers.a, .item = &item},
        {.op = SELECT_RECV, .chan = offers.b, .item = &item},
    };
    spawn(offer, &offers);
    for (int i = 0; i < OPS; i++)
        select_wait(cases, 2);
    chan_close(offers.quit);
    waitgroup_wait(&group);
    chan_free(&offers.a);
    chan_free(&offers.b);
    chan_free(&offers.quit);
}

/* --- request and reply with an owner ---------------------------------------------------------- */

struct request {
    int64_t value;
    struct chan *reply;
};

static void own(void *arg)
{
    struct chan *requests = arg;
    int64_t balance = 0;
    struct request request;
    while (chan_recv(requests, &request) == CHAN_OK) {
        balance += request.value;
        ensure(chan_send(request.reply, &balance) == CHAN_OK);
    }
}

static void ask(void *arg)
{
    struct request request = {1, chan_make(sizeof(int64_t), 1)};
    int64_t balance;
    for (int i = 0; i < OPS / CALLERS; i++)
        ensure(
            chan_send(arg, &request) == CHAN_OK && chan_recv(request.reply, &balance) == CHAN_OK);
    chan_free(&request.reply);
    waitgroup_done(&group);
}

static void bench_owner(void)
{
    struct chan *requests = chan_make(sizeof(struct request), 1024);
    ensure(co_spawn(own, requests));
    for (int i = 0; i < CALLERS; i++)
        spawn(ask, requests);
    waitgroup_wait(&group);
    chan_close(requests);
    while (runtime_alive() > 1)
        co_yield();
    chan_free(&requests);
}

/* --- mutex ------------------------------------------------------------------------------------ */

static struct mutex mutex;
static int64_t guarded;

static void lock_share(void *arg)
{
    (void)arg;
    for (int i = 0; i < OPS / CALLERS; i++) {
        mutex_lock(&mutex);
        guarded++;
        mutex_unlock(&mutex);
    }
    waitgroup_done(&group);
}

static void bench_mutex(void)
{
    for (int i = 0; i < CALLERS; i++)
        spawn(lock_share, NULL);
    waitgroup_wait(&group);
}

/* --- context ---------------------------------------------------------------------------------- */

static void bench_context(void)
{
    for (int i = 0; i < OPS; i++) {
        struct context *context = context_with_timeout(context_background(), CLOCK_S);
        context_release(&context);
    }
}

/* --- a million parked ------------------------------------------------------------------------- */

static struct waitgroup arrived;
static int64_t idle_ns; /* slept by a row, not part of its work */

static void wait_for_close(void *arg)
{
    waitgroup_done(&arrived);
    ensure(chan_recv(arg, NULL) == CHAN_CLOSED);
    waitgroup_done(&group);
}

static double resident_gb(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ensure(statm && fscanf(statm, "%*d %ld", &pages) == 1);
    fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e9;
}

static void report_resident(void *arg)
{
    (void)arg;
    printf("million_gb %.2f\n", resident_gb());
}

static void bench_million(void)
{
    struct chan *gate = chan_make(0, 0);
    waitgroup_add(&arrived, CROWD);
    for (int i = 0; i < CROWD; i++)
        spawn(wait_for_close, gate);
    waitgroup_wait(&arrived);
    idle_ns = CLOCK_S;
    co_sleep(idle_ns); /* the last ones park */
    worker_call(report_resident, NULL);
    chan_close(gate);
    waitgroup_wait(&group);
    chan_free(&gate);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    void (*run)(void);
    int ops;
} rows[] = {
    {"spawn", bench_spawn, OPS},
    {"pingpong", bench_pingpong, OPS},
    {"buffered", bench_buffered, OPS},
    {"many_to_one", bench_many_to_one, OPS},
    {"yield", bench_yield, OPS},
    {"select", bench_select, OPS},
    {"owner", bench_owner, OPS},
    {"mutex", bench_mutex, OPS},
    {"context", bench_context, OPS},
    {"million", bench_million, 1},
};

static void run_row(void *arg)
{
    const struct row *row = *(const struct row **)arg;
    int64_t from = clock_now_ns();
    row->run();
    double ns = (double)(clock_now_ns() - from - idle_ns) / row->ops;
    printf("%s %.1f\n", row->name, ns);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const struct runtime_options options = {.workers = 2};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        bool wanted = argc < 2;
        for (int k = 1; k < argc; k++)
            wanted = wanted || strcmp(argv[k], row->name) == 0;
        if (wanted)
            runtime_run(&options, run_row, &row);
    }
    return 0;
}
