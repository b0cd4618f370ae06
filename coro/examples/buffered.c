/* SPDX-License-Identifier: MIT */
/*
 * A buffered channel: sends wait only when it is full, receives only when it is empty.
 *
 *     ch := make(chan string, 2)
 *     ch <- "first"; ch <- "second"           // nobody receives yet
 *     fmt.Println(len(ch), cap(ch), <-ch, <-ch)
 */
#include <stdio.h>

#include "coro/chan_of.h"
#include "coro/runtime.h"

CO_CHAN_OF_NAMED(text, const char *)

static void program(void *arg)
{
    (void)arg;
    const char *words[] = {"first", "second", "third"};
    const char *word;
    CO_CHAN(text) ch = CO_CHAN_MAKE(text, 2);
    co_ensure(!CO_CHAN_IS_NULL(ch));
    for (int i = 0; i < 3; i++) {
        bool sent = CO_CHAN_TRY_SEND(ch, words[i]) == CO_CHAN_OK;
        printf("%s: %s\n", words[i], sent ? "sent" : "would have to wait");
    }
    printf("%zu of %zu places taken\n", co_chan_len(ch.chan), co_chan_cap(ch.chan));
    while (CO_CHAN_TRY_RECV(ch, &word) == CO_CHAN_OK)
        printf("received %s\n", word);
    printf("%zu of %zu places taken\n", co_chan_len(ch.chan), co_chan_cap(ch.chan));
    CO_CHAN_FREE(&ch);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
