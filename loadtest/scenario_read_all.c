/* SPDX-License-Identifier: MIT */
/* Whoever reads all accounts during a storm of transfers sees the same money at each position. */
#include <inttypes.h>
#include <stdio.h>

#include "loadtest/json.h"
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { ACCOUNTS = 8, FUNDS = 1000 };

static bool prepare(struct race *race)
{
    for (size_t i = 0; race->round == 0 && i < ACCOUNTS; i++)
        if (!race_open(race, race_name_in_run(race, i).text, 0, FUNDS))
            return false;
    return true;
}

static bool reads(size_t index)
{
    return index % 2;
}

static enum client_status read_or_move(
    struct race *race, struct load_client *racer, struct response *response)
{
    char key[KEY_SIZE], path[96];
    if (reads(racer->index)) {
        snprintf(path, sizeof path, "/accounts?prefix=race-%" PRIx64 ".", race->run);
        return api_get(&racer->api, path, response);
    }
    size_t from = dice_below(&racer->dice, ACCOUNTS);
    size_t to = (from + 1 + dice_below(&racer->dice, ACCOUNTS - 1)) % ACCOUNTS;
    int64_t amount = 1 + (int64_t)dice_below(&racer->dice, FUNDS);
    key_next(&racer->keys, key);
    return api_transfer(&racer->api, race_name_in_run(race, from).text,
        race_name_in_run(race, to).text, amount, key, response);
}

/* One page: the sum is what was paid in. */
static bool judge_page(struct race *race, const struct response *page)
{
    struct json_walk walk = {
        .rest = json_member(json_read(page->body, page->body_length), "items")};
    struct json account;
    int64_t sum = 0, balance;
    while (json_next(&walk, &account)) {
        if (!json_integer(json_member(account, "balance"), &balance))
            return race_expect(race, "a page with balances", false, true);
        sum += balance;
    }
    return race_expect(race, "sum of all balances", sum, ACCOUNTS * FUNDS);
}

static bool judge(struct race *race)
{
    int64_t racers = race->options->racers;
    int64_t moved = race_count(race, 201, NULL), read = race_count(race, 200, NULL);
    int64_t refused = race_count(race, 422, "insufficient_funds");
    bool good = race_expect(race, "pages", read, racers / 2);
    good &= race_expect(race, "transfers, done or refused", moved + refused, racers - racers / 2);
    for (int64_t i = 0; i < racers; i++) {
        const struct race_answer *answer = &race->answers[i];
        if (api_is(answer->status, &answer->response, 200, NULL))
            good &= judge_page(race, &answer->response);
    }
    return good;
}

static bool run(const struct options *options, struct report *report)
{
    static const struct race_rules rules = {prepare, read_or_move, judge};
    return race_run(options, report, &rules);
}

const struct scenario scenario_read_all = {
    .name = "read-all",
    .summary = "all balances read during a storm of transfers: always the same sum",
    .description =
        "Eight accounts hold 1000 each. In each round half the racers move money among them, and\n"
        "half read all of them in one request. Every sum must be 8000.",
    .uses = OPTION_RACE,
    .defaults = SCENARIO_RACE(100, 100),
    .run = run,
};
