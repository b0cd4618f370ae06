/* SPDX-License-Identifier: MIT */
/*
 * Channel directions: code that is given one end of a channel cannot use the other, nor send what
 * is not of its type. The compiler says so.
 *
 *     func ping(pings chan<- string, msg string) { pings <- msg }
 *     func pong(pings <-chan string, pongs chan<- string) { pongs <- (<-pings) }
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

CO_CHAN_OF_NAMED(text, const char *)

CO_GO_FUNCTION(ping, (CO_SENDER(text), pings), (const char *, word))
{
    co_ensure(
        CO_CHAN_SEND(pings, word) == CO_CHAN_OK); /* CO_CHAN_RECV(pings, &word) does not compile */
    CO_CHAN_CLOSE(pings);
}

CO_GO_FUNCTION(pong, (CO_RECEIVER(text), pings), (CO_SENDER(text), pongs))
{
    CO_CHAN_RANGE(const char *, word, pings)
    co_ensure(CO_CHAN_SEND(pongs, word) == CO_CHAN_OK);
    CO_CHAN_CLOSE(pongs);
}

static void program(void *arg)
{
    (void)arg;
    CO_CHAN(text) pings = CO_CHAN_MAKE(text, 0), pongs = CO_CHAN_MAKE(text, 0);
    co_ensure(!CO_CHAN_IS_NULL(pings) && !CO_CHAN_IS_NULL(pongs));
    co_ensure(co_go(ping, CO_SENDER_OF(text, pings), "ball"));
    co_ensure(co_go(pong, CO_RECEIVER_OF(text, pings), CO_SENDER_OF(text, pongs)));
    CO_CHAN_RANGE(const char *, word, pongs)
    printf("the %s came through\n", word);
    puts("and no more");
    CO_CHAN_FREE(&pings);
    CO_CHAN_FREE(&pongs);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
