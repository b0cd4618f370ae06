/* SPDX-License-Identifier: MIT */
/*
 * Close says "no more". Receivers still get what is in the buffer, and then a zero item and
 * CHAN_CLOSED; so the loop of a receiver ends by itself.
 *
 *     go func() { for i := 1; i <= 4; i++ { ch <- i }; close(ch) }()
 *     for n := range ch { fmt.Println(n) }
 *     n, ok := <-ch
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"

static void count_to_four(void *arg)
{
    struct chan *ch = arg;
    for (int i = 1; i <= 4; i++)
        ensure(chan_send(ch, &i) == CHAN_OK);
    chan_close(ch);
}

static void program(void *arg)
{
    (void)arg;
    int n, sum = 0;
    struct chan *ch = chan_make(sizeof n, 2);
    ensure(ch && co_spawn(count_to_four, ch));
    while (chan_recv(ch, &n) == CHAN_OK) {
        printf("received %d\n", n);
        sum += n;
    }
    printf("closed; the sum is %d\n", sum);

    n = 99;
    bool ok = chan_recv(ch, &n) == CHAN_OK;
    printf("one more: n = %d, ok = %s\n", n, ok ? "true" : "false");
    n = 5;
    bool closed = chan_send(ch, &n) == CHAN_CLOSED; /* Go panics; here it is an answer */
    printf("a send on it: %s\n", closed ? "refused" : "done");
    printf("a second close: %s\n", chan_close(ch) ? "done" : "refused");
    chan_free(&ch);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
