/* SPDX-License-Identifier: MIT */
/* Atomic batches whose parts depend on each other: all of one happens, or nothing. */
#include <stdio.h>

#include "loadtest/json_view.h"
#include "loadtest/race.h"
#include "loadtest/scenario.h"

/* Each batch takes 2, and the odd 1 that stays tempts one to be done in half. */
static int64_t funds(const struct race *race)
{
    return race->options->racers | 1;
}

static bool prepare(struct race *race)
{
    /* The first account pays, the other two are paid. */
    for (size_t i = 0; i < 3; i++)
        if (!race_open(race, race_name_in_round(race, i).text, 0, i == 0 ? funds(race) : 0))
            return false;
    return true;
}

static enum client_status send_batch(
    struct race *race, struct load_client *racer, struct response *response)
{
    struct race_name a = race_name_in_round(race, 0), b = race_name_in_round(race, 1),
                     c = race_name_in_round(race, 2);
    char body[480];
    /* Both parts come out of the same account, so the second depends on the first. */
    snprintf(body, sizeof body,
        "{\"atomic\":true,\"transfers\":[{\"from\":\"%s\",\"to\":\"%s\",\"amount\":1},"
        "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":1}]}",
        a.text, b.text, a.text, c.text);
    return api_post(&racer->api, "/transfers/batch", key_fresh(&racer->keys).text, body, response);
}

enum verdict { NEITHER, BOTH, GARBLED };

/* Both parts 201, or one 422 insufficient_funds and the other 424 because of it. */
static enum verdict verdict_of(const struct race_answer *answer)
{
    if (!api_is(answer->status, &answer->response, 200, NULL))
        return GARBLED;
    struct json_view body = json_view_read(answer->response.body, answer->response.body_length);
    struct json_view_walk walk = {.rest = json_view_member(body, "results")};
    struct json_view item;
    int64_t done = 0, refused = 0, skipped = 0, status;
    while (json_view_next(&walk, &item)) {
        struct json_view code = json_view_member(item, "code");
        if (!json_view_integer(json_view_member(item, "status"), &status))
            return GARBLED;
        done += status == 201;
        refused += status == 422 && json_view_is(code, "insufficient_funds");
        skipped += status == 424 && json_view_is(code, "not_executed");
    }
    if (done == 2 && refused + skipped == 0)
        return BOTH;
    return done == 0 && refused == 1 && skipped == 1 ? NEITHER : GARBLED;
}

static bool judge(struct race *race)
{
    int64_t racers = race->options->racers, count[3] = {0};
    for (int64_t i = 0; i < racers; i++)
        count[verdict_of(&race->answers[i])]++;
    /* The odd 1 must be left, whichever batches were first. */
    int64_t whole = funds(race) / 2;
    bool good = race_expect(race, "whole batches", count[BOTH], whole);
    good &= race_expect(race, "refused batches", count[NEITHER], racers - whole);
    good &= race_expect_balance(race, race_name_in_round(race, 0).text, 1);
    good &= race_expect_balance(race, race_name_in_round(race, 1).text, whole);
    return race_expect_balance(race, race_name_in_round(race, 2).text, whole) && good;
}

const struct scenario scenario_batch = {
    .name = "batch",
    .summary = "atomic batches of two transfers that race for an odd amount: none is halved",
    .description =
        "In each round an account holds an odd amount, about 1 for each racer, and each racer\n"
        "sends an atomic batch: 1 to B and 1 to C. As many batches as can be paid whole must be\n"
        "done, all others refused in both parts, and 1 must be left.",
    SCENARIO_RACE(prepare, send_batch, judge, 100, 100),
};
