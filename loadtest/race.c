/* SPDX-License-Identifier: MIT */
/*
 * Every racer is a coroutine with a connection; two gates hold a round together. Between the
 * second gate of a round and the first of the next only racer 0 works, as the referee. A racer
 * keeps the answer of the round until it fires again, so the referee can read all of them.
 */
#include "loadtest/race.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "loadtest/crew.h"
#include "loadtest/gate.h"

struct field {
    struct race race;
    struct gate *start, *finish;
    int64_t as_promised;
    bool over; /* written by the referee before the start gate, read by all behind it */
};

/* Was it done? If not, the report tells what came instead. */
static bool is_done(
    struct race *race, const char *what, enum client_status got, const struct response *response)
{
    char name[STATS_OUTCOME_NAME];
    if (api_is(got, response, 201, NULL))
        return true;
    stats_name(got, response, name);
    report_violation(race->report, "round %" PRId64 ": %s got %s", race->round, what, name);
    return false;
}

bool race_fresh_account(struct race *race, int64_t amount)
{
    struct response response;
    struct api *api = &race->referee.api;
    snprintf(
        race->account, sizeof race->account, "race-%" PRIx64 "-%" PRId64, race->run, race->round);
    enum client_status got = api_open(api, race->account, &response);
    if (!is_done(race, "opening its account", got, &response))
        return false;
    if (amount == 0)
        return true;
    key_next(&race->referee.keys, race->key);
    got = api_deposit(api, race->account, amount, race->key, &response);
    return is_done(race, "funding its account", got, &response);
}

static void prepare(struct field *field)
{
    struct race *race = &field->race;
    field->over = race->round == race->options->rounds || !race->rules->prepare(race);
}

static void judge(struct field *field)
{
    field->as_promised += field->race.rules->judge(&field->race);
    field->race.round++;
}

static void fire(struct field *field, size_t index, struct load_client *racer)
{
    struct race *race = &field->race;
    struct race_answer *answer = &race->answers[index];
    int64_t from = clock_now_ns();
    answer->status = race->rules->fire(race, racer, &answer->response);
    stats_record(race->report->stats, answer->status, &answer->response, clock_now_ns() - from);
}

static void one_racer(size_t index, void *arg)
{
    struct field *field = arg;
    struct load_client racer;
    ensure(load_client_make(field->race.options, index, &racer));
    for (;;) {
        if (client_connect(racer.api.client) != CLIENT_ANSWERED)
            report_violation(field->race.report, "racer %zu cannot connect", index);
        if (index == 0)
            prepare(field);
        gate_pass(field->start);
        if (field->over)
            break;
        fire(field, index, &racer);
        gate_pass(field->finish);
        if (index == 0)
            judge(field);
    }
    load_client_end(&racer);
}

bool race_run(const struct options *options, struct report *report, const struct race_rules *rules)
{
    struct field field = {.race = {.options = options, .report = report, .rules = rules}};
    struct race *race = &field.race;
    size_t racers = (size_t)options->racers;
    race->run = (uint64_t)clock_wall_us();
    race->answers = calloc(racers, sizeof race->answers[0]);
    field.start = gate_make(racers);
    field.finish = gate_make(racers);
    bool made = race->answers && field.start && field.finish &&
                load_client_make(options, racers, &race->referee);
    if (made) {
        int64_t from = clock_now_ns();
        crew_run(racers, one_racer, &field);
        report->elapsed_ns = clock_now_ns() - from;
        load_client_end(&race->referee);
        report_figure(report, "rounds", race->round);
        report_figure(report, "as promised", field.as_promised);
    }
    gate_free(&field.start);
    gate_free(&field.finish);
    free(race->answers);
    return race->round > 0;
}
