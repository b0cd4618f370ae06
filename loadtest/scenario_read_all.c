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

/* The balance of an account as it was at that position. */
static int64_t balance_at(struct race *race, struct json account, int64_t seq)
{
    char id[72], path[120];
    struct response response;
    int64_t balance = -1;
    if (!json_copy(json_member(account, "id"), id, sizeof id))
        return -1;
    snprintf(path, sizeof path, "/accounts/%s?at=%" PRId64, id, seq);
    if (api_get(&race->referee.api, path, &response) != CLIENT_ANSWERED ||
        !json_integer(
            json_member(json_read(response.body, response.body_length), "balance"), &balance))
        return -1;
    return balance;
}

/* One page: the sum is what was paid in; asked for again as of its position, it is the same. */
static bool judge_page(struct race *race, const struct response *page, bool again)
{
    struct json_walk walk = {
        .rest = json_member(json_read(page->body, page->body_length), "items")};
    struct json account;
    int64_t sum = 0, balance;
    bool good = true;
    while (json_next(&walk, &account)) {
        if (!json_integer(json_member(account, "balance"), &balance))
            return race_expect(race, "a page with balances", false, true);
        sum += balance;
        if (again)
            good &= race_expect(
                race, "balance as of a position", balance_at(race, account, page->seq), balance);
    }
    return race_expect(race, "sum of all balances", sum, ACCOUNTS * FUNDS) && good;
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
            good &= judge_page(race, &answer->response, i == 1);
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
        "half read all of them in one request. Every sum must be 8000, and the balances of one\n"
        "page, asked for again as of its position (Ledger-Seq), must be the same.",
    .uses = OPTION_RACE,
    .defaults = SCENARIO_RACE(100, 100),
    .run = run,
};
