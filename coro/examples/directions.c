/* SPDX-License-Identifier: MIT */
/*
 * Channel directions: code that is given one end of a channel cannot use the other, and a spawn
 * cannot pass the wrong argument. The compiler says so.
 *
 *     func ping(pings chan<- string, msg string) { pings <- msg }
 *     func pong(pings <-chan string, pongs chan<- string) { pongs <- (<-pings) }
 */
#include <stdio.h>

#include "coro/chan_view.h"
#include "coro/co.h"
#include "coro/runtime.h"

struct ends {
    struct chan_receiver pings;
    struct chan_sender pongs;
};

CO_FUNCTION(ping, struct chan *, pings)
{
    const char *word = "ball";
    struct chan_sender end = chan_sender(pings); /* from here on it can only send and close */
    ensure(chan_sender_send(end, &word) == CHAN_OK);
    chan_sender_close(end);
}

CO_FUNCTION(pong, const struct ends *, ends)
{
    const char *word;
    while (chan_receiver_recv(ends->pings, &word) == CHAN_OK)
        ensure(chan_sender_send(ends->pongs, &word) == CHAN_OK);
    chan_sender_close(ends->pongs);
}

static void program(void *arg)
{
    (void)arg;
    const char *word;
    struct chan *pings = chan_make(sizeof word, 0), *pongs = chan_make(sizeof word, 0);
    struct ends ends = {chan_receiver(pings), chan_sender(pongs)};
    ensure(pings && pongs);
    ensure(co_spawn_typed(ping, pings) && co_spawn_typed(pong, &ends));
    while (chan_recv(pongs, &word) == CHAN_OK)
        printf("the %s came through\n", word);
    puts("and no more");
    chan_free(&pings);
    chan_free(&pongs);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
