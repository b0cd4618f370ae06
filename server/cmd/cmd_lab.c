/* SPDX-License-Identifier: MIT */
/* An experiment of the lab: options in, one outcome out. No service; a database only for the
 * strategies that leave it to one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "lab/example/example.h"
#include "lab/machine/shrink.h"
#include "lab/parallel/parallel.h"
#include "lab/scenario/scenarios.h"
#include "lab/show/catalogue.h"
#include "lab/show/lanes.h"
#include "lab/show/parallel_text.h"
#include "lab/show/result_json.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_database.h"
#include "server/cmd/lab_bench.h"
#include "server/cmd/options.h"
#include "server/text/json_in.h"

enum { HELD = 0, BROKEN = 1, BAD = 2 };
enum { SEEDS_FIND = 10000, CLIENTS_PARALLEL = 1000 };

/* What was asked for. */
struct experiment {
    struct trial trial;
    struct explore explore;
    struct explore_path path;
    struct outcome outcome;
    const char *code;
    struct co_schedule_choice choices[CODE_CHOICES]; /* the code's */
    size_t choice_count;
    bool shrinks, as_json;

    /* On all processors, for so long; else by a schedule. */
    bool in_parallel, ran;
    int64_t seconds;
    struct parallel parallel;
};

static int say_bad(const char *what, const char *word)
{
    fprintf(stderr, "teller: %s%s%s (teller lab lists what there is)\n", what, word ? " " : "",
        word ? word : "");
    return BAD;
}

/* What cannot be written is not a success. */
static bool is_written(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    perror("teller: standard output");
    return false;
}

static bool print_text(char *text)
{
    if (!text)
        fprintf(stderr, "teller: out of memory\n");
    else
        puts(text);
    bool good = text && is_written();
    free(text);
    return good;
}

static int print_outcome(struct experiment *e)
{
    const char *plain = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool coloured =
        isatty(STDOUT_FILENO) && !(plain && *plain) && !(terminal && strcmp(terminal, "dumb") == 0);
    bool broken = e->outcome.mode == OUTCOME_COUNT  ? e->outcome.broken_seeds > 0
                  : e->outcome.mode == OUTCOME_FIND ? e->outcome.found
                                                    : e->trial.verdict.broken;
    if (e->trial.short_of_memory) {
        fprintf(stderr, "teller: out of memory\n");
        return BAD;
    }
    if (!e->as_json)
        lanes_print(stdout, &e->outcome, coloured);
    if (e->as_json ? !print_text(result_json(&e->outcome)) : !is_written())
        return BAD;
    return broken ? BROKEN : HELD;
}

static void find(struct experiment *e)
{
    struct outcome *outcome = &e->outcome;
    outcome->seeds = explore_find(
        &e->trial, &e->explore, outcome->seed, outcome->seeds, &outcome->found, &e->path);
    if (!outcome->found)
        return;
    outcome->seed += outcome->seeds - 1;
    outcome->switches_before = e->path.count;
    outcome->shrunk = e->shrinks;
    if (e->shrinks)
        shrink(&e->trial, &e->path);
    explore_replay(&e->trial, e->path.switches, e->path.count, true, &e->path);
}

/* A given schedule; cut, if that was asked for and it breaks the promise: shown as if found. */
static void replay(struct experiment *e)
{
    struct outcome *outcome = &e->outcome;
    bool broken = explore_replay(&e->trial, e->choices, e->choice_count, !e->shrinks, &e->path);
    if (!e->shrinks)
        return;
    if (broken) {
        outcome->mode = OUTCOME_FIND;
        outcome->found = outcome->shrunk = true;
        outcome->seeds = 0;
        outcome->switches_before = e->path.count;
        shrink(&e->trial, &e->path);
    }
    explore_replay(&e->trial, e->path.switches, e->path.count, true, &e->path);
}

static void run(void *arg)
{
    struct experiment *e = arg;
    struct outcome *outcome = &e->outcome;
    if (outcome->mode == OUTCOME_COUNT)
        outcome->broken_seeds = explore_count(
            &e->trial, &e->explore, outcome->seed, outcome->seeds, &outcome->first_broken);
    else if (outcome->mode == OUTCOME_FIND)
        find(e);
    else if (e->code)
        replay(e);
    else
        explore_seed(&e->trial, &e->explore, outcome->seed, true, &e->path);
}

static void run_parallel(void *arg)
{
    struct experiment *e = arg;
    e->ran = parallel_run(&e->trial, e->seconds * CO_CLOCK_S, &e->parallel);
}

static int print_parallel(struct experiment *e)
{
    if (!e->ran) {
        fprintf(stderr, "teller: out of memory\n");
        return BAD;
    }
    if (!e->as_json)
        parallel_text_print(stdout, &e->trial, &e->parallel);
    else if (!print_text(parallel_text_json(&e->trial, &e->parallel)))
        return BAD;
    return e->parallel.broken_rounds ? BROKEN : HELD;
}

static int run_and_print(struct experiment *e, const struct options *options)
{
    struct outcome *outcome = &e->outcome;
    outcome->trial = &e->trial;
    outcome->path = &e->path;
    outcome->walk = e->explore.walk;
    void (*work)(void *arg) = e->in_parallel ? run_parallel : run;
    const struct lab_bench bench = {.options = options,
        .trial = &e->trial,
        .workers = e->in_parallel ? 0 : 1,
        .lanes = e->in_parallel ? SQL_BENCH_LANES : (size_t)e->trial.clients,
        .durable = e->in_parallel,
        .work = work,
        .arg = e};
    if (e->trial.strategy->kind != LAB_STRATEGY_SQL)
        work(e);
    else if (!lab_bench_run(&bench))
        return BAD;
    return e->in_parallel ? print_parallel(e) : print_outcome(e);
}

