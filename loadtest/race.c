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
#include "coro/co.h"
#include "loadtest/crew.h"
#include "loadtest/gate.h"

struct field {
    struct race race;
    struct gate *start, *finish;
    int64_t as_promised;
    bool over; /* written by the referee before the start gate, read by all behind it */
};

/* The clock's microseconds keep the names of two runs on one ledger apart. */
struct race_name race_name_in_run(const struct race *race, size_t n)
{
    struct race_name name;
    snprintf(name.text, sizeof name.text, "race-%" PRIx64 ".%zu", race->run, n);
    return name;
}

/* A fresh name in every round, so that no round sees what an earlier one has left. */
struct race_name race_name_in_round(const struct race *race, size_t n)
{
    struct race_name name;
    snprintf(
        name.text, sizeof name.text, "race-%" PRIx64 "-%" PRId64 ".%zu", race->run, race->round, n);
    return name;
}

bool race_is_done(
    struct race *race, const char *what, enum client_status got, const struct response *response)
{
    char name[STATS_OUTCOME_NAME];
    if (api_is(got, response, 201, NULL))
        return true;
    /* An answer that is wrong breaks a promise; one that is missing proves nothing. */
    stats_name(got, response, name);
    (api_is_final(got, response) ? report_violation : report_doubt)(
        race->report, "round %" PRId64 ": %s got %s", race->round, what, name);
    return false;
}

bool race_open(struct race *race, const char *account, int64_t floor, int64_t amount)
{
    struct response response;
    struct api *api = &race->referee.api;
    char body[200], key[KEY_SIZE];
    snprintf(body, sizeof body,
        "{\"id\":\"%s\",\"asset\":\"" API_ASSET "\",\"floor\":\"%" PRId64 "\"}", account, floor);
    enum client_status got = api_post(api, "/accounts", NULL, body, &response);
    if (!race_is_done(race, "opening an account", got, &response))
        return false;
    /* A deposit of nothing would be refused. */
    if (amount == 0)
        return true;
    key_next(&race->referee.keys, key);
    got = api_deposit(api, account, amount, key, &response);
    return race_is_done(race, "funding an account", got, &response);
}

bool race_fresh_account(struct race *race, int64_t amount)
{
    snprintf(
        race->account, sizeof race->account, "race-%" PRIx64 "-%" PRId64, race->run, race->round);
    return race_open(race, race->account, 0, amount);
}

int64_t race_count(const struct race *race, int status, const char *code)
{
    int64_t count = 0;
    for (int64_t i = 0; i < race->options->racers; i++)
        count += api_is(race->answers[i].status, &race->answers[i].response, status, code);
    return count;
}

bool race_expect(struct race *race, const char *what, int64_t found, int64_t wanted)
{
    /* A missing answer may be the difference, so it cannot count as a violation. */
    if (found != wanted && race->missing > 0)
        report_doubt(race->report,
            "round %" PRId64 ": %" PRId64 " answers are missing; %s: %" PRId64 ", not %" PRId64,
            race->round, race->missing, what, found, wanted);
    else if (found != wanted)
        report_violation(race->report, "round %" PRId64 ": %s: %" PRId64 ", not %" PRId64,
            race->round, what, found, wanted);
    return found == wanted;
}

/* A read may be sent again: until it has an answer, or the time of a request is over. */
static enum client_status read_balance(struct race *race, const char *account, int64_t *balance)
{
    enum { AGAIN_MS = 100 };
    int64_t end_ns = co_clock_now_ns() + race->options->timeout * CO_CLOCK_S;
    for (;;) {
        enum client_status got = api_balance(&race->referee.api, account, balance);
        /* What is garbled stays garbled. */
        if (got == CLIENT_ANSWERED || got == CLIENT_GARBLED || race->report->interrupted ||
            co_clock_now_ns() > end_ns)
            return got;
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
    }
}

