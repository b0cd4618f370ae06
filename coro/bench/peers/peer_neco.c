/* SPDX-License-Identifier: MIT */
/* The rows of coro/bench/bench.c on neco (github.com/tidwall/neco), for bench/peers.sh. Not here:
 * a select that sends, contexts. */
#include "coro/bench/peers/peer.h"

#include <neco.h>

static neco_waitgroup group;

static void spawn(void (*fn)(int argc, void *argv[]), void *arg)
{
    MUST(neco_waitgroup_add(&group, 1) == NECO_OK && neco_start(fn, 1, arg) == NECO_OK);
}

static neco_chan *channel(size_t item_size, size_t capacity)
{
    neco_chan *chan;
    MUST(neco_chan_make(&chan, item_size, capacity) == NECO_OK);
    return chan;
}

static void finish(int argc, void *argv[])
{
    (void)argc, (void)argv;
    neco_waitgroup_done(&group);
}

static void bench_spawn(void)
{
    for (int i = 0; i < OPS; i++) {
        spawn(finish, NULL);
        if (i % FLOCK == FLOCK - 1)
            neco_waitgroup_wait(&group);
    }
    neco_waitgroup_wait(&group);
}

struct pipe {
    neco_chan *there, *back;
};

static void echo(int argc, void *argv[])
{
    (void)argc;
    struct pipe *pipe = argv[0];
    int64_t item;
    while (neco_chan_recv(pipe->there, &item) == NECO_OK)
        MUST(neco_chan_send(pipe->back, &item) == NECO_OK);
    neco_waitgroup_done(&group);
}

static void bench_pingpong(void)
{
    struct pipe pipe = {channel(sizeof(int64_t), 0), channel(sizeof(int64_t), 0)};
    spawn(echo, &pipe);
    for (int64_t i = 0, item; i < OPS; i++)
        MUST(neco_chan_send(pipe.there, &i) == NECO_OK &&
             neco_chan_recv(pipe.back, &item) == NECO_OK);
    neco_chan_close(pipe.there);
    neco_waitgroup_wait(&group);
    neco_chan_release(pipe.there);
    neco_chan_release(pipe.back);
}

static void sum_up(int argc, void *argv[])
{
    (void)argc;
    struct pipe *pipe = argv[0];
    int64_t sum = 0, item;
    while (neco_chan_recv(pipe->there, &item) == NECO_OK)
        sum += item;
    MUST(neco_chan_send(pipe->back, &sum) == NECO_OK);
}

static void take_the_sum(struct pipe *pipe)
{
    int64_t sum;
    neco_chan_close(pipe->there);
    MUST(neco_chan_recv(pipe->back, &sum) == NECO_OK);
    neco_chan_release(pipe->there);
    neco_chan_release(pipe->back);
}

static void bench_buffered(void)
{
    struct pipe pipe = {channel(sizeof(int64_t), 128), channel(sizeof(int64_t), 0)};
    MUST(neco_start(sum_up, 1, &pipe) == NECO_OK);
    for (int64_t i = 0; i < OPS; i++)
        MUST(neco_chan_send(pipe.there, &i) == NECO_OK);
    take_the_sum(&pipe);
}

static void send_share(int argc, void *argv[])
{
    (void)argc;
    struct pipe *pipe = argv[0];
    for (int64_t i = 0; i < OPS / CALLERS; i++)
        MUST(neco_chan_send(pipe->there, &i) == NECO_OK);
    neco_waitgroup_done(&group);
}

static void bench_many_to_one(void)
{
    struct pipe pipe = {channel(sizeof(int64_t), 1024), channel(sizeof(int64_t), 0)};
    MUST(neco_start(sum_up, 1, &pipe) == NECO_OK);
    for (int i = 0; i < CALLERS; i++)
        spawn(send_share, &pipe);
    neco_waitgroup_wait(&group);
    take_the_sum(&pipe);
}

static void yield_half(int argc, void *argv[])
{
    (void)argc, (void)argv;
    for (int i = 0; i < OPS / 2; i++)
        neco_yield();
    neco_waitgroup_done(&group);
}

static void bench_yield(void)
{
    spawn(yield_half, NULL);
    spawn(yield_half, NULL);
    neco_waitgroup_wait(&group);
}

struct request {
    int64_t value;
    neco_chan *reply;
};

static void own(int argc, void *argv[])
{
    (void)argc;
    int64_t balance = 0;
    struct request request;
    while (neco_chan_recv(argv[0], &request) == NECO_OK) {
        balance += request.value;
        MUST(neco_chan_send(request.reply, &balance) == NECO_OK);
    }
}

static void ask(int argc, void *argv[])
{
    (void)argc;
    struct request request = {1, channel(sizeof(int64_t), 1)};
    int64_t balance;
    for (int i = 0; i < OPS / CALLERS; i++)
        MUST(neco_chan_send(argv[0], &request) == NECO_OK &&
             neco_chan_recv(request.reply, &balance) == NECO_OK);
    neco_chan_release(request.reply);
    neco_waitgroup_done(&group);
}

static void bench_owner(void)
{
    neco_chan *requests = channel(sizeof(struct request), 1024);
    MUST(neco_start(own, 1, requests) == NECO_OK);
    for (int i = 0; i < CALLERS; i++)
        spawn(ask, requests);
    neco_waitgroup_wait(&group);
    neco_chan_close(requests);
    neco_yield();
    neco_chan_release(requests);
}

static neco_mutex mutex;
static int64_t guarded;

static void lock_share(int argc, void *argv[])
{
    (void)argc, (void)argv;
    for (int i = 0; i < OPS / CALLERS; i++) {
        neco_mutex_lock(&mutex);
        guarded++;
        neco_mutex_unlock(&mutex);
    }
    neco_waitgroup_done(&group);
}

static void bench_mutex(void)
{
    neco_mutex_init(&mutex);
    for (int i = 0; i < CALLERS; i++)
        spawn(lock_share, NULL);
    neco_waitgroup_wait(&group);
}

static void wait_for_close(int argc, void *argv[])
{
    (void)argc;
    MUST(neco_chan_recv(argv[0], NULL) == NECO_CLOSED);
    neco_waitgroup_done(&group);
}

static void bench_million(void)
{
    neco_chan *gate = channel(0, 0);
    for (int i = 0; i < CROWD; i++) {
        neco_waitgroup_add(&group, 1);
        if (neco_start(wait_for_close, 1, gate) == NECO_OK)
            continue; /* it parks before the next is started */
        printf("# no more than %d coroutines\n", i);
        fflush(stdout);
        _exit(0);
    }
    peer_report_resident();
    neco_chan_close(gate);
    neco_waitgroup_wait(&group);
    neco_chan_release(gate);
}

static const struct peer_row rows[] = {
    {"spawn", bench_spawn, OPS},
    {"pingpong", bench_pingpong, OPS},
    {"buffered", bench_buffered, OPS},
    {"many_to_one", bench_many_to_one, OPS},
    {"yield", bench_yield, OPS},
    {"owner", bench_owner, OPS},
    {"mutex", bench_mutex, OPS},
    {"million", bench_million, 1},
};

static void run_row(int argc, void *argv[])
{
    (void)argc;
    neco_waitgroup_init(&group);
    peer_time(argv[0]);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (peer_is_wanted(&rows[i], argc, argv))
            MUST(neco_start(run_row, 1, &rows[i]) == NECO_OK);
    return 0;
}
