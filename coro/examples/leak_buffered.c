/* SPDX-License-Identifier: MIT */
/*
 * The leak's other cure: a place in the channel for each answer. A sender whose answer nobody wants
 * leaves it there, and ends; the channel and what is in it are freed together.
 *
 *     ch := make(chan string, len(mirrors))
 *     for _, m := range mirrors { go func() { ch <- ask(m) }() }
 *     return <-ch
 *
 * The slow ones still do their work to the end: where that matters, leak_cured.c stops them.
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/clock.h"
#include "coro/go.h"
#include "coro/runtime.h"

enum { MIRRORS = 3 };
CO_CHAN_OF_NAMED(text, const char *)

CO_GO_FUNCTION(ask, (const char *, mirror), (int64_t, delay_ns), (CO_SENDER(text), answers))
{
    co_sleep(delay_ns);
    co_ensure(CO_CHAN_SEND(answers, mirror) == CO_CHAN_OK); /* never waits */
}

static void fastest(void *arg)
{
    (void)arg;
    const char *first;
    struct co_waitgroup asked = {0};
    CO_CHAN(text) answers = CO_CHAN_MAKE(text, MIRRORS);
    co_ensure(!CO_CHAN_IS_NULL(answers));
    co_ensure(co_waitgroup_go(&asked, ask, "Lima", 30 * CO_CLOCK_MS, CO_SENDER_OF(text, answers)));
    co_ensure(co_waitgroup_go(&asked, ask, "Oslo", CO_CLOCK_MS, CO_SENDER_OF(text, answers)));
    co_ensure(co_waitgroup_go(&asked, ask, "Rome", 20 * CO_CLOCK_MS, CO_SENDER_OF(text, answers)));
    co_ensure(CO_CHAN_RECV(answers, &first) == CO_CHAN_OK);
    printf("the fastest is %s\n", first);
    co_waitgroup_wait(&asked);
    printf("%zu answers are left, and nobody waits\n", co_chan_len(answers.chan));
    CO_CHAN_FREE(&answers);
}

int main(void)
{
    return co_runtime_run(NULL, fastest, NULL) == 0 ? 0 : 1;
}
