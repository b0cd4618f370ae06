/* SPDX-License-Identifier: MIT */
#include "coro/group.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "coro/waitgroup.h"

struct co_group {
    struct co_context *context;
    struct co_waitgroup children;
    _Atomic int error; /* the first */
};

struct child {
    struct co_group *group;
    int (*fn)(struct co_context *context, void *arg);
    void *arg;
};

struct co_group *co_group_make(struct co_context *parent)
{
    struct co_group *group = calloc(1, sizeof *group);
    struct co_context *context = co_context_with_cancel(parent);
    if (!group || !context) {
        co_context_release(&context);
        free(group);
        return NULL;
    }
    group->context = context;
    return group;
}

static void fail(struct co_group *group, int error)
{
    int none = 0;
    if (atomic_compare_exchange_strong(&group->error, &none, error))
        co_context_cancel(group->context);
}

static void child_main(void *arg)
{
    struct child child = *(struct child *)arg;
    free(arg);
    int error = child.fn(child.group->context, child.arg);
    if (error)
        fail(child.group, error);
    co_waitgroup_done(&child.group->children);
}

bool co_group_spawn_at(const struct co_site *site, struct co_group *group,
    int (*fn)(struct co_context *context, void *arg), void *arg)
{
    struct child *child = malloc(sizeof *child);
    if (child) {
        *child = (struct child){group, fn, arg};
        co_waitgroup_add(&group->children, 1);
        if (co_spawn_at(site, child_main, child))
            return true;
        co_waitgroup_done(&group->children);
        free(child);
    }
    fail(group, CO_GROUP_NOT_STARTED);
    return false;
}

int co_group_wait(struct co_group **group)
{
    struct co_group *it = *group;
    *group = NULL;
    co_waitgroup_wait(&it->children);
    int error = atomic_load(&it->error);
    co_context_release(&it->context);
    free(it);
    return error;
}
