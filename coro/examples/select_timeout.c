/* SPDX-License-Identifier: MIT */
/*
 * Select: whichever of several operations can go ahead first; with a timeout, or with a default
 * for "none of them now".
 *
 *     select {
 *     case w := <-fast:                fmt.Println(w)
 *     case w := <-slow:                fmt.Println(w)
 *     case <-time.After(time.Second):  fmt.Println("timeout")
 *     }
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/select.h"

struct speaker {
    struct co_chan *chan;
    int64_t delay_ns;
    const char *word;
};

static void speak_later(void *arg)
{
    struct speaker *speaker = arg;
    co_sleep(speaker->delay_ns);
    co_ensure(co_chan_send(speaker->chan, &speaker->word) == CO_CHAN_OK);
}

static void program(void *arg)
{
    (void)arg;
    const char *word;
    struct speaker fast = {co_chan_make(sizeof word, 1), 20 * CO_CLOCK_MS, "hare"};
    struct speaker slow = {co_chan_make(sizeof word, 1), 40 * CO_CLOCK_MS, "tortoise"};
    co_ensure(fast.chan && slow.chan);
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = fast.chan, .item = &word},
        {.op = CO_SELECT_RECV, .chan = slow.chan, .item = &word},
    };
    if (co_select_try(cases, 2) == CO_SELECT_NONE)
        puts("default: nobody has spoken yet");

    co_ensure(co_spawn(speak_later, &fast));
    int which = co_select_wait(cases, 2);
    printf("case %d: %s\n", which, word);

    if (co_select_timeout(cases, 2, 30 * CO_CLOCK_MS) == CO_SELECT_NONE)
        puts("timeout: no patience for the other one");

    co_ensure(co_spawn(speak_later, &slow));
    cases[0].chan = NULL; /* never ready: how a case is switched off */
    which = co_select_wait(cases, 2);
    printf("case %d: %s\n", which, word);
    co_chan_free(&fast.chan);
    co_chan_free(&slow.chan);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
