/* SPDX-License-Identifier: MIT */
/* A freeze during a storm: it has a position, and nothing moves behind it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loadtest/json_view.h"
#include "loadtest/race.h"
#include "loadtest/scenario.h"

/* The racer that freezes, in the middle of the others' deposits. */
static size_t freezer(const struct race *race)
{
    return (size_t)race->options->racers / 2;
}

static enum client_status freeze_or_deposit(struct race *race, struct load_client *racer,
    const char *ledger, const char *freeze, struct response *response)
{
    /* The racer's own connection, but maybe another ledger than its own. */
    struct api api = {racer->api.client, ledger};
    if (racer->index == freezer(race))
        return api_post(&api, freeze, NULL, "{}", response);
    return api_deposit(&api, race->account, 1, key_fresh(&racer->keys).text, response);
}

/* Every deposit that was done stands before the freeze, every other one was refused behind it.
 * Returns how many were done; negative: it is not so, and that is reported. */
static int64_t judge_order(struct race *race)
{
    int64_t done = 0, late = 0, racers = race->options->racers;
    const struct race_answer *answers = race->answers;
    const struct race_answer *freeze = &answers[freezer(race)];
    if (!api_is(freeze->status, &freeze->response, 200, NULL)) {
        race_expect(race, "freezes", 0, 1);
        return -1;
    }
    /* The freeze's position divides the deposits into those before it and those after it. */
    int64_t frozen_at = freeze->response.seq;
    for (int64_t i = 0; i < racers; i++) {
        const struct response *response = &answers[i].response;
        bool paid = api_is(answers[i].status, response, 201, NULL);
        int64_t id;
        done += paid;
        late += paid && (!api_id(response, &id) || id > frozen_at);
    }
    bool good = race_expect(race, "deposits behind the freeze", late, 0);
    good &= race_expect(
        race, "account_frozen", race_count(race, 422, "account_frozen"), racers - 1 - done);
    return good ? done : -1;
}

/* --- An account ------------------------------------------------------------------------------- */

static bool prepare_account(struct race *race)
{
    return race_fresh_account(race, 0);
}

static enum client_status fire_account(
    struct race *race, struct load_client *racer, struct response *response)
{
    char freeze[96];
    snprintf(freeze, sizeof freeze, "/accounts/%s/freeze", race->account);
    return freeze_or_deposit(race, racer, racer->api.ledger, freeze, response);
}

static bool judge_account(struct race *race)
{
    int64_t done = judge_order(race);
    return done >= 0 && race_expect_balance(race, race->account, done);
}

const struct scenario scenario_freeze_account = {
    .name = "freeze-account",
    .summary = "an account is frozen during a storm of deposits: nothing comes in after that",
    .description =
        "In each round one racer freezes a fresh account, the others deposit 1 to it. Each\n"
        "deposit must be 201 at a position before the freeze, or 422 account_frozen, and the\n"
        "balance must be what was answered 201. Needs a token of scope admin.",
    SCENARIO_RACE(prepare_account, fire_account, judge_account, 100, 100),
};

/* --- A ledger --------------------------------------------------------------------------------- */

static struct race_name ledger_of(const struct race *race)
{
    struct race_name name;
    snprintf(name.text, sizeof name.text, "race-%" PRIx64, race->run);
    return name;
}

static bool make_ledger(struct race *race)
{
    char body[96];
    struct response response;
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", ledger_of(race).text);
    /* Not within a ledger, so not through api_post(). */
    const struct request request = {
        .path = "/v1/ledgers", .body = body, .body_length = strlen(body)};
    enum client_status got = client_call(race->referee.api.client, &request, &response);
    return race_is_done(race, "making a ledger", got, &response);
}

/* From here on the referee works in the run's own ledger. */
static bool prepare_ledger(struct race *race)
{
    if (race->round == 0 && !make_ledger(race))
        return false;
    struct race_name ledger = ledger_of(race);
    race->referee.api.ledger = ledger.text;
    bool opened = race_fresh_account(race, 0);
    /* Back, for the name above does not outlive this function. */
    race->referee.api.ledger = race->options->ledger;
    return opened;
}

static enum client_status fire_ledger(
    struct race *race, struct load_client *racer, struct response *response)
{
    return freeze_or_deposit(race, racer, ledger_of(race).text, "/freeze", response);
}

/* How many entries of the journal behind that position moved money? */
static int64_t moves_behind(struct api *api, int64_t seq)
{
    char path[64];
    struct response response;
    int64_t moves = 0;
    snprintf(path, sizeof path, "/journal?after=%" PRId64 "&limit=1000", seq);
    if (!api_is(api_get(api, path, &response), &response, 200, NULL))
        return -1;
    struct json_view body = json_view_read(response.body, response.body_length), entry;
    struct json_view_walk walk = {.rest = json_view_member(body, "items")};
    while (json_view_next(&walk, &entry))
        /* Rejections may be written behind a freeze; nothing else may. */
        moves += !json_view_is(json_view_member(entry, "kind"), "rejected");
    return moves;
}

static bool judge_ledger(struct race *race)
{
    struct race_name ledger = ledger_of(race);
    struct api *api = &race->referee.api;
    struct response response;
    int64_t done = judge_order(race);
    api->ledger = ledger.text;
    bool good = done >= 0 && race_expect_balance(race, race->account, done);
    good &= race_expect(race, "entries behind the freeze that are not rejections",
        moves_behind(api, race->answers[freezer(race)].response.seq), 0);
    /* Unfrozen in any case, or the next round could not begin. */
    enum client_status got = api_post(api, "/unfreeze", NULL, "{}", &response);
    good &= race_expect(race, "unfrozen", api_is(got, &response, 200, NULL), true);
    api->ledger = race->options->ledger;
    return good;
}

const struct scenario scenario_freeze_ledger = {
    .name = "freeze-ledger",
    .summary =
        "a whole ledger is frozen during a storm: its journal shows nothing moved after that",
    .description =
        "The run makes a ledger of its own. In each round one racer freezes it, the others\n"
        "deposit 1. Each deposit must be 201 at a position before the freeze, or 422\n"
        "account_frozen; behind it the journal may hold rejections only. Then it is unfrozen for\n"
        "the next round. Needs a token of scope admin.",
    SCENARIO_RACE(prepare_ledger, fire_ledger, judge_ledger, 100, 100),
};
