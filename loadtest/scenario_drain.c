/* SPDX-License-Identifier: MIT */
/* More withdrawals than an account can pay: what it holds, or a credit line, is the limit. */
#include <string.h>

#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { LINE = 500, STEP = 100, STEPS = LINE / STEP };

static bool prepare_drain(struct race *race)
{
    /* One for every second racer. */
    return race_fresh_account(race, race->options->racers / 2);
}

static bool prepare_line(struct race *race)
{
    struct race_name name = race_name_in_round(race, 0);
    memcpy(race->account, name.text, sizeof race->account);
    /* No deposit: all of it is credit. */
    return race_open(race, race->account, -LINE, 0);
}

static enum client_status withdraw(
    struct race *race, struct load_client *racer, int64_t amount, struct response *response)
{
    return api_withdraw(&racer->api, race->account, amount, key_fresh(&racer->keys).text, response);
}

static enum client_status withdraw_one(
    struct race *race, struct load_client *racer, struct response *response)
{
    return withdraw(race, racer, 1, response);
}

static enum client_status withdraw_step(
    struct race *race, struct load_client *racer, struct response *response)
{
    return withdraw(race, racer, STEP, response);
}

static bool judge_drain(struct race *race)
{
    bool exact = race_expect_split(race, race->options->racers / 2, 422, "insufficient_funds");
    return race_expect_balance(race, race->account, 0) && exact;
}

static bool judge_line(struct race *race)
{
    int64_t paid = race->options->racers < STEPS ? race->options->racers : STEPS;
    bool exact = race_expect_split(race, paid, 422, "insufficient_funds");
    return race_expect_balance(race, race->account, -STEP * paid) && exact;
}

const struct scenario scenario_drain = {
    .name = "drain",
    .summary = "twice as many withdrawals of 1 as the account holds: half are paid",
    .description =
        "In each round a fresh account gets half as much as there are racers, and each of them\n"
        "withdraws 1. Exactly what was there must be paid, all other answers must be 422\n"
        "insufficient_funds, and the balance must be 0.",
    SCENARIO_RACE(prepare_drain, withdraw_one, judge_drain, 100, 100),
};

const struct scenario scenario_credit_line = {
    .name = "credit-line",
    .summary = "withdrawals of 100 against a credit line of 500: five are paid",
    .description =
        "In each round an account is opened with a floor of -500, and all racers withdraw 100\n"
        "from it. Exactly five must be paid, all other answers must be 422 insufficient_funds,\n"
        "and the balance must be -500.",
    SCENARIO_RACE(prepare_line, withdraw_step, judge_line, 100, 100),
};
