/* SPDX-License-Identifier: MIT */
/*
 * Children with one context: the first that fails cancels the rest (Go's errgroup). No child
 * outlives group_wait().
 */
#ifndef CORO_GROUP_H
#define CORO_GROUP_H

#include "coro/co.h"
#include "coro/context.h"
#include "coro/language.h"

CORO_C_BEGIN

struct group;

/* NULL when memory is short. */
MUST_CHECK struct group *group_make(struct context *parent);

/* Run fn(context, arg) as a coroutine; what it returns is 0 or an error of the caller's choosing.
 * False: it could not be started, and the group is cancelled. */
#define group_spawn(group, fn, arg) group_spawn_at(CO_SITE(#fn), (group), (fn), (arg))
MUST_CHECK bool group_spawn_at(const struct co_site *site, struct group *group,
    int (*fn)(struct context *context, void *arg), void *arg);

/* Park until all children have returned, free the group and null the caller's pointer. The first
 * error, GROUP_NOT_STARTED if a child could not be started before that, or 0. */
enum { GROUP_NOT_STARTED = -1 };
MUST_CHECK int group_wait(struct group **group);

CORO_C_END

#endif
