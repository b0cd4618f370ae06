/* SPDX-License-Identifier: MIT */
/* Whoever reads all accounts during a storm of transfers sees the same money at each position: now,
 * and at each one that is past. */
#include <inttypes.h>
#include <stdio.h>

#include "loadtest/json_view.h"
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { ACCOUNTS = 8, FUNDS = 1000, LOOKS_BACK = 5 };

/* What the racers do: every second one moves money, the others read, half of them twice. */
static bool reads(size_t index)
{
    return index % 2;
}

static bool looks_back(size_t index)
{
    return index % 4 == 3;
}

/* The sum of all balances as they were at a position; negative: not known. One request each: the
 * journal has long gone on between the first and the last. */
static int64_t sum_at(const struct race *race, struct api *api, int64_t seq)
{
    int64_t sum = 0, balance;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        if (api_balance_at(api, race_name_in_run(race, i).text, seq, &balance) != CLIENT_ANSWERED)
            return -1;
        sum += balance;
    }
    return sum;
}

/* The position that the service is at; negative: not known. */
static int64_t position(const struct race *race, struct api *api)
{
    char path[96];
    struct response response;
    snprintf(path, sizeof path, "/accounts/%s", race_name_in_run(race, 0).text);
    bool good = api_is(api_get(api, path, &response), &response, 200, NULL);
    return good ? response.seq : -1;
}

static bool prepare(struct race *race)
{
    if (race->round > 0)
        return true;
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (!race_open(race, race_name_in_run(race, i).text, 0, FUNDS))
            return false;
    race->seq = position(race, &race->referee.api);
    return race->seq > 0;
}

static enum client_status read_page(
    struct race *race, struct load_client *racer, struct response *response)
{
    char path[96];
    /* Read here, in the storm, and judged later by the referee. */
    if (looks_back(racer->index)) {
        int64_t seq = position(race, &racer->api);
        race->answers[racer->index].figure = sum_at(race, &racer->api, seq);
    }
    snprintf(path, sizeof path, "/accounts?prefix=race-%" PRIx64 ".", race->run);
    return api_get(&racer->api, path, response);
}

static enum client_status read_or_move(
    struct race *race, struct load_client *racer, struct response *response)
{
    if (reads(racer->index))
        return read_page(race, racer, response);
    size_t from = dice_below(&racer->dice, ACCOUNTS);
    /* Never to itself, which would be refused. */
    size_t to = (from + 1 + dice_below(&racer->dice, ACCOUNTS - 1)) % ACCOUNTS;
    /* Large enough that many are refused, and refusals must not change the sum. */
    int64_t amount = 1 + (int64_t)dice_below(&racer->dice, FUNDS);
    return api_transfer(&racer->api, race_name_in_run(race, from).text,
        race_name_in_run(race, to).text, amount, key_fresh(&racer->keys).text, response);
}

/* One page: the sum is what was paid in. */
static bool judge_page(struct race *race, const struct response *page)
{
    struct json_view_walk walk = {
        .rest = json_view_member(json_view_read(page->body, page->body_length), "items")};
    struct json_view account;
    int64_t sum = 0, balance;
    while (json_view_next(&walk, &account)) {
        if (!json_view_integer(json_view_member(account, "balance"), &balance))
            return race_expect(race, "a page with balances", false, true);
        sum += balance;
    }
    return race_expect(race, "sum of all balances", sum, ACCOUNTS * FUNDS);
}

/* Any position since the accounts were funded: some in the storm that has just passed, some in one
 * long ago. */
static bool judge_past(struct race *race)
{
    struct load_client *referee = &race->referee;
    int64_t now = position(race, &referee->api);
    bool good = race_expect(race, "the position goes on", now >= race->seq, true);
    for (int i = 0; good && i < LOOKS_BACK; i++) {
        int64_t back = (int64_t)dice_below(&referee->dice, (uint64_t)(now - race->seq) + 1);
        good = race_expect(race, "sum of all balances at a past position",
            sum_at(race, &referee->api, now - back), ACCOUNTS * FUNDS);
    }
    return good;
}

static bool judge(struct race *race)
{
    int64_t racers = race->options->racers;
    int64_t moved = race_count(race, 201, NULL), read = race_count(race, 200, NULL);
    /* Each racer's answer is one of three; a fourth is found by the counts. */
    int64_t refused = race_count(race, 422, "insufficient_funds");
    bool good = race_expect(race, "pages", read, racers / 2);
    good &= race_expect(race, "transfers, done or refused", moved + refused, racers - racers / 2);
    for (size_t i = 0; i < (size_t)racers; i++) {
        const struct race_answer *answer = &race->answers[i];
        if (api_is(answer->status, &answer->response, 200, NULL))
            good &= judge_page(race, &answer->response);
        if (looks_back(i))
            good &= race_expect(race, "sum of all balances at a position in the storm",
                answer->figure, ACCOUNTS * FUNDS);
    }
    return judge_past(race) && good;
}

const struct scenario scenario_read_all = {
    .name = "read-all",
    .summary = "all balances read during a storm of transfers: always the same sum",
    .description =
        "Eight accounts hold 1000 each. In each round half the racers move money among them, and\n"
        "half read all of them in one request; half of these read each account, too, as it was at\n"
        "one position, and so does the referee after each round at five random past positions.\n"
        "Every sum must be 8000.",
    SCENARIO_RACE(prepare, read_or_move, judge, 100, 100),
};
