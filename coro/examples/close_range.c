/* SPDX-License-Identifier: MIT */
/*
 * Close says "no more". Receivers still get what is in the buffer, and then a zero item and
 * CO_CHAN_CLOSED; so the loop of a receiver ends by itself.
 *
 *     go func() { for i := 1; i <= 4; i++ { ch <- i }; close(ch) }()
 *     for n := range ch { fmt.Println(n) }
 *     n, ok := <-ch
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

CO_CHAN_OF(int)

CO_GO_FUNCTION(count_to_four, (CO_SENDER(int), out))
{
    for (int i = 1; i <= 4; i++)
        co_ensure(CO_CHAN_SEND(out, i) == CO_CHAN_OK);
    CO_CHAN_CLOSE(out);
}

static void program(void *arg)
{
    (void)arg;
    int sum = 0;
    CO_CHAN(int) ch = CO_CHAN_MAKE(int, 2);
    co_ensure(!CO_CHAN_IS_NULL(ch) && co_go(count_to_four, CO_SENDER_OF(int, ch)));
    CO_CHAN_RANGE(int, n, ch)
    {
        printf("received %d\n", n);
        sum += n;
    }
    printf("closed; the sum is %d\n", sum);

    int n = 99;
    bool ok = CO_CHAN_RECV(ch, &n) == CO_CHAN_OK;
    printf("one more: n = %d, ok = %s\n", n, ok ? "true" : "false");
    bool closed = CO_CHAN_SEND(ch, 5) == CO_CHAN_CLOSED; /* Go panics; here it is an answer */
    printf("a send on it: %s\n", closed ? "refused" : "done");
    printf("a second close: %s\n", CO_CHAN_CLOSE(ch) ? "done" : "refused");
    CO_CHAN_FREE(&ch);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
