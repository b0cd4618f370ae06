/* SPDX-License-Identifier: MIT */
/*
 * The leak: the first answer is enough, and nobody receives the others. Their senders wait
 * forever. Go tells when asked (a profile of leaked goroutines, since 1.26); here the end of
 * the program lists them, with the line that spawned each, and its exit status is 1.
 *
 *     func fastest() string {
 *         ch := make(chan string)                  // unbuffered: this is the mistake
 *         for _, m := range mirrors { go func() { ch <- ask(m) }() }
 *         return <-ch
 *     }
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"

enum { MIRRORS = 3 };

struct mirror {
    int64_t delay_ns;
    const char *name;
    struct co_chan *answers;
};

static void ask(void *arg)
{
    struct mirror *mirror = arg;
    co_sleep(mirror->delay_ns);
    co_ensure(co_chan_send(mirror->answers, &mirror->name) == CO_CHAN_OK);
}

static struct mirror mirrors[MIRRORS] = {
    {300 * CO_CLOCK_MS, "Lima", NULL},
    {CO_CLOCK_MS, "Oslo", NULL},
    {200 * CO_CLOCK_MS, "Rome", NULL},
};

static void fastest(void *arg)
{
    (void)arg;
    const char *first;
    struct co_chan *answers = co_chan_make(sizeof first, 0);
    for (int i = 0; i < MIRRORS; i++) {
        mirrors[i].answers = answers;
        co_ensure(co_spawn(ask, &mirrors[i]));
    }
    co_ensure(co_chan_recv(answers, &first) == CO_CHAN_OK);
    printf("the fastest is %s\n", first);
    fflush(stdout);
    co_sleep(400 * CO_CLOCK_MS); /* the program goes on with other things */
}

int main(void)
{
    return co_runtime_run(NULL, fastest, NULL) == 0 ? 0 : 1;
}
