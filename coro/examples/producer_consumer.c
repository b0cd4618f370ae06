/* SPDX-License-Identifier: MIT */
/*
 * Producers and consumers share one bounded channel: a fast producer waits for the consumers, so
 * the memory in between never grows. Whoever knows that all producers are done closes the channel.
 *
 *     go func() { producers.Wait(); close(queue) }()
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { PRODUCERS = 3, CONSUMERS = 2, EACH = 1000, PLACES = 8 };

struct bakery {
    struct co_chan *counter;
    struct co_waitgroup producers, consumers;
    atomic_int sold, fullest;
};

static void produce(void *arg)
{
    struct bakery *bakery = arg;
    for (int bread = 1; bread <= EACH; bread++)
        co_ensure(co_chan_send(bakery->counter, &bread) == CO_CHAN_OK);
    co_waitgroup_done(&bakery->producers);
}

static void consume(void *arg)
{
    struct bakery *bakery = arg;
    int bread;
    while (co_chan_recv(bakery->counter, &bread) == CO_CHAN_OK) {
        int on_counter = (int)co_chan_len(bakery->counter);
        if (on_counter > atomic_load(&bakery->fullest))
            atomic_store(&bakery->fullest, on_counter);
        atomic_fetch_add(&bakery->sold, 1);
    }
    co_waitgroup_done(&bakery->consumers);
}

static void program(void *arg)
{
    (void)arg;
    struct bakery bakery = {.counter = co_chan_make(sizeof(int), PLACES)};
    co_ensure(bakery.counter);
    co_waitgroup_add(&bakery.producers, PRODUCERS);
    co_waitgroup_add(&bakery.consumers, CONSUMERS);
    for (int i = 0; i < PRODUCERS; i++)
        co_ensure(co_spawn(produce, &bakery));
    for (int i = 0; i < CONSUMERS; i++)
        co_ensure(co_spawn(consume, &bakery));
    co_waitgroup_wait(&bakery.producers);
    co_chan_close(bakery.counter);
    co_waitgroup_wait(&bakery.consumers);
    printf("baked %d, sold %d\n", PRODUCERS * EACH, atomic_load(&bakery.sold));
    printf("never more than %d on the counter: %s\n", PLACES,
        atomic_load(&bakery.fullest) <= PLACES ? "yes" : "no");
    co_chan_free(&bakery.counter);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
