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

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"

struct table {
    struct chan *ping, *pong;
};

static void opponent(void *arg)
{
    struct table *table = arg;
    int n;
    while (chan_recv(table->ping, &n) == CHAN_OK) {
        n *= 10;
        ensure(chan_send(table->pong, &n) == CHAN_OK);
    }
    chan_close(table->pong);
}

static void program(void *arg)
{
    (void)arg;
    struct table table = {chan_make(sizeof(int), 0), chan_make(sizeof(int), 0)};
    ensure(table.ping && table.pong);
    ensure(co_spawn(opponent, &table));
    for (int n = 1; n <= 3; n++) {
        int back;
        printf("ping %d\n", n);
        ensure(chan_send(table.ping, &n) == CHAN_OK);
        ensure(chan_recv(table.pong, &back) == CHAN_OK);
        printf("pong %d\n", back);
    }
    chan_close(table.ping);
    ensure(chan_recv(table.pong, NULL) == CHAN_CLOSED); /* the opponent is done with both */
    chan_free(&table.ping);
    chan_free(&table.pong);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
