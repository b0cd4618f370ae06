/* SPDX-License-Identifier: MIT */
/* Reads other workers' coroutines and their stacks while they run: each word by itself is right,
 * and a coroutine that went on meanwhile is left out. Descriptors and stacks are never unmapped. */
#include "coro/stuck.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/frames_private.h"
#include "coro/say.h"
#include "coro/sched_private.h"
#include "coro/stuck_private.h"
#include "coro/symbols_private.h"

enum { TURN = 4096 }; /* descriptors; more at a time would keep others from running */

/* What one coroutine looks like, as a group of one. False: it does not wait, or not that long. */
static bool look_at(
    const struct co *co, int64_t now_ns, int64_t at_least_ns, struct co_stuck_group *one)
{
    uint64_t id = co_id(co);
    int64_t since_ns = atomic_load_explicit(&co->since_ns, memory_order_relaxed);
    *one = (struct co_stuck_group){
        .spawned = atomic_load_explicit(&co->site, memory_order_relaxed),
        .why = atomic_load_explicit(&co->why, memory_order_relaxed),
        .count = 1,
        .id = id,
        .longest_ns = now_ns - since_ns,
        .shortest_ns = now_ns - since_ns,
    };
    if (one->longest_ns < at_least_ns || !one->spawned || !one->why)
        return false;
    one->depth = co_frames_of(co, one->frames, CO_STUCK_FRAMES);

    /* It is still the same one, in the same wait. */
    return atomic_load_explicit(&co->state, memory_order_acquire) == CO_WAITING &&
           co_id(co) == id && atomic_load_explicit(&co->since_ns, memory_order_relaxed) == since_ns;
}

static bool is_alike(const struct co_stuck_group *a, const struct co_stuck_group *b)
{
    return a->spawned == b->spawned && a->depth == b->depth && strcmp(a->why, b->why) == 0 &&
           memcmp(a->frames, b->frames, (size_t)a->depth * sizeof a->frames[0]) == 0;
}

static void add(struct co_stuck *stuck, const struct co_stuck_group *one)
{
    stuck->waiting++;
    for (size_t i = 0; i < stuck->count; i++) {
        struct co_stuck_group *group = &stuck->groups[i];
        if (!is_alike(group, one))
            continue;
        group->count++;
        if (one->longest_ns > group->longest_ns) {
            group->longest_ns = one->longest_ns;
            group->id = one->id;
        }
        if (one->shortest_ns < group->shortest_ns)
            group->shortest_ns = one->shortest_ns;
        return;
    }
    if (stuck->count < CO_STUCK_GROUPS)
        stuck->groups[stuck->count++] = *one;
    else
        stuck->others++;
}

/* The descriptors from `from` on, one turn of them; where to go on. */
static uint32_t look_on(
    struct co_stuck *stuck, uint32_t from, uint32_t used, int64_t now_ns, int64_t at_least_ns)
{
    uint32_t end = used - from > TURN ? from + TURN : used;
    for (; from < end; from++) {
        const struct co *co = &co_runtime.cos[from];
        int state = atomic_load_explicit(&co->state, memory_order_acquire);
        struct co_stuck_group one;
        stuck->alive += state != CO_FREE;
        if (state == CO_WAITING && look_at(co, now_ns, at_least_ns, &one))
            add(stuck, &one);
    }
    return from;
}

/* The largest first; few enough for the simplest way, which a signal handler may go. */
static void sort(struct co_stuck *stuck)
{
    for (size_t i = 1; i < stuck->count; i++) {
        struct co_stuck_group group = stuck->groups[i];
        size_t at = i;
        for (; at > 0 && stuck->groups[at - 1].count < group.count; at--)
            stuck->groups[at] = stuck->groups[at - 1];
        stuck->groups[at] = group;
    }
}

/* How all of a group came into the library is the same for all: not told. */
static void leave_out_own(struct co_stuck_group *group)
{
    int own = co_frames_own(group->frames, group->depth);
    group->depth -= own;
    memmove(group->frames, group->frames + own, (size_t)group->depth * sizeof group->frames[0]);
}

static void take(struct co_stuck *stuck, int64_t at_least_ns, bool yields)
{
    memset(stuck, 0, sizeof *stuck);
    int64_t now_ns = co_clock_now_ns();
    uint32_t used = atomic_load_explicit(&co_runtime.cos_pool.used, memory_order_acquire);
    for (uint32_t at = 0; at < used;) {
        at = look_on(stuck, at, used, now_ns, at_least_ns);
        if (yields && at < used)
            co_yield();
    }
    for (size_t i = 0; i < stuck->count; i++)
        leave_out_own(&stuck->groups[i]);
    sort(stuck);
}

void co_stuck_take(struct co_stuck *stuck, int64_t at_least_ns)
{
    take(stuck, at_least_ns, true);
}

const char *co_stuck_frame(
    const struct co_stuck_group *group, int frame, char text[CO_STUCK_FRAME_TEXT])
{
    return co_symbols_text(group->frames[frame], text, CO_STUCK_FRAME_TEXT);
}

static void say_group(int fd, const struct co_stuck_group *group)
{
    char text[CO_STUCK_FRAME_TEXT];
    co_say_line(fd, "%u %s on %s for %lld to %lld ms (#%llu), spawned at %s:%d\n", group->count,
        group->spawned->name, group->why, (long long)(group->shortest_ns / CO_CLOCK_MS),
        (long long)(group->longest_ns / CO_CLOCK_MS), (unsigned long long)group->id,
        group->spawned->file, group->spawned->line);
    for (int i = 0; i < group->depth; i++)
        co_say_line(fd, "        in %s\n", co_stuck_frame(group, i, text));
}

static void say(int fd, const struct co_stuck *stuck)
{
    co_say_line(fd, "%u of %u coroutines wait, by where:\n", stuck->waiting, stuck->alive);
    for (size_t i = 0; i < stuck->count; i++)
        say_group(fd, &stuck->groups[i]);
    if (stuck->others)
        co_say_line(fd, "... and %u in more groups\n", stuck->others);
}

/* One at a time: it is too large for any stack of ours. */
static struct {
    _Atomic bool taken;
    struct co_stuck stuck;
} shared;

void co_stuck_dump_now(int fd, int64_t at_least_ns)
{
    if (atomic_exchange(&shared.taken, true))
        return;
    take(&shared.stuck, at_least_ns, false);
    say(fd, &shared.stuck);
    atomic_store(&shared.taken, false);
}

struct dump {
    int fd;
    int64_t at_least_ns;
};

static void dump(void *arg)
{
    const struct dump *dump = arg;
    co_stuck_dump_now(dump->fd, dump->at_least_ns);
}

void co_stuck_dump(int fd, int64_t at_least_ns)
{
    co_worker_call(dump, &(struct dump){fd, at_least_ns});
}
