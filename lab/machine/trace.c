/* SPDX-License-Identifier: MIT */
/*
 * The steps of all lanes go into one array. They are made by coroutines of one worker, one after
 * the other; ThreadSanitizer, which takes those for unordered, is told so at the way in and out.
 */
#include "lab/machine/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/sanitize.h"
#include "lab/machine/cell.h"

static struct trace *current;

static const char *const verb_names[] = {
#define X(symbol, name) name,
    TRACE_VERB_MAP(X)
#undef X
};

const char *trace_verb_name(enum trace_verb verb)
{
    return verb_names[verb];
}

void trace_begin(struct trace *trace, bool records, struct cell *cells, int cell_count)
{
    /* The room for steps is kept: a search runs thousands of schedules with one trace. */
    struct trace_step *steps = trace->steps;
    size_t room = trace->step_room;
    memset(trace, 0, sizeof *trace);
    trace->steps = steps;
    trace->step_room = room;
    trace->records = records;
    trace->cells = cells;
    trace->cell_count = cell_count;
    current = trace;
}

void trace_end(void)
{
    current = NULL;
}

void trace_free(struct trace *trace)
{
    free(trace->steps);
    trace->steps = NULL;
    trace->step_count = trace->step_room = 0;
}

bool trace_is_on(void)
{
    return current && current->records;
}

/* --- names ------------------------------------------------------------------------------------ */

static struct trace_object *find_object(const struct trace *trace, const void *object)
{
    for (int i = 0; object && i < trace->object_count; i++)
        if (trace->objects[i].object == object)
            return (struct trace_object *)(uintptr_t)&trace->objects[i];
    return NULL;
}

/* What kind of thing a lane touches or waits for. */
static const char *kind_of(const struct co_schedule_event *event)
{
    bool lock = event->kind == CO_SCHEDULE_LOCKED || event->kind == CO_SCHEDULE_UNLOCKED;
    const char *why = event->why ? event->why : lock ? "mutex" : "channel";
    return strncmp(why, "channel", strlen("channel")) == 0   ? "channel"
           : strncmp(why, "rwmutex", strlen("rwmutex")) == 0 ? "rwmutex"
                                                             : why;
}

/* What has not been named is numbered in the order of mention, as addresses differ by the run. */
static struct trace_object *object_of(const void *object, const char *kind)
{
    struct trace_object *found = find_object(current, object);
    if (found || !object || current->object_count == TRACE_LANES * 2)
        return found;
    found = &current->objects[current->object_count++];
    found->object = object;
    snprintf(found->name, sizeof found->name, "%s %d", kind, current->object_count);
    return found;
}

void trace_name(const void *object, const char *name)
{
    struct trace_object *named = current ? object_of(object, "") : NULL;
    if (named)
        snprintf(named->name, sizeof named->name, "%s", name);
}

/* The lane of that number, which may be new; NULL: it is beyond those that are kept. */
static struct trace_lane *lane_of(uint32_t number)
{
    if (number == 0 || number > TRACE_LANES)
        return NULL;
    if ((int)number > current->lane_count)
        current->lane_count = (int)number;
    return &current->lanes[number];
}

