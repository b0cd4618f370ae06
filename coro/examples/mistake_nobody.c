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

CO_CHAN_OF(int)

CO_GO_FUNCTION(print_one, (CO_RECEIVER(int), in))
{
    int n;
    if (CO_CHAN_RECV(in, &n) == CO_CHAN_OK)
        printf("received %d\n", n);
}

static void program(void *arg)
{
    (void)arg;
    CO_CHAN(int) ch = CO_CHAN_MAKE(int, 0);
    co_ensure(!CO_CHAN_IS_NULL(ch));
    puts("sending");
    fflush(stdout);
    co_ensure(CO_CHAN_SEND(ch, 1) == CO_CHAN_OK); /* forever */
    co_ensure(co_go(print_one, CO_RECEIVER_OF(int, ch)));
    CO_CHAN_FREE(&ch);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
