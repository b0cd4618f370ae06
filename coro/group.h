/* SPDX-License-Identifier: MIT */
/*
 * Children with one context: the first that fails cancels the rest (Go's errgroup). No child
 * outlives co_group_wait().
 */
#ifndef CORO_GROUP_H
#define CORO_GROUP_H

#include "coro/co.h"
#include "coro/context.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_group;

/* NULL when memory is short. */
CO_MUST_CHECK struct co_group *co_group_make(struct co_context *parent);

/* Run fn(context, arg) as a coroutine; what it returns is 0 or an error of the caller's choosing.
 * False: it could not be started, and the group is cancelled. */
#define co_group_spawn(group, fn, arg) co_group_spawn_at(CO_SITE(#fn), (group), (fn), (arg))
CO_MUST_CHECK bool co_group_spawn_at(const struct co_site *site, struct co_group *group,
    int (*fn)(struct co_context *context, void *arg), void *arg);

/* Park until all children have returned, free the group and null the caller's pointer. The first
 * error, CO_GROUP_NOT_STARTED if a child could not be started before that, or 0. */
enum { CO_GROUP_NOT_STARTED = -1 };
CO_MUST_CHECK int co_group_wait(struct co_group **group);

CO_C_END

#endif
