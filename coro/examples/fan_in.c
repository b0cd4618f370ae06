/* SPDX-License-Identifier: MIT */
/*
 * Fan-in, spelled out: several coroutines send into one channel, and none of them may close it, as
 * the others are still sending. Whoever waits for all of them does.
 *
 *     for _, s := range sources { wg.Go(func() { for n := range s { out <- n } }) }
 *     go func() { wg.Wait(); close(out) }()
 *     for n := range out { … }
 *
 * fan.c does it with fan_in(), which is this.
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

enum { SOURCES = 4, EACH = 250 };
CHAN_OF(int)

GO_FUNCTION(produce, (int, first), (SENDER(int), out))
{
    for (int i = 0; i < EACH; i++)
        ensure(CHAN_SEND(out, first + i) == CHAN_OK);
}

GO_FUNCTION(close_after, (struct waitgroup *, senders), (SENDER(int), out))
{
    waitgroup_wait(senders);
    CHAN_CLOSE(out);
}

static void program(void *arg)
{
    (void)arg;
    struct waitgroup senders = {0};
    CHAN(int) merged = CHAN_MAKE(int, 0);
    ensure(!CHAN_IS_NULL(merged));
    for (int i = 0; i < SOURCES; i++)
        ensure(waitgroup_go(&senders, produce, i * EACH + 1, SENDER_OF(int, merged)));
    ensure(go(close_after, &senders, SENDER_OF(int, merged)));
    int count = 0, sum = 0;
    CHAN_RANGE(int, n, merged)
    {
        count++;
        sum += n;
    }
    printf("%d numbers from %d sources, together %d\n", count, SOURCES, sum);
    CHAN_FREE(&merged);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