void trace_name_lane(uint32_t number, const char *name)
{
    struct trace_lane *lane = current ? lane_of(number) : NULL;
    if (lane)
        snprintf(lane->name, sizeof lane->name, "%s", name);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Room for a step; without any more of it the trace is marked as cut, and the run goes on. */
static struct trace_step *new_step(struct trace *trace)
{
    if (trace->step_count == TRACE_STEPS_MAX) {
        trace->cut = true;
        return NULL;
    }
    if (trace->step_count == trace->step_room) {
        size_t room = trace->step_room ? trace->step_room * 2 : 64;
        struct trace_step *steps = realloc(trace->steps, room * sizeof *steps);
        if (!steps) {
            trace->cut = true;
            return NULL;
        }
        trace->steps = steps;
        trace->step_room = room;
    }
    struct trace_step *step = &trace->steps[trace->step_count++];
    memset(step, 0, sizeof *step);
    return step;
}

/* A step with what is true at this moment beside what the lane believes; NULL: none is kept. */
static struct trace_step *add_step(
    uint32_t number, enum trace_verb verb, const struct co_site *at, const char *text)
{
    struct trace_lane *lane = lane_of(number);
    struct trace_step *step = lane && current->records ? new_step(current) : NULL;
    if (!step)
        return NULL;
    step->lane = (int)number;
    step->verb = verb;
    step->file = at ? at->file : NULL;
    step->line = at ? at->line : 0;
    snprintf(step->text, sizeof step->text, "%s", text);
    /* A switch shows at the first step that its lane makes. */
    step->switched = current->switched == step->lane;
    if (step->switched)
        current->switched = 0;
    step->known = lane->known;
    memcpy(step->believes, lane->believes, sizeof step->believes);
    for (int i = 0; i < current->cell_count && i < TRACE_CELLS; i++)
        step->truth[i] = atomic_load_explicit(&current->cells[i].value, memory_order_relaxed);
    return step;
}

struct trace_step *trace_add(uint32_t number, const struct trace_note *note)
{
    /* What is read or written is believed from here on, even if the step finds no room. */
    struct trace_lane *lane = trace_is_on() ? lane_of(number) : NULL;
    if (lane && note->cell && note->learns && note->cell->number < TRACE_CELLS) {
        lane->known |= UINT32_C(1) << note->cell->number;
        lane->believes[note->cell->number] = note->value;
    }
    struct trace_step *step = lane ? add_step(number, note->verb, note->site, note->text) : NULL;
    if (!step)
        return NULL;
    step->on = note->cell ? note->cell->name : NULL;
    step->value = note->value;
    step->has_value = note->has_value;
    return step;
}

void trace_forget(uint32_t number)
{
    struct trace_lane *lane = current ? lane_of(number) : NULL;
    if (lane)
        lane->known = 0;
}

void trace_step(const struct trace_note *note)
{
    if (!trace_is_on())
        return;
    co_sanitize_acquire(current);
    struct trace_step *step = trace_add(co_schedule_number(), note);
    if (step)
        step->stale = note->verb == TRACE_WRITE && current->stale;
    current->stale = false;
    co_sanitize_release(current);
}

/* Does the lane take something that it has looked at to be what it is not? Its own change comes
 * next: what it decided on was stale. */
void trace_before_change(const struct cell *cell)
{
    (void)cell;
    if (!trace_is_on())
        return;
    co_sanitize_acquire(current);
    const struct trace_lane *lane = lane_of(co_schedule_number());
    current->stale = false;
    for (int i = 0; lane && i < current->cell_count && i < TRACE_CELLS; i++)
        if (lane->known >> i & 1 &&
            lane->believes[i] !=
                atomic_load_explicit(&current->cells[i].value, memory_order_relaxed))
            current->stale = true;
    co_sanitize_release(current);
}

/* --- the observer ----------------------------------------------------------------------------- */

/* To be chosen is a step only for a lane that begins or was woken: the others just continue. */
static void note_run(const struct co_schedule_event *event, struct trace_lane *lane)
{
    enum trace_state before = lane->state;
    lane->state = TRACE_RUNS;
    lane->waits_for = NULL;
    if (event->switched)
        current->switched = (int)event->co;
    if (before == TRACE_FRESH)
        add_step(event->co, TRACE_START, NULL, "starts");
    else if (before == TRACE_WOKEN)
        add_step(event->co, TRACE_WAKE, event->at, "goes on");
}

/* What the lane waits for is kept: a deadlock is found by following it. */
static void note_park(const struct co_schedule_event *event, struct trace_lane *lane)
{
    struct trace_object *object = object_of(event->object, kind_of(event));
    lane->state = TRACE_PARKED;
    lane->why = event->why;
    lane->waits_for = event->object;
    char text[TRACE_TEXT];
    const char *how = strcmp(event->why, "channel send") == 0      ? "waits to send on"
                      : strcmp(event->why, "channel receive") == 0 ? "waits to receive on"
                                                                   : "waits for";
    snprintf(text, sizeof text, "%s%s%s", how, object ? "" : " ", object ? "" : event->why);
    struct trace_step *step =
        add_step(event->co, event->object ? TRACE_WAIT : TRACE_PARK, event->at, text);
    if (step && object)
        step->on = object->name;
}

/* A lock or channel was used; of a lock, its holder is remembered. */
static void note_touch(
    const struct co_schedule_event *event, enum trace_verb verb, const char *text)
{
    struct trace_object *object = object_of(event->object, kind_of(event));
    if (object && verb == TRACE_LOCK)
        object->holder = (int)event->co;
    if (object && verb == TRACE_UNLOCK)
        object->holder = 0;
    struct trace_step *step = add_step(event->co, verb, event->at, text);
    if (step && object)
        step->on = object->name;
}

void trace_observe(const struct co_schedule_event *event, void *arg)
{
    (void)arg;
    if (!current)
        return;
    co_sanitize_acquire(current);
    struct trace_lane *lane = lane_of(event->co);
    if (!lane)
        return;
    switch (event->kind) {
    case CO_SCHEDULE_SPAWNED:
        if (!*lane->name)
            snprintf(lane->name, sizeof lane->name, "%s", event->name);
        break;
    case CO_SCHEDULE_RUNS:
        note_run(event, lane);
        break;
    case CO_SCHEDULE_PARKS:
        note_park(event, lane);
        break;
    case CO_SCHEDULE_READIED:
        lane->state = TRACE_WOKEN;
        break;
    case CO_SCHEDULE_ENDED:
        lane->state = TRACE_ENDED;
        add_step(event->co, TRACE_END, NULL, "ends");
        break;
    case CO_SCHEDULE_LOCKED:
        note_touch(event, TRACE_LOCK, "locks");
        break;
    case CO_SCHEDULE_UNLOCKED:
        note_touch(event, TRACE_UNLOCK, "unlocks");
        break;
    case CO_SCHEDULE_SENT:
        note_touch(event, TRACE_SEND, "sends");
        break;
    case CO_SCHEDULE_RECEIVED:
        note_touch(event, TRACE_RECEIVE, "receives");
        break;
    }
    co_sanitize_release(current);
}

bool trace_is_busy(void)
{
    if (current)
        co_sanitize_acquire(current);
    for (int i = 1; current && i <= current->lane_count; i++)
        if (current->lanes[i].state != TRACE_PARKED && current->lanes[i].state != TRACE_ENDED)
            return true;
    return false;
}

/* --- deadlocks -------------------------------------------------------------------------------- */

const struct trace_object *trace_awaited(const struct trace *trace, int lane)
{
    const struct trace_lane *waiting = &trace->lanes[lane];
    return waiting->state == TRACE_PARKED ? find_object(trace, waiting->waits_for) : NULL;
}

/* The lane that holds what this one waits for; 0: none, or it does not wait. */
static int holder_awaited_by(const struct trace *trace, int lane)
{
    const struct trace_object *object = trace_awaited(trace, lane);
    return object ? object->holder : 0;
}

void trace_hold(struct trace *trace, const void *object, const char *name, int lane)
{
    struct trace_object *held = find_object(trace, object);
    if (!held && trace->object_count < TRACE_LANES * 2) {
        held = &trace->objects[trace->object_count++];
        held->object = object;
        snprintf(held->name, sizeof held->name, "%s", name);
    }
    if (held)
        held->holder = lane;
}

/* From each lane on: one that is reached again by following the holders is in a cycle. */
int trace_cycle(const struct trace *trace, int *lanes)
{
    for (int first = 1; first <= trace->lane_count; first++) {
        int count = 0;
        for (int at = first; at && count < TRACE_LANES; at = holder_awaited_by(trace, at)) {
            if (at == first && count > 0)
                return count;
            lanes[count++] = at;
        }
    }
    return 0;
}
