/* SPDX-License-Identifier: MIT */
/* All ready coroutines are gathered in the worker's ready queue, and one is drawn from it. */
#include "coro/schedule.h"

#include "coro/random.h"
#include "coro/say.h"
#include "coro/sched_private.h"

enum { DEPTH_MAX = 8, STEPS_DEFAULT = 1000, TIME_PASSES_ONE_IN = 32 };
static const uint64_t FNV_PRIME = UINT64_C(0x100000001b3), FNV_START = UINT64_C(0xcbf29ce484222325);

static struct {
    uint64_t lowest;               /* priorities given so far downwards */
    uint64_t change_at[DEPTH_MAX]; /* PCT: points at which the running one falls back */
} state;

void schedule_begin(struct schedule *schedule)
{
    struct worker *worker = &runtime.workers[0];
    worker->random = schedule->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    schedule->taken = 0;
    schedule->hash = FNV_START;
    schedule->deadlocked = false;
    if (schedule->steps == 0)
        schedule->steps = STEPS_DEFAULT;
    schedule_time_begin();
    state.lowest = UINT64_C(1) << 32;
    ensure(schedule->depth <= DEPTH_MAX);
    for (int i = 0; i + 1 < schedule->depth; i++)
        state.change_at[i] = 1 + random_of(&worker->random) % schedule->steps;
}

UNSANITIZED void schedule_new(struct co *co)
{
    co->priority = (random_of(&runtime.workers[0].random) >> 1) |
                   UINT64_C(1) << 62; /* above all that fell back */
}

UNSANITIZED void schedule_fall_back(struct co *co)
{
    co->priority = --state.lowest;
}

UNSANITIZED static void gather(struct worker *worker)
{
    if (worker->next)
        co_queue_push(&worker->ready, worker->next);
    worker->next = NULL;
    for (struct co *co; (co = fresh_pop(worker));)
        co_queue_push(&worker->ready, co);
}

/* The link that leads to the one to run next. */
UNSANITIZED static struct co **draw(struct schedule *schedule, struct co_queue *ready)
{
    struct co **best = &ready->first;
    uint64_t n = 0;
    for (struct co *co = ready->first; co; co = co->link)
        n++;
    if (schedule->strategy == SCHEDULE_RANDOM || schedule->taken > schedule->steps) {
        for (uint64_t skip = random_next() % n; skip > 0; skip--)
            best = &(*best)->link;
        return best;
    }
    for (struct co **at = &ready->first; *at; at = &(*at)->link)
        if ((*at)->priority > (*best)->priority)
            best = at;
    return best;
}

UNSANITIZED static struct co *unlink_from(struct co_queue *queue, struct co **at)
{
    struct co *co = *at;
    *at = co->link;
    if (queue->last == co) {
        queue->last = NULL;
        for (struct co *rest = queue->first; rest; rest = rest->link)
            queue->last = rest;
    }
    return co;
}

UNSANITIZED static void note(struct schedule *schedule, const struct co *co)
{
    uint64_t id = co_id(co) - runtime.id_base;
    schedule->hash = (schedule->hash ^ id ^ (uint64_t)schedule_time_ns()) * FNV_PRIME;
    if (schedule->trace_fd > 0)
        say_line(schedule->trace_fd, "%llu: at %lld ns #%llu %s\n",
            (unsigned long long)schedule->taken, (long long)schedule_time_ns(),
            (unsigned long long)id, co_name(co));
}

/* NULL: no coroutine is ready, or time has passed and timers are to be looked at first. */
UNSANITIZED struct co *schedule_pick(struct worker *worker)
{
    struct schedule *schedule = runtime.schedule;
    gather(worker);
    if (!worker->ready.first || worker->must_return)
        return NULL;
    bool timers = atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed) != INT64_MAX;
    if (timers && worker->current && random_next() % TIME_PASSES_ONE_IN == 0) {
        schedule_skip_time(worker); /* as if something had taken long */
        return NULL;
    }
    schedule->taken++;
    struct co *co = unlink_from(&worker->ready, draw(schedule, &worker->ready));
    for (int i = 0; i + 1 < schedule->depth; i++)
        if (schedule->strategy == SCHEDULE_PCT && state.change_at[i] == schedule->taken)
            schedule_fall_back(co);
    note(schedule, co);
    return co;
}
