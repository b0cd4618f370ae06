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

CO_GO_FUNCTION(
    read_all, (struct co_subscription *, subscription), (int64_t, pause_ns), (int *, received))
{
    int item;
    while (co_chan_recv(co_topic_chan(subscription), &item) == CO_CHAN_OK) {
        ++*received;
        co_sleep(pause_ns);
    }
}

static void program(void *arg)
{
    (void)arg;
    struct co_waitgroup all = {0};
    struct co_topic *news = co_topic_make(sizeof(int));
    co_ensure(news);
    struct co_subscription *keen = co_topic_subscribe(news, 10),
                           *lazy = co_topic_subscribe(news, 1);
    int by_keen = 0, by_lazy = 0;
    co_ensure(keen && lazy);
    co_ensure(co_waitgroup_go(&all, read_all, keen, 0, &by_keen));
    co_ensure(co_waitgroup_go(&all, read_all, lazy, CO_CLOCK_MS / 10, &by_lazy));
    for (int i = 1; i <= ITEMS; i++)
        co_ensure(co_topic_publish_all(co_context_background(), news, &i) == CO_CHAN_OK);
    co_topic_close(news);
    co_waitgroup_wait(&all);
    printf("keen: received %d, missed %d\n", by_keen, (int)co_topic_missed(keen));
    printf("lazy: received %d, missed %d\n", by_lazy, (int)co_topic_missed(lazy));
    co_topic_unsubscribe(news, &keen);
    co_topic_unsubscribe(news, &lazy);
    co_topic_free(&news);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
