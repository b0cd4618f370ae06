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
    uint32_t last;                 /* the number of whoever ran last */
    bool yields;                   /* and it lets others go first */
    size_t next_choice;            /* REPLAY: of the list */
} state;

void co_schedule_begin(struct co_schedule *schedule)
{
    struct co_worker *worker = &co_runtime.workers[0];
    worker->random = schedule->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    schedule->taken = 0;
    schedule->hash = FNV_START;
    schedule->deadlocked = schedule->endless = false;
    schedule->switch_count = 0;
    if (schedule->steps == 0)
        schedule->steps = STEPS_DEFAULT;
    co_schedule_time_begin();
    state.lowest = UINT64_C(1) << 32;
    state.last = 0;
    state.yields = false;
    state.next_choice = 0;
    co_ensure(schedule->depth <= DEPTH_MAX);
    for (int i = 0; i + 1 < schedule->depth; i++)
        state.change_at[i] = 1 + co_random_of(&worker->random) % schedule->steps;
}

CO_UNSANITIZED void co_schedule_new(struct co *co)
{
    co->priority = (co_random_of(&co_runtime.workers[0].random) >> 1) |
                   UINT64_C(1) << 62; /* above all that fell back */
    co->at = NULL;
    co_schedule_tell(CO_SCHEDULE_SPAWNED, co, NULL, NULL);
}

CO_UNSANITIZED static void fall_back(struct co *co)
{
    co->priority = --state.lowest;
}

CO_UNSANITIZED void co_schedule_yield(struct co *co)
{
    state.yields = true;
    fall_back(co);
}

CO_UNSANITIZED static void gather(struct co_worker *worker)
{
    if (worker->next)
        co_queue_push(&worker->ready, worker->next);
    worker->next = NULL;
    for (struct co *co; (co = co_fresh_pop(worker));)
        co_queue_push(&worker->ready, co);
}

/* The link that leads to the one with that number; NULL: it is not ready. */
CO_UNSANITIZED static struct co **find(struct co_queue *ready, uint32_t number)
{
    for (struct co **at = &ready->first; *at; at = &(*at)->link)
        if (co_schedule_number_of(*at) == number)
            return at;
    return NULL;
}

/* How far behind the one that ran last this one's turn comes, when it parked or yields. */
CO_UNSANITIZED static uint32_t turns_until(const struct co *co)
{
    uint32_t number = co_schedule_number_of(co);
    return state.yields ? number - state.last - 1 : number;
}

CO_UNSANITIZED static struct co **usual_one(struct co_queue *ready)
{
    struct co **last = state.yields ? NULL : find(ready, state.last);
    if (last)
        return last;
    struct co **best = &ready->first;
    for (struct co **at = &ready->first; *at; at = &(*at)->link)
        if (turns_until(*at) < turns_until(*best))
            best = at;
    return best;
}

/* REPLAY: whom the list names at this point, if it does. */
CO_UNSANITIZED static bool is_chosen(const struct co_schedule *schedule, uint32_t *who)
{
    while (state.next_choice < schedule->choice_count &&
           schedule->choices[state.next_choice].point < schedule->taken)
        state.next_choice++;
    if (state.next_choice == schedule->choice_count ||
        schedule->choices[state.next_choice].point != schedule->taken)
        return false;
    *who = schedule->choices[state.next_choice].who;
    return true;
}

CO_UNSANITIZED static struct co **draw_random(struct co_queue *ready)
{
    struct co **at = &ready->first;
    uint64_t n = 0;
    for (struct co *co = ready->first; co; co = co->link)
        n++;
    for (uint64_t skip = co_random_next() % n; skip > 0; skip--)
        at = &(*at)->link;
    return at;
}

/* The link that leads to the one to run next. */
CO_UNSANITIZED static struct co **draw(
    const struct co_schedule *schedule, struct co_queue *ready, struct co **usual)
{
    if (schedule->held)
        return usual;
    if (schedule->strategy == CO_SCHEDULE_REPLAY) {
        uint32_t who;
        struct co **chosen = is_chosen(schedule, &who) ? find(ready, who) : NULL;
        return chosen ? chosen : usual;
    }
    if (schedule->strategy == CO_SCHEDULE_RANDOM || schedule->taken > schedule->steps)
        return draw_random(ready);
    struct co **best = &ready->first;
    for (struct co **at = &ready->first; *at; at = &(*at)->link)
        if ((*at)->priority > (*best)->priority)
            best = at;
    return best;
}

