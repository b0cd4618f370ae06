/* SPDX-License-Identifier: MIT */
/*
 * All the money of A to B, of B to C and of C to A, from everywhere simultaneously: the storm that
 * emptied an exchange (Flexcoin, 2014), which checked balances and moved money in two steps.
 */
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { ACCOUNTS = 3, FUNDS = 100 };

static bool prepare(struct race *race)
{
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (!race_open(race, race_name_in_round(race, i).text, 0, i == 0 ? FUNDS : 0))
            return false;
    return true;
}

static enum client_status pass_on(
    struct race *race, struct load_client *racer, struct response *response)
{
    /* A third of the racers on each side of the triangle. */
    struct race_name from = race_name_in_round(race, racer->index % ACCOUNTS);
    struct race_name to = race_name_in_round(race, (racer->index + 1) % ACCOUNTS);
    return api_transfer(
        &racer->api, from.text, to.text, FUNDS, key_fresh(&racer->keys).text, response);
}

/* The balances are what the answers say, and the answers can have come in some order. */
static bool judge(struct race *race)
{
    int64_t balance[ACCOUNTS] = {FUNDS}, done = 0;
    for (int64_t i = 0; i < race->options->racers; i++) {
        if (!api_is(race->answers[i].status, &race->answers[i].response, 201, NULL))
            continue;
        done++;
        balance[i % ACCOUNTS] -= FUNDS;
        balance[(i + 1) % ACCOUNTS] += FUNDS;
    }
    bool good = race_expect_split(race, done, 422, "insufficient_funds");
    /* Refusing everything would keep the sums right, too. */
    good &= race_expect(race, "the money moved at all", done > 0, true);
    for (size_t i = 0; i < ACCOUNTS; i++) {
        good &= race_expect(
            race, "balance is all or nothing", balance[i] == 0 || balance[i] == FUNDS, true);
        good &= race_expect_balance(race, race_name_in_round(race, i).text, balance[i]);
    }
    return good;
}

const struct scenario scenario_chain = {
    .name = "chain",
    .summary = "all the money of A to B, B to C and C to A, in a storm: never two together",
    .description =
        "In each round A holds 100, B and C nothing, and the racers move 100 from A to B, from B\n"
        "to C and from C to A. Each answer must be 201 or 422 insufficient_funds; the balances\n"
        "must be exactly what the answers 201 add up to: 100 in one account, 0 in the others.",
    SCENARIO_RACE(prepare, pass_on, judge, 100, 300),
};
