/* SPDX-License-Identifier: MIT */
/*
 * Fan-in, spelled out: several coroutines send into one channel, and none of them may close it, as
 * the others are still sending. Whoever waits for all of them does.
 *
 *     for _, s := range sources { wg.Go(func() { for n := range s { out <- n } }) }
 *     go func() { wg.Wait(); close(out) }()
 *     for n := range out { … }
 *
 * fan.c does it with co_fan_in(), which is this.
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

enum { SOURCES = 4, EACH = 250 };
CO_CHAN_OF(int)

CO_GO_FUNCTION(produce, (int, first), (CO_SENDER(int), out))
{
    for (int i = 0; i < EACH; i++)
        co_ensure(CO_CHAN_SEND(out, first + i) == CO_CHAN_OK);
}

CO_GO_FUNCTION(close_after, (struct co_waitgroup *, senders), (CO_SENDER(int), out))
{
    co_waitgroup_wait(senders);
    CO_CHAN_CLOSE(out);
}

static void program(void *arg)
{
    (void)arg;
    struct co_waitgroup senders = {0};
    CO_CHAN(int) merged = CO_CHAN_MAKE(int, 0);
    co_ensure(!CO_CHAN_IS_NULL(merged));
    for (int i = 0; i < SOURCES; i++)
        co_ensure(co_waitgroup_go(&senders, produce, i * EACH + 1, CO_SENDER_OF(int, merged)));
    co_ensure(co_go(close_after, &senders, CO_SENDER_OF(int, merged)));
    int count = 0, sum = 0;
    CO_CHAN_RANGE(int, n, merged)
    {
        count++;
        sum += n;
    }
    printf("%d numbers from %d sources, together %d\n", count, SOURCES, sum);
    CO_CHAN_FREE(&merged);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
