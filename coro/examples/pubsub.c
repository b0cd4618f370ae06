/* SPDX-License-Identifier: MIT */
/*
 * Publish and subscribe: everyone gets every item, through a queue of their own. The publisher
 * never waits: a subscriber that is too slow misses items, and is told how many.
 *
 *     for _, s := range subscribers { select { case s <- item: default: missed++ } }
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/topic.h"
#include "coro/waitgroup.h"

enum { ITEMS = 100 };

struct reader {
    struct co_subscription *subscription;
    struct co_waitgroup *all;
    int received, last;
};

static void read_all(void *arg)
{
    struct reader *reader = arg;
    int item;
    while (co_chan_recv(co_topic_chan(reader->subscription), &item) == CO_CHAN_OK) {
        reader->received++;
        reader->last = item;
    }
    co_waitgroup_done(reader->all);
}

static void program(void *arg)
{
    (void)arg;
    struct co_waitgroup all = {0};
    struct co_topic *news = co_topic_make(sizeof(int));
    co_ensure(news);
    struct reader keen = {co_topic_subscribe(news, ITEMS), &all, 0, 0};
    struct reader lazy = {co_topic_subscribe(news, 10), &all, 0, 0};
    co_ensure(keen.subscription && lazy.subscription);
    co_waitgroup_add(&all, 2);
    co_ensure(co_spawn(read_all, &keen));
    for (int i = 1; i <= ITEMS; i++)
        co_topic_publish(news, &i); /* the lazy one sleeps through it all */
    co_topic_close(news);
    co_ensure(co_spawn(read_all, &lazy));
    co_waitgroup_wait(&all);

    printf("keen: received %d, the last was %d, missed %d\n", keen.received, keen.last,
        (int)co_topic_missed(keen.subscription));
    printf("lazy: received %d, the last was %d, missed %d\n", lazy.received, lazy.last,
        (int)co_topic_missed(lazy.subscription));
    co_topic_unsubscribe(news, &keen.subscription);
    co_topic_unsubscribe(news, &lazy.subscription);
    co_topic_free(&news);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
