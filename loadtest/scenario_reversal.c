/* SPDX-License-Identifier: MIT */
/* One transfer, reversed by everyone simultaneously: the money comes back once. */
#include <inttypes.h>
#include <stdio.h>

#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { PAID = 500 };

/* A customer pays a merchant, who has `more` besides: enough for wrong refunds to be paid. The
 * path of the reversal stands where the round's account would. */
static bool pay(struct race *race, int64_t more)
{
    struct race_name customer = race_name_in_round(race, 0), merchant = race_name_in_round(race, 1);
    struct response response;
    struct api *api = &race->referee.api;
    struct key key = key_fresh(&race->referee.keys);
    int64_t id;
    if (!race_open(race, customer.text, 0, PAID) || !race_open(race, merchant.text, 0, more))
        return false;
    enum client_status got =
        api_transfer(api, customer.text, merchant.text, PAID, key.text, &response);
    if (!race_is_done(race, "the payment", got, &response) || !api_id(&response, &id))
        return false;
    snprintf(race->account, sizeof race->account, "/transfers/%" PRId64 "/reverse", id);
    return true;
}

static bool prepare_poor(struct race *race)
{
    return pay(race, 0);
}

static bool prepare_rich(struct race *race)
{
    return pay(race, PAID * race->options->racers);
}

static enum client_status reverse(
    struct race *race, struct load_client *racer, struct response *response)
{
    return api_post(&racer->api, race->account, key_fresh(&racer->keys).text, "{}", response);
}

static bool judge(struct race *race, int64_t more)
{
    /* More than one reversal would show in the balances too. */
    bool good = race_expect_split(race, 1, 409, "already_reversed");
    good &= race_expect_balance(race, race_name_in_round(race, 0).text, PAID);
    return race_expect_balance(race, race_name_in_round(race, 1).text, more) && good;
}

static bool judge_poor(struct race *race)
{
    return judge(race, 0);
}

static bool judge_rich(struct race *race)
{
    return judge(race, PAID * race->options->racers);
}

const struct scenario scenario_double_revert = {
    .name = "double-revert",
    .summary = "a transfer of 500 reversed twice simultaneously: it is reversed once",
    .description =
        "In each round 500 go from one account to an empty one, and the racers reverse that\n"
        "transfer, each with a key of its own. One answer must be 201, all others 409\n"
        "already_reversed, and the money must be back, once.",
    SCENARIO_RACE(prepare_poor, reverse, judge_poor, 100, 2),
};

const struct scenario scenario_refund = {
    .name = "refund",
    .summary = "a payment refunded by many together, out of a full account: it is refunded once",
    .description =
        "As double-revert, but whoever was paid has enough to pay every racer: nothing but the\n"
        "rule that a transfer is reversed once protects that money.",
    SCENARIO_RACE(prepare_rich, reverse, judge_rich, 100, 100),
};
