/* SPDX-License-Identifier: MIT */
/* The rows of coro/bench/bench.c on libdill (github.com/sustrik/libdill), for bench/peers.sh. Its
 * channels have no buffer: many_to_one and owner are run without. Not here: buffered, mutexes,
 * contexts. */
#include "coro/bench/peers/peer.h"

#include <libdill.h>

static int group; /* a bundle: the coroutines of a row */

#define SPAWN(call) MUST(bundle_go(group, call) == 0)

static void wait_for_all(void)
{
    MUST(bundle_wait(group, -1) == 0);
}

static coroutine void finish(void)
{
}

static void bench_spawn(void)
{
    for (int i = 0; i < OPS; i++) {
        SPAWN(finish());
        if (i % FLOCK == FLOCK - 1)
            wait_for_all();
    }
    wait_for_all();
}

/* A channel is a pair of ends. */
struct ends {
    int of[2];
};

static struct ends channel(void)
{
    struct ends ends;
    MUST(chmake(ends.of) == 0);
    return ends;
}

static void release(struct ends *ends)
{
    hclose(ends->of[0]);
    hclose(ends->of[1]);
}

static coroutine void echo(int there, int back)
{
    int64_t item;
    while (chrecv(there, &item, sizeof item, -1) == 0)
        MUST(chsend(back, &item, sizeof item, -1) == 0);
}

static void bench_pingpong(void)
{
    struct ends there = channel(), back = channel();
    SPAWN(echo(there.of[1], back.of[1]));
    for (int64_t i = 0, item; i < OPS; i++)
        MUST(chsend(there.of[0], &i, sizeof i, -1) == 0 &&
             chrecv(back.of[0], &item, sizeof item, -1) == 0);
    chdone(there.of[0]);
    wait_for_all();
    release(&there);
    release(&back);
}

static coroutine void sum_up(int from)
{
    int64_t sum = 0, item;
    for (int i = 0; i < OPS / CALLERS * CALLERS; i++) {
        MUST(chrecv(from, &item, sizeof item, -1) == 0);
        sum += item;
    }
    MUST(sum > 0);
}

static coroutine void send_share(int to)
{
    for (int64_t i = 0; i < OPS / CALLERS; i++)
        MUST(chsend(to, &i, sizeof i, -1) == 0);
}

static void bench_many_to_one(void)
{
    struct ends items = channel();
    SPAWN(sum_up(items.of[1]));
    for (int i = 0; i < CALLERS; i++)
        SPAWN(send_share(items.of[0]));
    wait_for_all();
    release(&items);
}

static coroutine void yield_half(void)
{
    for (int i = 0; i < OPS / 2; i++)
        yield();
}

static void bench_yield(void)
{
    SPAWN(yield_half());
    SPAWN(yield_half());
    wait_for_all();
}

static coroutine void offer(int a, int b, int quit)
{
    int64_t one = 1, two = 2, none;
    struct chclause cases[] = {
        {CHSEND, a, &one, sizeof one},
        {CHSEND, b, &two, sizeof two},
        {CHRECV, quit, &none, sizeof none},
    };
    while (choose(cases, 3, -1) != 2)
        continue;
}

static void bench_select(void)
{
    struct ends a = channel(), b = channel(), quit = channel();
    int64_t item;
    struct chclause cases[] = {
        {CHRECV, a.of[0], &item, sizeof item},
        {CHRECV, b.of[0], &item, sizeof item},
    };
    SPAWN(offer(a.of[1], b.of[1], quit.of[1]));
    for (int i = 0; i < OPS; i++)
        MUST(choose(cases, 2, -1) >= 0);
    chdone(quit.of[0]);
    wait_for_all();
    release(&a);
    release(&b);
    release(&quit);
}

struct request {
    int64_t value;
    int reply;
};

static coroutine void own(int requests)
{
    int64_t balance = 0;
    struct request request;
    while (chrecv(requests, &request, sizeof request, -1) == 0) {
        balance += request.value;
        MUST(chsend(request.reply, &balance, sizeof balance, -1) == 0);
    }
}

static coroutine void ask(int requests)
{
    struct ends reply = channel();
    struct request request = {1, reply.of[1]};
    int64_t balance;
    for (int i = 0; i < OPS / CALLERS; i++)
        MUST(chsend(requests, &request, sizeof request, -1) == 0 &&
             chrecv(reply.of[0], &balance, sizeof balance, -1) == 0);
    release(&reply);
}

static void bench_owner(void)
{
    struct ends requests = channel();
    int owner = dill_go(own(requests.of[1]));
    MUST(owner >= 0);
    for (int i = 0; i < CALLERS; i++)
        SPAWN(ask(requests.of[0]));
    wait_for_all();
    hclose(owner);
    release(&requests);
}

static coroutine void wait_for_close(int gate)
{
    MUST(chrecv(gate, NULL, 0, -1) == -1);
}

static void bench_million(void)
{
    struct ends gate = channel();
    for (int i = 0; i < CROWD; i++)
        if (bundle_go(group, wait_for_close(gate.of[1])) != 0) {
            printf("# no more than %d coroutines\n", i);
            fflush(stdout);
            _exit(0);
        }
    peer_report_resident();
    chdone(gate.of[0]);
    wait_for_all();
    release(&gate);
}

static const struct peer_row rows[] = {
    {"spawn", bench_spawn, OPS},
    {"pingpong", bench_pingpong, OPS},
    {"many_to_one", bench_many_to_one, OPS},
    {"yield", bench_yield, OPS},
    {"select", bench_select, OPS},
    {"owner", bench_owner, OPS},
    {"million", bench_million, 1},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!peer_is_wanted(&rows[i], argc, argv))
            continue;
        group = bundle();
        MUST(group >= 0);
        peer_time(&rows[i]);
        hclose(group);
    }
    return 0;
}
