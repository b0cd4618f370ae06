/* SPDX-License-Identifier: MIT */
/*
 * Publish and subscribe where nobody may miss anything: the publisher waits for the slowest
 * subscriber. Closing the topic ends the subscribers' loops.
 *
 *     for _, s := range subscribers { s <- item }
 *     for _, s := range subscribers { close(s) }
 *
 * pubsub.c is the other way: the publisher never waits, and a slow subscriber misses items.
 */
#include <stdio.h>

#include "coro/clock.h"
#include "coro/context.h"
#include "coro/go.h"
#include "coro/runtime.h"
#include "coro/topic.h"

enum { ITEMS = 100 };

GO_FUNCTION(read_all, (struct subscription *, subscription), (int64_t, pause_ns), (int *, received))
{
    int item;
    while (chan_recv(topic_chan(subscription), &item) == CHAN_OK) {
        ++*received;
        co_sleep(pause_ns);
    }
}

static void program(void *arg)
{
    (void)arg;
    struct waitgroup all = {0};
    struct topic *news = topic_make(sizeof(int));
    ensure(news);
    struct subscription *keen = topic_subscribe(news, 10), *lazy = topic_subscribe(news, 1);
    int by_keen = 0, by_lazy = 0;
    ensure(keen && lazy);
    ensure(waitgroup_go(&all, read_all, keen, 0, &by_keen));
    ensure(waitgroup_go(&all, read_all, lazy, CLOCK_MS / 10, &by_lazy));
    for (int i = 1; i <= ITEMS; i++)
        ensure(topic_publish_all(context_background(), news, &i) == CHAN_OK);
    topic_close(news);
    waitgroup_wait(&all);
    printf("keen: received %d, missed %d\n", by_keen, (int)topic_missed(keen));
    printf("lazy: received %d, missed %d\n", by_lazy, (int)topic_missed(lazy));
    topic_unsubscribe(news, &keen);
    topic_unsubscribe(news, &lazy);
    topic_free(&news);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
