/* SPDX-License-Identifier: MIT */
#include "coro/pool.h"

#include <stdlib.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/waitgroup.h"

struct co_pool {
    struct co_chan *calls;
    struct co_waitgroup workers;
};

struct call {
    void (*fn)(void *arg);
    void *arg;
};

static void pool_worker(void *arg)
{
    struct co_pool *pool = arg;
    struct call call;
    while (co_chan_recv(pool->calls, &call) == CO_CHAN_OK)
        call.fn(call.arg);
    co_waitgroup_done(&pool->workers);
}

struct co_pool *co_pool_make(size_t workers, size_t queue)
{
    struct co_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->calls = co_chan_make(sizeof(struct call), queue);
    for (size_t i = 0; i < workers && pool->calls; i++) {
        co_waitgroup_add(&pool->workers, 1);
        if (!co_spawn(pool_worker, pool)) {
            co_waitgroup_done(&pool->workers);
            co_pool_close(&pool);
            return NULL;
        }
    }
    if (!pool->calls) {
        free(pool);
        return NULL;
    }
    return pool;
}

void co_pool_submit(struct co_pool *pool, void (*fn)(void *arg), void *arg)
{
    struct call call = {fn, arg};
    enum co_chan_status status = co_chan_send(pool->calls, &call);
    co_ensure(status == CO_CHAN_OK); /* a pool that is being closed gets no more calls */
}

bool co_pool_try_submit(struct co_pool *pool, void (*fn)(void *arg), void *arg)
{
    struct call call = {fn, arg};
    enum co_chan_status status = co_chan_try_send(pool->calls, &call);
    co_ensure(status != CO_CHAN_CLOSED);
    return status == CO_CHAN_OK;
}

void co_pool_close(struct co_pool **pool)
{
    struct co_pool *it = *pool;
    *pool = NULL;
    co_chan_close(it->calls);
    co_waitgroup_wait(&it->workers);
    co_chan_free(&it->calls);
    free(it);
}
