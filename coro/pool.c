/* SPDX-License-Identifier: MIT */
#include "coro/pool.h"

#include <stdlib.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/waitgroup.h"

struct pool {
    struct chan *calls;
    struct waitgroup workers;
};

struct call {
    void (*fn)(void *arg);
    void *arg;
};

static void pool_worker(void *arg)
{
    struct pool *pool = arg;
    struct call call;
    while (chan_recv(pool->calls, &call) == CHAN_OK)
        call.fn(call.arg);
    waitgroup_done(&pool->workers);
}

struct pool *pool_make(size_t workers, size_t queue)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->calls = chan_make(sizeof(struct call), queue);
    for (size_t i = 0; i < workers && pool->calls; i++) {
        waitgroup_add(&pool->workers, 1);
        if (!co_spawn(pool_worker, pool)) {
            waitgroup_done(&pool->workers);
            pool_close(&pool);
            return NULL;
        }
    }
    if (!pool->calls) {
        free(pool);
        return NULL;
    }
    return pool;
}

void pool_submit(struct pool *pool, void (*fn)(void *arg), void *arg)
{
    struct call call = {fn, arg};
    enum chan_status status = chan_send(pool->calls, &call);
    ensure(status == CHAN_OK); /* a pool that is being closed gets no more calls */
}

bool pool_try_submit(struct pool *pool, void (*fn)(void *arg), void *arg)
{
    struct call call = {fn, arg};
    enum chan_status status = chan_try_send(pool->calls, &call);
    ensure(status != CHAN_CLOSED);
    return status == CHAN_OK;
}

void pool_close(struct pool **pool)
{
    struct pool *it = *pool;
    *pool = NULL;
    chan_close(it->calls);
    waitgroup_wait(&it->workers);
    chan_free(&it->calls);
    free(it);
}