bool race_expect_balance(struct race *race, const char *account, int64_t wanted)
{
    int64_t balance = 0;
    enum client_status got = read_balance(race, account, &balance);
    if (got == CLIENT_ANSWERED)
        return race_expect(race, account, balance, wanted);
    (got == CLIENT_GARBLED ? report_violation : report_doubt)(race->report,
        "round %" PRId64 ": the balance of %s cannot be read: %s", race->round, account,
        client_status_name(got));
    return false;
}

bool race_expect_split(struct race *race, int64_t done, int other, const char *code)
{
    int64_t paid = race_count(race, 201, NULL);
    if (paid > done) /* no matter what is missing */
        report_violation(race->report,
            "round %" PRId64 ": answers 201: %" PRId64 ", of which %" PRId64 " are too many",
            race->round, paid, paid - done);
    /* The other answers are counted as well: nothing but these two may come. */
    bool good = paid <= done && race_expect(race, "answers 201", paid, done);
    const char *what = code ? code : "the other answers";
    return race_expect(race, what, race_count(race, other, code), race->options->racers - done) &&
           good;
}

static void prepare(struct field *field)
{
    struct race *race = &field->race;
    /* An interrupt ends the run between rounds, so that the last one is still judged. */
    field->over = race->round == race->options->rounds || race->report->interrupted ||
                  !race->rules->prepare(race);
}

static void judge(struct field *field)
{
    struct race *race = &field->race;
    /* Counted before the rules judge, for they ask for it. */
    for (int64_t i = 0; i < race->options->racers; i++)
        race->missing += !api_is_final(race->answers[i].status, &race->answers[i].response);
    field->as_promised += race->rules->judge(race);
    /* Fresh accounts owe nothing to the round before; accounts that stay do. */
    if (!race->carries)
        race->missing = 0;
    race->round++;
}

static void fire(struct field *field, size_t index, struct load_client *racer)
{
    struct race *race = &field->race;
    struct race_answer *answer = &race->answers[index];
    int64_t from = co_clock_now_ns();
    /* Kept until the next round: the referee reads it after the finish gate. */
    answer->status = race->rules->fire(race, racer, &answer->response);
    /* The latency is taken first: our own bookkeeping is not part of it. */
    stats_record(race->report->stats, answer->status, &answer->response, co_clock_now_ns() - from);
}

static void one_racer(size_t index, void *arg)
{
    struct field *field = arg;
    struct load_client racer;
    co_ensure(load_client_make(field->race.options, index, &racer));
    for (;;) {
        /* Before the gate, so that the race is one of requests and not of connections. */
        enum client_status connected = client_connect(racer.api.client);
        if (connected != CLIENT_ANSWERED)
            report_doubt(field->race.report, "racer %zu cannot connect: %s", index,
                client_status_name(connected));
        /* The others wait at the gate until the round is ready. */
        if (index == 0)
            prepare(field);
        gate_pass(field->start);
        /* Seen by all alike: nobody is left at the next gate. */
        if (field->over)
            break;
        fire(field, index, &racer);
        gate_pass(field->finish);
        if (index == 0)
            judge(field);
    }
    load_client_end(&racer);
}

bool race_run(
    const struct load_options *options, struct report *report, const struct race_rules *rules)
{
    struct field field = {.race = {.options = options, .report = report, .rules = rules}};
    struct race *race = &field.race;
    size_t racers = (size_t)options->racers;
    race->run = (uint64_t)co_clock_wall_us();
    race->answers = calloc(racers, sizeof race->answers[0]);
    field.start = gate_make(racers);
    field.finish = gate_make(racers);
    /* The referee's client has the index behind the last racer's, and so dice and keys of its
     * own. */
    bool made = race->answers && field.start && field.finish &&
                load_client_make(options, racers, &race->referee);
    if (made) {
        int64_t from = co_clock_now_ns();
        crew_run(racers, one_racer, &field);
        report->elapsed_ns = co_clock_now_ns() - from;
        load_client_end(&race->referee);
        report_figure(report, "rounds", race->round);
        report_figure(report, "as promised", field.as_promised);
    }
    gate_free(&field.start);
    gate_free(&field.finish);
    free(race->answers);
    /* A run without a round has shown nothing. */
    return race->round > 0;
}
