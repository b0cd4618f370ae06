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
    struct chan *chan;
    int64_t delay_ns;
    const char *word;
};

static void speak_later(void *arg)
{
    struct speaker *speaker = arg;
    co_sleep(speaker->delay_ns);
    ensure(chan_send(speaker->chan, &speaker->word) == CHAN_OK);
}

static void program(void *arg)
{
    (void)arg;
    const char *word;
    struct speaker fast = {chan_make(sizeof word, 1), 20 * CLOCK_MS, "hare"};
    struct speaker slow = {chan_make(sizeof word, 1), 300 * CLOCK_MS, "tortoise"};
    ensure(fast.chan && slow.chan);
    struct select_case cases[] = {
        {.op = SELECT_RECV, .chan = fast.chan, .item = &word},
        {.op = SELECT_RECV, .chan = slow.chan, .item = &word},
    };
    if (select_try(cases, 2) == SELECT_NONE)
        puts("default: nobody has spoken yet");

    ensure(co_spawn(speak_later, &fast) && co_spawn(speak_later, &slow));
    int which = select_wait(cases, 2);
    printf("case %d: %s\n", which, word);

    if (select_timeout(cases, 2, 30 * CLOCK_MS) == SELECT_NONE)
        puts("timeout: no patience for the other one");

    cases[0].chan = NULL; /* never ready: how a case is switched off */
    which = select_wait(cases, 2);
    printf("case %d: %s\n", which, word);
    chan_free(&fast.chan);
    chan_free(&slow.chan);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