/* The numbers and switches of the command line; false: said on stderr. */
static bool read_numbers(struct experiment *e, const struct options *options, int64_t *clients)
{
    bool find = options_value(options, "find"), seeds = options_value(options, "seeds");
    int64_t count = seeds ? options_number(options, "seeds") : SEEDS_FIND;
    const struct lab_scenario *scenario = e->trial.scenario;
    int64_t most = e->in_parallel ? TRIAL_CLIENTS_MAX : TRIAL_CLIENTS_SEEDED;
    e->seconds = options_number(options, "seconds");
    *clients = options_value(options, "clients") ? options_number(options, "clients")
               : e->in_parallel                  ? CLIENTS_PARALLEL
                                                 : scenario->clients;
    if (*clients < scenario->clients_min || *clients > most)
        return options_wrong(options, "clients", "must be a whole number from %d to %lld there",
            scenario->clients_min, (long long)most);
    e->outcome.mode = find ? OUTCOME_FIND : seeds ? OUTCOME_COUNT : OUTCOME_SCHEDULE;
    e->outcome.seed = (uint64_t)options_number(options, "seed");
    e->outcome.seeds = (uint64_t)count;
    e->outcome.has_seed = !e->code;
    e->explore.depth = (int)options_number(options, "depth");
    return true;
}

static int experiment(const struct options *options, const char *name)
{
    static struct experiment e; /* large */
    const struct lab_scenario *scenario = scenarios_find(name);
    if (!scenario)
        return say_bad("there is no scenario", name);
    const char *strategy_name = options_value(options, "strategy");
    const struct lab_strategy *strategy = strategy_name ? offered_find(strategy_name) : NULL;
    if (!strategy)
        return strategy_name ? say_bad("there is no strategy", strategy_name)
                             : say_bad("--strategy is missing", NULL);
    if (!scenarios_offers(scenario, strategy))
        return say_bad("that scenario has no strategy", strategy_name);

    int64_t clients;
    e.trial.scenario = scenario;
    e.code = options_value(options, "schedule");
    if (e.code && !code_parse(e.code, e.choices, &e.choice_count))
        return say_bad("--schedule must be a code as 3.2-5.1, not", e.code);
    e.explore.walk = options_choice(options, "walk") == 1 ? EXPLORE_PCT : EXPLORE_RANDOM;
    e.shrinks = options_value(options, "shrink");
    e.as_json = options_value(options, "json");
    e.in_parallel = options_value(options, "parallel");
    if (e.in_parallel && scenario->settles)
        return say_bad("that scenario runs by schedules alone, not --parallel:", name);
    if (!read_numbers(&e, options, &clients))
        return BAD;
    if (!trial_open(&e.trial, scenario, strategy, (int)clients)) {
        fprintf(stderr, "teller: out of memory\n");
        return BAD;
    }
    int code = run_and_print(&e, options);
    trial_close(&e.trial);
    return code;
}

/* The exit status is the program's own. */
static int example(const char *name)
{
    const struct example *found = example_find(name);
    return found ? found->run() : say_bad("there is no example", name);
}

int cmd_lab(int argc, char **argv)
{
    struct option flags[] = {
        {"strategy", "NAME", "how the shared state is protected", NULL},
        {"seed", "N=0..9223372036854775807",
            "the schedule that this seed draws; the first one, with --find or --seeds", "1"},
        {"schedule", "CODE", "exactly this schedule, as an experiment has printed it", NULL},
        {"find", NULL, "search seeds for a schedule that breaks the promise", NULL},
        {"shrink", NULL,
            "with --find or --schedule: cut it to the fewest switches that still break it", NULL},
        {"seeds", "N=1..1000000000",
            "count how many of N seeds break it; with --find: try at most N", NULL},
        {"walk", "random|pct", "how seeds draw schedules; pct: by priorities", "random"},
        {"depth", "N=1..8", "pct: how many priorities change, and one", "3"},
        {"clients", "N=1..10000", "how many clients there are", NULL},
        {"parallel", NULL,
            "on all processors, without a schedule: what is lost, and how fast it is", NULL},
        {"seconds", "S=1..60", "with --parallel: for so long", "1"},
        {"list", NULL, "list scenarios and strategies", NULL},
        {"example", "NAME", "run a program of coro/examples, in its place", NULL},
        {"json", NULL, "print one JSON object", NULL},
        CMD_DATABASE_FLAGS,
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller lab [SCENARIO --strategy NAME] [flags]",
        "Run one experiment with shared state, by a schedule that can be repeated: draw what each\n"
        "coroutine did. Without a scenario, list what there is. Exit 1 if what must hold did not,\n"
        "2 if there was no experiment.",
        flags};
    const char *words[2];
    enum options_parsed parsed = options_parse(&options, argc, argv, 2, words, 1);
    if (parsed != OPTIONS_GOOD)
        return parsed == OPTIONS_HELP ? HELD : BAD;
    json_in_disown(); /* an outcome is written by jansson alone */
    bool as_json = options_value(&options, "json");
    if (options_value(&options, "example"))
        return example(options_value(&options, "example"));
    if (words[0] && !options_value(&options, "list"))
        return experiment(&options, words[0]);
    if (as_json)
        return print_text(catalogue_json()) ? HELD : BAD;
    catalogue_print();
    return is_written() ? HELD : BAD;
}
