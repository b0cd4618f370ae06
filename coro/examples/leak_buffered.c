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
CHAN_OF_NAMED(text, const char *)

GO_FUNCTION(ask, (const char *, mirror), (int64_t, delay_ns), (SENDER(text), answers))
{
    co_sleep(delay_ns);
    ensure(CHAN_SEND(answers, mirror) == CHAN_OK); /* never waits */
}

static void fastest(void *arg)
{
    (void)arg;
    const char *first;
    struct waitgroup asked = {0};
    CHAN(text) answers = CHAN_MAKE(text, MIRRORS);
    ensure(!CHAN_IS_NULL(answers));
    ensure(waitgroup_go(&asked, ask, "Lima", 30 * CLOCK_MS, SENDER_OF(text, answers)));
    ensure(waitgroup_go(&asked, ask, "Oslo", CLOCK_MS, SENDER_OF(text, answers)));
    ensure(waitgroup_go(&asked, ask, "Rome", 20 * CLOCK_MS, SENDER_OF(text, answers)));
    ensure(CHAN_RECV(answers, &first) == CHAN_OK);
    printf("the fastest is %s\n", first);
    waitgroup_wait(&asked);
    printf("%zu answers are left, and nobody waits\n", chan_len(answers.chan));
    CHAN_FREE(&answers);
}

int main(void)
{
    return runtime_run(NULL, fastest, NULL) == 0 ? 0 : 1;
}
