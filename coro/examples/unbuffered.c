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

CO_CHAN_OF(int)

CO_GO_FUNCTION(opponent, (CO_CHAN(int), ping), (CO_CHAN(int), pong))
{
    CO_CHAN_RANGE(int, n, ping)
    co_ensure(CO_CHAN_SEND(pong, n * 10) == CO_CHAN_OK);
    CO_CHAN_CLOSE(pong);
}

static void program(void *arg)
{
    (void)arg;
    CO_CHAN(int) ping = CO_CHAN_MAKE(int, 0), pong = CO_CHAN_MAKE(int, 0);
    co_ensure(!CO_CHAN_IS_NULL(ping) && !CO_CHAN_IS_NULL(pong));
    co_ensure(co_go(opponent, ping, pong));
    int back;
    for (int n = 1; n <= 3; n++) {
        printf("ping %d\n", n);
        co_ensure(CO_CHAN_SEND(ping, n) == CO_CHAN_OK);
        co_ensure(CO_CHAN_RECV(pong, &back) == CO_CHAN_OK);
        printf("pong %d\n", back);
    }
    CO_CHAN_CLOSE(ping);
    co_ensure(CO_CHAN_RECV(pong, &back) == CO_CHAN_CLOSED); /* the opponent is done with both */
    CO_CHAN_FREE(&ping);
    CO_CHAN_FREE(&pong);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
