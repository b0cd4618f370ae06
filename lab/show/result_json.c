/* SPDX-License-Identifier: MIT */
/* The members stand in the order in which they are set: jansson keeps it. */
#include "lab/show/result_json.h"

#include <jansson.h>

static const char *const walk_names[] = {[EXPLORE_RANDOM] = "random", [EXPLORE_PCT] = "pct"};

/* What some of the cells hold: of `values`, those whose bit is set. */
static json_t *values_json(const struct trial *trial, uint32_t which, const int64_t *values)
{
    json_t *object = json_object();
    for (int i = 0; i < trial->cell_count && i < TRACE_CELLS; i++)
        if (which >> i & 1)
            json_object_set_new(object, trial->cells[i].name, json_integer(values[i]));
    return object;
}

static json_t *step_json(const struct trial *trial, const struct trace_step *step, size_t number)
{
    return json_pack("{s:I, s:i, s:s, s:s?, s:o, s:o, s:o, s:s?, s:o, s:s, s:b, s:b}", "step",
        (json_int_t)number, "lane", step->lane, "verb", trace_verb_name(step->verb), "on", step->on,
        "value", step->has_value ? json_integer(step->value) : json_null(), "believes",
        values_json(trial, step->known, step->believes), "truth",
        values_json(trial, UINT32_MAX, step->truth), "file", step->file, "line",
        step->file ? json_integer(step->line) : json_null(), "text", step->text, "switch",
        step->switched, "wrong", step->wrong);
}

static void add_lanes(json_t *object, const struct trace *trace)
{
    json_t *lanes = json_array();
    for (int i = 1; i <= trace->lane_count; i++)
        json_array_append_new(
            lanes, json_pack("{s:i, s:s}", "lane", i, "name", trace->lanes[i].name));
    json_object_set_new(object, "lanes", lanes);
}

static void add_accounts(json_t *object, const struct trial *trial)
{
    json_t *accounts = json_array();
    for (int i = 0; i < trial->cell_count; i++)
        json_array_append_new(accounts, json_pack("{s:s, s:I, s:I}", "name", trial->cells[i].name,
                                            "start", (json_int_t)trial->cells[i].start, "end",
                                            (json_int_t)atomic_load(&trial->cells[i].value)));
    json_object_set_new(object, "accounts", accounts);
}

static void add_stuck(json_t *object, const struct trial *trial)
{
    const struct trace *trace = &trial->trace;
    int lanes[TRACE_LANES], count = trial->deadlocked ? trace_cycle(trace, lanes) : 0;
    json_t *stuck = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(stuck, json_pack("{s:i, s:s, s:s}", "lane", lanes[i], "holds",
                                         trace_awaited(trace, lanes[(i + count - 1) % count])->name,
                                         "waits_for", trace_awaited(trace, lanes[i])->name));
    if (count)
        json_object_set(object, "deadlock", stuck);
    json_decref(stuck);

    json_t *left = json_array();
    for (int i = 1; trial->leaked && i <= trace->lane_count; i++)
        if (trace->lanes[i].state != TRACE_ENDED)
            json_array_append_new(
                left, json_pack("{s:i, s:s?}", "lane", i, "why", trace->lanes[i].why));
    if (trial->leaked)
        json_object_set(object, "leaked", left);
    json_decref(left);
}

/* One run: how it went, step by step. */
static void add_run(json_t *object, const struct outcome *outcome)
{
    static char code[CODE_TEXT];
    const struct trial *trial = outcome->trial;
    const struct lab_verdict *verdict = &trial->verdict;
    bool by_seed = outcome->has_seed;
    json_object_set_new(
        object, "seed", by_seed ? json_integer((json_int_t)outcome->seed) : json_null());
    json_object_set_new(
        object, "walk", by_seed ? json_string(walk_names[outcome->walk]) : json_null());
    json_object_set_new(object, "code",
        json_string(code_format(outcome->path->switches, outcome->path->count, code)));
    json_object_set_new(object, "broken", json_boolean(verdict->broken));
    json_object_set_new(object, "verdict", json_string(verdict->verdict));
    json_object_set_new(object, "expected", json_string(verdict->expected));
    json_object_set_new(object, "actual", json_string(verdict->actual));
    json_object_set_new(object, "switches", json_integer((json_int_t)outcome->path->count));
    json_object_set_new(object, "points", json_integer((json_int_t)outcome->path->points));
    add_lanes(object, &trial->trace);
    add_accounts(object, trial);
    json_t *steps = json_array();
    for (size_t i = 0; i < trial->trace.step_count; i++)
        json_array_append_new(steps, step_json(trial, &trial->trace.steps[i], i + 1));
    json_object_set_new(object, "steps", steps);
    add_stuck(object, trial);
}

static void add_search(json_t *object, const struct outcome *outcome)
{
    json_object_set_new(object, "found", json_boolean(outcome->found));
    if (!outcome->found) {
        json_object_set_new(object, "broken", json_false());
        json_object_set_new(object, "walk", json_string(walk_names[outcome->walk]));
        json_object_set_new(object, "first", json_integer((json_int_t)outcome->seed));
    }
    json_object_set_new(object, "seeds", json_integer((json_int_t)outcome->seeds));
    if (outcome->found)
        json_object_set_new(
            object, "switches_before", json_integer((json_int_t)outcome->switches_before));
}

static void add_count(json_t *object, const struct outcome *outcome)
{
    json_object_set_new(object, "walk", json_string(walk_names[outcome->walk]));
    json_object_set_new(object, "seeds", json_integer((json_int_t)outcome->seeds));
    json_object_set_new(object, "first", json_integer((json_int_t)outcome->seed));
    json_object_set_new(object, "broken_seeds", json_integer((json_int_t)outcome->broken_seeds));
    json_object_set_new(object, "broken", json_boolean(outcome->broken_seeds > 0));
    json_object_set_new(object, "first_broken",
        outcome->broken_seeds ? json_integer((json_int_t)outcome->first_broken) : json_null());
}

char *result_json(const struct outcome *outcome)
{
    static const char *const modes[] = {
        [OUTCOME_SCHEDULE] = "schedule", [OUTCOME_FIND] = "find", [OUTCOME_COUNT] = "count"};
    const struct trial *trial = outcome->trial;
    json_t *object = json_pack("{s:s, s:s, s:i, s:s}", "scenario", trial->scenario->name,
        "strategy", trial->strategy->name, "clients", trial->clients, "mode", modes[outcome->mode]);
    if (outcome->mode == OUTCOME_COUNT)
        add_count(object, outcome);
    else if (outcome->mode == OUTCOME_SCHEDULE || outcome->found)
        add_run(object, outcome);
    if (outcome->mode == OUTCOME_FIND)
        add_search(object, outcome);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}
