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

CHAN_OF_NAMED(text, const char *)

static void program(void *arg)
{
    (void)arg;
    const char *words[] = {"first", "second", "third"};
    const char *word;
    CHAN(text) ch = CHAN_MAKE(text, 2);
    ensure(!CHAN_IS_NULL(ch));
    for (int i = 0; i < 3; i++) {
        bool sent = CHAN_TRY_SEND(ch, words[i]) == CHAN_OK;
        printf("%s: %s\n", words[i], sent ? "sent" : "would have to wait");
    }
    printf("%zu of %zu places taken\n", chan_len(ch.chan), chan_cap(ch.chan));
    while (CHAN_TRY_RECV(ch, &word) == CHAN_OK)
        printf("received %s\n", word);
    printf("%zu of %zu places taken\n", chan_len(ch.chan), chan_cap(ch.chan));
    CHAN_FREE(&ch);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
