/* SPDX-License-Identifier: MIT */
/* Transfers to another ledger that race for what is available, each sent twice with its key. */
#include <stdio.h>
#include <string.h>

#include "loadtest/json_view.h"
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { FUNDS = 5000, AMOUNT = 1000, FIT = FUNDS / AMOUNT, TIMES = 2 };

/* The ledger that is paid, beside the one that pays. */
static struct race_name name_of_other(const struct race *race)
{
    struct race_name name;
    snprintf(name.text, sizeof name.text, "%.50s.other", race->options->ledger);
    return name;
}

static struct api other_of(struct race *race, const struct race_name *name)
{
    return (struct api){.client = race->referee.api.client, .ledger = name->text};
}

/* It is made if it is not there, which takes a token that may. */
static bool make_other(struct race *race, const char *name)
{
    char body[100];
    struct response response;
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    const struct request request = {
        .path = "/v1/ledgers", .body = body, .body_length = strlen(body)};
    enum client_status got = client_call(race->referee.api.client, &request, &response);
    return api_is(got, &response, 200, NULL) || api_is(got, &response, 403, NULL) ||
           race_is_done(race, "the other ledger", got, &response);
}

static bool prepare(struct race *race)
{
    struct race_name other = name_of_other(race);
    struct api api = other_of(race, &other);
    struct response response;
    if (!race_open(race, race_name_in_round(race, 0).text, 0, FUNDS) ||
        !make_other(race, other.text))
        return false;
    enum client_status got = api_open(&api, race_name_in_round(race, 1).text, &response);
    return race_is_done(race, "the account in the other ledger", got, &response);
}

static enum client_status pay(
    struct race *race, struct load_client *racer, struct response *response)
{
    char body[400];
    struct race_name key = race_name_in_round(race, 2 + (size_t)racer->index / TIMES);
    snprintf(body, sizeof body,
        "{\"from\":{\"ledger\":\"%s\",\"account\":\"%s\"},"
        "\"to\":{\"ledger\":\"%s\",\"account\":\"%s\"},\"amount\":%d}",
        race->options->ledger, race_name_in_round(race, 0).text, name_of_other(race).text,
        race_name_in_round(race, 1).text, AMOUNT);
    const struct request request = {
        .path = "/v1/transfers", .key = key.text, .body = body, .body_length = strlen(body)};
    return client_call(racer->api.client, &request, response);
}

static bool are_equal(const struct race_answer *a, const struct race_answer *b)
{
    return a->status == CLIENT_ANSWERED && b->status == CLIENT_ANSWERED &&
           a->response.status == b->response.status &&
           a->response.body_length == b->response.body_length &&
           memcmp(a->response.body, b->response.body, a->response.body_length) == 0;
}

static bool judge(struct race *race)
{
    const struct race_answer *answers = race->answers;
    int64_t racers = race->options->racers, keys = (racers + TIMES - 1) / TIMES, equal = 0,
            paid = 0;
    int64_t fit = keys < FIT ? keys : FIT, balance = -1;
    for (int64_t i = 0; i < racers; i++) {
        const struct race_answer *first = &answers[i / TIMES * TIMES];
        equal += are_equal(first, &answers[i]);
        paid += i % TIMES == 0 && api_is(first->status, &first->response, 201, NULL);
    }
    bool good = race_expect(race, "answers equal to the first with their key", equal, racers);
    good &= race_expect(race, "keys that were paid", paid, fit);
    good &= race_expect(race, "answers that are one or the other",
        race_count(race, 201, NULL) + race_count(race, 422, "insufficient_funds"), racers);
    good &= race_expect_balance(race, race_name_in_round(race, 0).text, FUNDS - fit * AMOUNT);

    /* What has left the one ledger is in the other. */
    struct race_name other = name_of_other(race);
    struct api api = other_of(race, &other);
    if (api_balance(&api, race_name_in_round(race, 1).text, &balance) != CLIENT_ANSWERED)
        balance = -1;
    return race_expect(race, "balance in the other ledger", balance, fit * AMOUNT) && good;
}

const struct scenario scenario_between = {
    .name = "between",
    .summary = "transfers of 1000 to another ledger out of 5000, each sent twice: five arrive",
    .description =
        "In each round a fresh account gets 5000, and the racers send 1000 of it each to a fresh\n"
        "account in the ledger LEDGER.other, two of them with the same Idempotency-Key. Five keys\n"
        "must be answered 201, all others 422 insufficient_funds, both answers to a key must be\n"
        "the same to the byte, and 5000 must have left the one ledger and be in the other. The\n"
        "token must reach both; one with scope admin makes the other ledger.",
    SCENARIO_RACE(prepare, pay, judge, 50, 40),
};
