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
    struct subscription *subscription;
    struct waitgroup *all;
    int received, last;
};

static void read_all(void *arg)
{
    struct reader *reader = arg;
    int item;
    while (chan_recv(topic_chan(reader->subscription), &item) == CHAN_OK) {
        reader->received++;
        reader->last = item;
    }
    waitgroup_done(reader->all);
}

static void program(void *arg)
{
    (void)arg;
    struct waitgroup all = {0};
    struct topic *news = topic_make(sizeof(int));
    ensure(news);
    struct reader keen = {topic_subscribe(news, ITEMS), &all, 0, 0};
    struct reader lazy = {topic_subscribe(news, 10), &all, 0, 0};
    ensure(keen.subscription && lazy.subscription);
    waitgroup_add(&all, 2);
    ensure(co_spawn(read_all, &keen));
    for (int i = 1; i <= ITEMS; i++)
        topic_publish(news, &i); /* the lazy one sleeps through it all */
    topic_close(news);
    ensure(co_spawn(read_all, &lazy));
    waitgroup_wait(&all);

    printf("keen: received %d, the last was %d, missed %d\n", keen.received, keen.last,
        (int)topic_missed(keen.subscription));
    printf("lazy: received %d, the last was %d, missed %d\n", lazy.received, lazy.last,
        (int)topic_missed(lazy.subscription));
    topic_unsubscribe(news, &keen.subscription);
    topic_unsubscribe(news, &lazy.subscription);
    topic_free(&news);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
