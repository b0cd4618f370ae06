/* SPDX-License-Identifier: MIT */
/*
 * An unbuffered channel: a send waits until the other side receives, so the two meet.
 *
 *     ping, pong := make(chan int), make(chan int)
 *     go func() { for n := range ping { pong <- n * 10 } }()
 *     ping <- n
 *     fmt.Println(<-pong)
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

CHAN_OF(int)

GO_FUNCTION(opponent, (CHAN(int), ping), (CHAN(int), pong))
{
    CHAN_RANGE(int, n, ping)
    ensure(CHAN_SEND(pong, n * 10) == CHAN_OK);
    CHAN_CLOSE(pong);
}

static void program(void *arg)
{
    (void)arg;
    CHAN(int) ping = CHAN_MAKE(int, 0), pong = CHAN_MAKE(int, 0);
    ensure(!CHAN_IS_NULL(ping) && !CHAN_IS_NULL(pong));
    ensure(go(opponent, ping, pong));
    int back;
    for (int n = 1; n <= 3; n++) {
        printf("ping %d\n", n);
        ensure(CHAN_SEND(ping, n) == CHAN_OK);
        ensure(CHAN_RECV(pong, &back) == CHAN_OK);
        printf("pong %d\n", back);
    }
    CHAN_CLOSE(ping);
    ensure(CHAN_RECV(pong, &back) == CHAN_CLOSED); /* the opponent is done with both */
    CHAN_FREE(&ping);
    CHAN_FREE(&pong);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
