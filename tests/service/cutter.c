/* SPDX-License-Identifier: MIT */
#include "tests/service/cutter.h"

#include <stdio.h>
#include <stdlib.h>

#include "coro/co.h"
#include "coro/net.h"

enum { PIECE = 1024 };

struct link {
    struct cutter *cutter;
    struct co_context *life; /* of this connection */
    int client, service;
    struct co_waitgroup halves;
};

/* How much of what came may be passed on; then the connection is cut. */
static size_t allowed(struct cutter *cutter, bool is_request, size_t got)
{
    if (!cutter->is_armed || cutter->cuts_requests != is_request)
        return got;
    size_t most = (size_t)cutter->after;
    size_t left = most > cutter->passed ? most - cutter->passed : 0;
    size_t now = got < left ? got : left;
    cutter->passed += now;
    return now;
}

static void pass_on(struct link *link, bool is_request)
{
    struct cutter *cutter = link->cutter;
    int from = is_request ? link->client : link->service;
    int to = is_request ? link->service : link->client;
    char piece[PIECE];
    ssize_t got;
    while ((got = co_net_read(link->life, from, piece, sizeof piece)) > 0) {
        size_t now = allowed(cutter, is_request, (size_t)got);
        bool good = now == 0 || co_net_write(link->life, to, piece, now) == (ssize_t)now;
        if (now < (size_t)got)
            cutter->is_armed = false; /* cut, once */
        if (!good || now < (size_t)got)
            break;
    }
    co_context_cancel(link->life);
}

static void pass_requests(void *arg)
{
    struct link *link = arg;
    pass_on(link, true);
    co_waitgroup_done(&link->halves);
}

static void serve(void *arg)
{
    struct link *link = arg;
    struct cutter *cutter = link->cutter;
    char address[40];
    snprintf(address, sizeof address, "127.0.0.1:%d", cutter->upstream);
    link->life = co_context_with_cancel(cutter->links);
    link->service = link->life ? co_net_dial(link->life, address) : -1;
    if (link->service >= 0) {
        co_waitgroup_add(&link->halves, 1);
        co_ensure(co_spawn(pass_requests, link));
        pass_on(link, false);
        co_waitgroup_wait(&link->halves);
        co_net_close(&link->service);
    }
    co_net_close(&link->client);
    co_context_release(&link->life);
    free(link);
    co_waitgroup_done(&cutter->linked);
}

static void accept_all(void *arg)
{
    struct cutter *cutter = arg;
    int client;
    while ((client = co_net_accept(cutter->life, cutter->listener)) >= 0) {
        struct link *link = calloc(1, sizeof *link);
        co_ensure(link);
        link->cutter = cutter;
        link->client = client;
        co_waitgroup_add(&cutter->linked, 1);
        co_ensure(co_spawn(serve, link));
    }
    co_waitgroup_done(&cutter->running);
}

bool cutter_start(struct cutter *cutter)
{
    *cutter = (struct cutter){.life = co_context_with_cancel(co_context_background())};
    cutter->links = cutter->life ? co_context_with_cancel(cutter->life) : NULL;
    co_ensure(cutter->links);
    cutter->listener = co_net_listen(cutter->life, "127.0.0.1:0");
    if (cutter->listener < 0)
        return false;
    cutter->port = co_net_port(cutter->listener);
    co_waitgroup_add(&cutter->running, 1);
    co_ensure(co_spawn(accept_all, cutter));
    return true;
}

static void arm(struct cutter *cutter, bool requests, long after)
{
    cutter->passed = 0;
    cutter->after = after;
    cutter->cuts_requests = requests;
    cutter->is_armed = true;
}

void cutter_arm(struct cutter *cutter, long after)
{
    arm(cutter, false, after);
}

void cutter_arm_requests(struct cutter *cutter, long after)
{
    arm(cutter, true, after);
}

void cutter_drop(struct cutter *cutter)
{
    co_context_cancel(cutter->links);
    co_waitgroup_wait(&cutter->linked);
    co_context_release(&cutter->links);
    cutter->links = co_context_with_cancel(cutter->life);
    co_ensure(cutter->links);
}

void cutter_stop(struct cutter *cutter)
{
    co_context_cancel(cutter->life);
    co_waitgroup_wait(&cutter->running);
    co_waitgroup_wait(&cutter->linked);
    co_net_close(&cutter->listener);
    co_context_release(&cutter->links);
    co_context_release(&cutter->life);
}
