/* SPDX-License-Identifier: MIT */
#include "coro/group.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "coro/waitgroup.h"

struct group {
    struct context *context;
    struct waitgroup children;
    _Atomic int error; /* the first */
};

struct child {
    struct group *group;
    int (*fn)(struct context *context, void *arg);
    void *arg;
};

struct group *group_make(struct context *parent)
{
    struct group *group = calloc(1, sizeof *group);
    struct context *context = context_with_cancel(parent);
    if (!group || !context) {
        context_release(&context);
        free(group);
        return NULL;
    }
    group->context = context;
    return group;
}

static void fail(struct group *group, int error)
{
    int none = 0;
    if (atomic_compare_exchange_strong(&group->error, &none, error))
        context_cancel(group->context);
}

static void child_main(void *arg)
{
    struct child child = *(struct child *)arg;
    free(arg);
    int error = child.fn(child.group->context, child.arg);
    if (error)
        fail(child.group, error);
    waitgroup_done(&child.group->children);
}

bool group_spawn_at(const struct co_site *site, struct group *group,
    int (*fn)(struct context *context, void *arg), void *arg)
{
    struct child *child = malloc(sizeof *child);
    if (child) {
        *child = (struct child){group, fn, arg};
        waitgroup_add(&group->children, 1);
        if (co_spawn_at(site, child_main, child))
            return true;
        waitgroup_done(&group->children);
        free(child);
    }
    fail(group, GROUP_NOT_STARTED);
    return false;
}

int group_wait(struct group **group)
{
    struct group *it = *group;
    *group = NULL;
    waitgroup_wait(&it->children);
    int error = atomic_load(&it->error);
    context_release(&it->context);
    free(it);
    return error;
}
