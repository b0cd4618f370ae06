/* SPDX-License-Identifier: MIT */
/*
 * The mistake: to send on an unbuffered channel before anybody receives from it. A send waits for
 * the other side, and the other side would be started on the next line.
 *
 *     ch := make(chan int)
 *     ch <- 1                  // fatal error: all goroutines are asleep - deadlock!
 *     go func() { fmt.Println(<-ch) }()
 *
 * The runtime says who waits, and the program ends with status 2.
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/go.h"
#include "coro/runtime.h"

CHAN_OF(int)

GO_FUNCTION(print_one, (RECEIVER(int), in))
{
    int n;
    if (CHAN_RECV(in, &n) == CHAN_OK)
        printf("received %d\n", n);
}

static void program(void *arg)
{
    (void)arg;
    CHAN(int) ch = CHAN_MAKE(int, 0);
    ensure(!CHAN_IS_NULL(ch));
    puts("sending");
    fflush(stdout);
    ensure(CHAN_SEND(ch, 1) == CHAN_OK); /* forever */
    ensure(go(print_one, RECEIVER_OF(int, ch)));
    CHAN_FREE(&ch);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
