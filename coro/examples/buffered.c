/* SPDX-License-Identifier: MIT */
/*
 * A buffered channel: sends wait only when it is full, receives only when it is empty.
 *
 *     ch := make(chan string, 2)
 *     ch <- "first"; ch <- "second"           // nobody receives yet
 *     fmt.Println(len(ch), cap(ch), <-ch, <-ch)
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/runtime.h"

static void program(void *arg)
{
    (void)arg;
    const char *words[] = {"first", "second", "third"};
    const char *word;
    struct chan *ch = chan_make(sizeof word, 2); /* items of any size: here, a pointer */
    ensure(ch);
    for (int i = 0; i < 3; i++) {
        bool sent = chan_try_send(ch, &words[i]) == CHAN_OK;
        printf("%s: %s\n", words[i], sent ? "sent" : "would have to wait");
    }
    printf("%zu of %zu places taken\n", chan_len(ch), chan_cap(ch));
    while (chan_try_recv(ch, &word) == CHAN_OK)
        printf("received %s\n", word);
    printf("%zu of %zu places taken\n", chan_len(ch), chan_cap(ch));
    chan_free(&ch);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
