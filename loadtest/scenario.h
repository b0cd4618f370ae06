/* SPDX-License-Identifier: MIT */
/* What the load tester can do to a service, one scenario a file. */
#ifndef LOADTEST_SCENARIO_H
#define LOADTEST_SCENARIO_H

#include "loadtest/load_options.h"
#include "loadtest/race.h"
#include "loadtest/report.h"

struct scenario {
    const char *name, *summary; /* the summary is one line, without a full stop */
    const char *description;
    unsigned uses; /* OPTION_... */
    struct load_options defaults;
    /* What it does: a race by these rules; or, if there are none, a run of its own kind. */
    const struct race_rules *race;
    bool (*run)(const struct load_options *options, struct report *report);
};

/* Carry it out, as the first coroutine. What it finds goes into the report; false: it could not be
 * set up, and the report's first doubt says why. */
CO_MUST_CHECK bool scenario_run(
    const struct scenario *scenario, const struct load_options *options, struct report *report);

/* The members of a scenario that races, with the defaults of --rounds and --racers. */
#define SCENARIO_RACE(prepare, fire, judge, rounds_, racers_)                                      \
    .race = &(const struct race_rules){prepare, fire, judge}, .uses = OPTION_RACE,                 \
    .defaults = {.ledger = "main",                                                                 \
        .url = "http://127.0.0.1:8080",                                                            \
        .rounds = (rounds_),                                                                       \
        .racers = (racers_),                                                                       \
        .timeout = 30,                                                                             \
        .workers = 2}

extern const struct scenario scenario_batch;
extern const struct scenario scenario_between;
extern const struct scenario scenario_capture_once;
extern const struct scenario scenario_chain;
extern const struct scenario scenario_credit_line;
extern const struct scenario scenario_double_revert;
extern const struct scenario scenario_double_withdraw;
extern const struct scenario scenario_drain;
extern const struct scenario scenario_freeze_account;
extern const struct scenario scenario_freeze_ledger;
extern const struct scenario scenario_holds;
extern const struct scenario scenario_hot;
extern const struct scenario scenario_key_reuse;
extern const struct scenario scenario_open_once;
extern const struct scenario scenario_opposite;
extern const struct scenario scenario_read_all;
extern const struct scenario scenario_refund;
extern const struct scenario scenario_ring;
extern const struct scenario scenario_same_key;
extern const struct scenario scenario_settle_once;
extern const struct scenario scenario_transfers;

/* All of them, in the order of their names; ends with NULL. */
extern const struct scenario *const scenario_table[];

#endif
