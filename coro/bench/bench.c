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

static double resident_gb(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    co_ensure(statm && fscanf(statm, "%*d %ld", &pages) == 1);
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
    int64_t from = co_clock_now_ns();
    row->run();
    double ns = (double)(co_clock_now_ns() - from - idle_ns) / row->ops;
    printf("%s %.1f\n", row->name, ns);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const struct co_runtime_options options = {.workers = 2};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        bool wanted = argc < 2;
        for (int k = 1; k < argc; k++)
            wanted = wanted || strcmp(argv[k], row->name) == 0;
        if (wanted)
            co_runtime_run(&options, run_row, &row);
    }
    return 0;
}