CO_UNSANITIZED static struct co *unlink_from(struct co_queue *queue, struct co **at)
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

CO_UNSANITIZED static void note(struct co_schedule *schedule, const struct co *co)
{
    uint64_t id = co_id(co) - co_runtime.id_base;
    schedule->hash = (schedule->hash ^ id ^ (uint64_t)co_schedule_time_ns()) * FNV_PRIME;
    if (schedule->trace_fd > 0)
        co_say_line(schedule->trace_fd, "%llu: at %lld ns #%llu %s\n",
            (unsigned long long)schedule->taken, (long long)co_schedule_time_ns(),
            (unsigned long long)id, co_name(co));
}

/* This run went another way than the usual one. */
CO_UNSANITIZED static void note_switch(struct co_schedule *schedule, uint32_t who)
{
    if (schedule->switches && schedule->switch_count < schedule->switch_room)
        schedule->switches[schedule->switch_count] =
            (struct co_schedule_choice){(uint32_t)schedule->taken, who};
    schedule->switch_count++;
}

CO_UNSANITIZED uint32_t co_schedule_draw(uint32_t n)
{
    struct co_schedule *schedule = co_runtime.schedule;
    uint32_t drawn = 0;
    if (schedule->held)
        return 0;
    schedule->taken++;
    if (schedule->strategy != CO_SCHEDULE_REPLAY)
        drawn = co_random_below(n);
    else if (!is_chosen(schedule, &drawn) || drawn >= n)
        drawn = 0;
    if (drawn)
        note_switch(schedule, drawn);
    return drawn;
}

/* As if something had taken long. */
CO_UNSANITIZED static bool time_passes(const struct co_schedule *schedule)
{
    uint32_t who;
    if (schedule->held)
        return false;
    if (schedule->strategy == CO_SCHEDULE_REPLAY)
        return is_chosen(schedule, &who) && who == CO_SCHEDULE_TIME;
    return co_random_next() % TIME_PASSES_ONE_IN == 0;
}

/* Whoever leaves its stack to wait: its commit is not made yet. */
CO_UNSANITIZED static void tell_parking(const struct co_worker *worker)
{
    const struct co *self = worker->current;
    if (!self || worker->commit.co != self ||
        atomic_load_explicit(&self->state, memory_order_relaxed) != CO_WAITING)
        return;
    co_schedule_tell(CO_SCHEDULE_PARKS, self,
        atomic_load_explicit(&self->why, memory_order_relaxed), worker->commit.lock);
}

/* NULL: no coroutine is ready, or time has passed and timers are to be looked at first. */
CO_UNSANITIZED struct co *co_schedule_pick(struct co_worker *worker)
{
    struct co_schedule *schedule = co_runtime.schedule;
    tell_parking(worker);
    gather(worker);
    if (!worker->ready.first || worker->must_return)
        return NULL;
    if (schedule->limit && schedule->taken >= schedule->limit) {
        schedule->endless = true;
        atomic_store(&co_runtime.stopping, true);
        return NULL;
    }
    schedule->taken++;
    bool timers = atomic_load_explicit(&worker->timers.due_ns, memory_order_relaxed) != INT64_MAX;
    if (timers && worker->current && time_passes(schedule)) {
        note_switch(schedule, CO_SCHEDULE_TIME);
        co_schedule_skip_time(worker);
        return NULL;
    }

    /* One of the ready ones. */
    struct co **usual = usual_one(&worker->ready);
    struct co **drawn = draw(schedule, &worker->ready, usual);
    bool switched = drawn != usual;
    struct co *co = unlink_from(&worker->ready, drawn);
    state.last = co_schedule_number_of(co);
    state.yields = false;
    if (switched)
        note_switch(schedule, state.last);

    /* PCT: its priority may end here. */
    for (int i = 0; i + 1 < schedule->depth; i++)
        if (schedule->strategy == CO_SCHEDULE_PCT && state.change_at[i] == schedule->taken)
            fall_back(co);
    note(schedule, co);
    if (schedule->observe)
        schedule->observe(&(struct co_schedule_event){.kind = CO_SCHEDULE_RUNS,
                              .co = state.last,
                              .point = schedule->taken,
                              .name = co_name(co),
                              .at = co->at,
                              .switched = switched},
            schedule->observe_arg);
    return co;
}
