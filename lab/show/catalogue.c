/* SPDX-License-Identifier: MIT */
#include "lab/show/catalogue.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lab/example/example.h"
#include "lab/scenario/scenarios.h"
#include "ledger/embed.h"

static json_t *strings(const char *const *list)
{
    json_t *array = json_array();
    for (; *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

/* What the page needs to offer a scenario: its text, the bounds of its numbers, its strategies. */
static json_t *scenario_json(const struct lab_scenario *scenario)
{
    const char *const files[] = {scenario->file, NULL}, *const walks[] = {"random", "pct", NULL};
    json_t *offered = json_array();
    for (const struct lab_strategy *const *at = scenario->strategies; *at; at++)
        json_array_append_new(offered, json_string((*at)->name));
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:{s:i, s:i, s:i, s:i}, s:o, s:o}", "name",
        scenario->name, "title", scenario->title, "holds", scenario->holds, "lanes",
        scenario->clients, "strategies", offered, "breaks", strings(scenario->breaks), "clients",
        "default", scenario->clients, "min", scenario->clients_min, "seeded_max",
        TRIAL_CLIENTS_SEEDED, "max", TRIAL_CLIENTS_MAX, "files", strings(files), "walks",
        strings(walks));
}

static json_t *strategy_json(const struct lab_strategy *strategy)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:o}", "name", strategy->name, "title",
        strategy->title, "kind", strategy->kind == LAB_STRATEGY_SQL ? "sql" : "memory", "safe",
        strategy->safe, "why", strategy->why, "go", strategy->go, "files",
        strings(strategy->files));
}

char *catalogue_json(void)
{
    json_t *scenarios = json_array(), *strategies = json_array(), *sources = json_array(),
           *examples = json_array();
    for (const struct lab_scenario *const *at = scenarios_all; *at; at++)
        json_array_append_new(scenarios, scenario_json(*at));
    for (const struct lab_strategy *const *at = offered_all; *at; at++)
        json_array_append_new(strategies, strategy_json(*at));
    /* The code is that of this very build, so that a step's line is the line that was run. */
    for (const struct embed *file = embed_lab; file->name; file++)
        json_array_append_new(
            sources, json_pack("{s:s, s:s}", "file", file->name, "code", (const char *)file->data));
    for (const struct example *at = example_all; at->name; at++)
        json_array_append_new(examples,
            json_pack("{s:s, s:s, s:s}", "name", at->name, "title", at->title, "code", at->code));
    json_t *object = json_pack("{s:o, s:o, s:o, s:o}", "scenarios", scenarios, "strategies",
        strategies, "sources", sources, "examples", examples);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

void catalogue_print(void)
{
    puts("Scenarios, and what must hold in each:\n");
    for (const struct lab_scenario *const *at = scenarios_all; *at; at++)
        printf("  %-20s %s\n", (*at)->name, (*at)->holds);
    puts("\nStrategies, and why each fails or holds:\n");
    for (const struct lab_strategy *const *at = offered_all; *at; at++)
        printf("  %-20s %s\n", (*at)->name, (*at)->why);
    puts("\nWhere each is broken:\n");
    for (const struct lab_scenario *const *at = scenarios_all; *at; at++) {
        printf("  %-20s", (*at)->name);
        for (const char *const *name = (*at)->breaks; *name; name++)
            printf(" %s", *name);
        putchar('\n');
    }
}
