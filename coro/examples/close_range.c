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

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

CHAN_OF(int)

GO_FUNCTION(count_to_four, (SENDER(int), out))
{
    for (int i = 1; i <= 4; i++)
        ensure(CHAN_SEND(out, i) == CHAN_OK);
    CHAN_CLOSE(out);
}

static void program(void *arg)
{
    (void)arg;
    int sum = 0;
    CHAN(int) ch = CHAN_MAKE(int, 2);
    ensure(!CHAN_IS_NULL(ch) && go(count_to_four, SENDER_OF(int, ch)));
    CHAN_RANGE(int, n, ch)
    {
        printf("received %d\n", n);
        sum += n;
    }
    printf("closed; the sum is %d\n", sum);

    int n = 99;
    bool ok = CHAN_RECV(ch, &n) == CHAN_OK;
    printf("one more: n = %d, ok = %s\n", n, ok ? "true" : "false");
    bool closed = CHAN_SEND(ch, 5) == CHAN_CLOSED; /* Go panics; here it is an answer */
    printf("a send on it: %s\n", closed ? "refused" : "done");
    printf("a second close: %s\n", CHAN_CLOSE(ch) ? "done" : "refused");
    CHAN_FREE(&ch);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
