/* SPDX-License-Identifier: MIT */
/* The oldest race of all: two withdrawals that are each covered, but not both. */
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { FUNDS = 100, WITHDRAWAL = 80 };

static bool prepare(struct race *race)
{
    return race_fresh_account(race, FUNDS);
}

static enum client_status withdraw(
    struct race *race, struct load_client *racer, struct response *response)
{
    return api_withdraw(
        &racer->api, race->account, WITHDRAWAL, key_fresh(&racer->keys).text, response);
}

static bool judge(struct race *race)
{
    /* The balance is read even if the answers are wrong: both belong in the report. */
    bool one = race_expect_split(race, 1, 422, "insufficient_funds");
    return race_expect_balance(race, race->account, FUNDS - WITHDRAWAL) && one;
}

const struct scenario scenario_double_withdraw = {
    .name = "double-withdraw",
    .summary = "withdrawals of 80 from 100, all simultaneously: exactly one is paid",
    .description =
        "In each round a fresh account gets 100, and withdrawals of 80 race for it, each over a\n"
        "connection of its own. Exactly one must be answered 201, all others 422\n"
        "insufficient_funds, and the balance must be 20. Anything else is a violation.",
    SCENARIO_RACE(prepare, withdraw, judge, 1000, 2),
};
