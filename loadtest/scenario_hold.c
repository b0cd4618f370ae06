/* SPDX-License-Identifier: MIT */
/* Holds that race for what is available, and settlements that race for one hold. */
#include <inttypes.h>
#include <stdio.h>

#include "loadtest/json_view.h"
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { FUNDS = 5000, HELD = 1000, FIT = FUNDS / HELD };

static bool open_both(struct race *race)
{
    return race_open(race, race_name_in_round(race, 0).text, 0, FUNDS) &&
           race_open(race, race_name_in_round(race, 1).text, 0, 0);
}

static enum client_status hold(
    struct race *race, struct load_client *client, struct response *response)
{
    char body[240];
    snprintf(body, sizeof body, "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":%d}",
        race_name_in_round(race, 0).text, race_name_in_round(race, 1).text, HELD);
    return api_post(&client->api, "/holds", key_fresh(&client->keys).text, body, response);
}

/* What is held of the first account. */
static bool expect_held(struct race *race, int64_t wanted)
{
    char path[96];
    struct response response;
    int64_t held = -1;
    snprintf(path, sizeof path, "/accounts/%s", race_name_in_round(race, 0).text);
    if (api_get(&race->referee.api, path, &response) != CLIENT_ANSWERED ||
        !json_view_integer(
            json_view_member(json_view_read(response.body, response.body_length), "held"), &held))
        held = -1;
    return race_expect(race, "held", held, wanted);
}

/* --- Many holds ------------------------------------------------------------------------------- */

static bool judge_holds(struct race *race)
{
    /* With few racers all of them fit. */
    int64_t fit = race->options->racers < FIT ? race->options->racers : FIT;
    bool good = race_expect_split(race, fit, 422, "insufficient_funds");
    good &= expect_held(race, fit * HELD);
    /* Holding moves nothing. */
    good &= race_expect_balance(race, race_name_in_round(race, 0).text, FUNDS);
    return race_expect_balance(race, race_name_in_round(race, 1).text, 0) && good;
}

const struct scenario scenario_holds = {
    .name = "holds",
    .summary = "holds of 1000 on 5000, all simultaneously: exactly five are made",
    .description =
        "In each round a fresh account gets 5000, and each racer holds 1000 of it. Five answers\n"
        "must be 201, all others 422 insufficient_funds; 5000 must be held, and the balance the\n"
        "same as before.",
    SCENARIO_RACE(open_both, hold, judge_holds, 100, 6),
};

/* --- One hold --------------------------------------------------------------------------------- */

/* The path of the hold stands where the round's account would. */
static bool prepare_one(struct race *race)
{
    struct response response;
    int64_t id;
    if (!open_both(race))
        return false;
    /* Made by the referee, before the race. */
    enum client_status got = hold(race, &race->referee, &response);
    if (!race_is_done(race, "the hold", got, &response) || !api_id(&response, &id))
        return false;
    snprintf(race->account, sizeof race->account, "/holds/%" PRId64, id);
    return true;
}

static enum client_status settle(
    struct race *race, struct load_client *racer, const char *how, struct response *response)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", race->account, how);
    /* A key of its own each time: these are different requests. */
    return api_post(&racer->api, path, key_fresh(&racer->keys).text, "{}", response);
}

static enum client_status capture(
    struct race *race, struct load_client *racer, struct response *response)
{
    return settle(race, racer, "capture", response);
}

static enum client_status capture_or_release(
    struct race *race, struct load_client *racer, struct response *response)
{
    return settle(race, racer, racer->index % 2 ? "release" : "capture", response);
}

static bool is_captured(const struct race *race)
{
    for (int64_t i = 0; i < race->options->racers; i++)
        /* The one that was done says how the hold ended. */
        if (api_is(race->answers[i].status, &race->answers[i].response, 201, NULL))
            return race->rules->fire == capture || i % 2 == 0;
    return false;
}

static bool judge_one(struct race *race)
{
    int64_t moved = is_captured(race) ? HELD : 0;
    bool good = race_expect_split(race, 1, 409, "already_settled");
    good &= expect_held(race, 0);
    good &= race_expect_balance(race, race_name_in_round(race, 0).text, FUNDS - moved);
    return race_expect_balance(race, race_name_in_round(race, 1).text, moved) && good;
}

const struct scenario scenario_capture_once = {
    .name = "capture-once",
    .summary = "one hold captured by many simultaneously: the money moves once",
    .description =
        "In each round 1000 of 5000 are held, and all racers capture that hold. One answer must\n"
        "be 201, all others 409 already_settled; 1000 have moved, and nothing is held any more.",
    SCENARIO_RACE(prepare_one, capture, judge_one, 100, 100),
};

const struct scenario scenario_settle_once = {
    .name = "settle-once",
    .summary = "one hold captured by half the clients and released by the others: one of them did",
    .description =
        "As capture-once, but every second racer releases the hold. One answer must be 201, all\n"
        "others 409 already_settled, and the balances must be those of the one that was first.",
    SCENARIO_RACE(prepare_one, capture_or_release, judge_one, 100, 100),
};
