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

CHAN_OF_NAMED(text, const char *)

GO_FUNCTION(ping, (SENDER(text), pings), (const char *, word))
{
    ensure(CHAN_SEND(pings, word) == CHAN_OK); /* CHAN_RECV(pings, &word) does not compile */
    CHAN_CLOSE(pings);
}

GO_FUNCTION(pong, (RECEIVER(text), pings), (SENDER(text), pongs))
{
    CHAN_RANGE(const char *, word, pings)
    ensure(CHAN_SEND(pongs, word) == CHAN_OK);
    CHAN_CLOSE(pongs);
}

static void program(void *arg)
{
    (void)arg;
    CHAN(text) pings = CHAN_MAKE(text, 0), pongs = CHAN_MAKE(text, 0);
    ensure(!CHAN_IS_NULL(pings) && !CHAN_IS_NULL(pongs));
    ensure(go(ping, SENDER_OF(text, pings), "ball"));
    ensure(go(pong, RECEIVER_OF(text, pings), SENDER_OF(text, pongs)));
    CHAN_RANGE(const char *, word, pongs)
    printf("the %s came through\n", word);
    puts("and no more");
    CHAN_FREE(&pings);
    CHAN_FREE(&pongs);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
