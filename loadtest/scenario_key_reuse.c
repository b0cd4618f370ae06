/* SPDX-License-Identifier: MIT */
/* Two different requests under one key, both in flight: one of them wins, and only one. */
#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { AMOUNT = 100 };

static int64_t amount_of(size_t index)
{
    return AMOUNT + (int64_t)(index % 2);
}

static bool prepare(struct race *race)
{
    key_next(&race->referee.keys, race->key);
    return race_fresh_account(race, 0);
}

static enum client_status deposit(
    struct race *race, struct load_client *racer, struct response *response)
{
    return api_deposit(&racer->api, race->account, amount_of(racer->index), race->key, response);
}

static bool judge(struct race *race)
{
    int64_t racers = race->options->racers, won[2] = {0}, firsts = 0;
    for (int64_t i = 0; i < racers; i++) {
        if (!api_is(race->answers[i].status, &race->answers[i].response, 201, NULL))
            continue;
        won[i % 2]++;
        firsts += !race->answers[i].response.replayed;
    }
    /* Either may win, but only one. */
    size_t winner = won[1] > 0;
    bool good = race_expect(race, "answers 201 to the other body", won[!winner], 0);
    good &= race_expect(race, "first answers", firsts, 1);
    good &= race_expect_split(race, (racers + !winner) / 2, 422, "key_reused");
    return race_expect_balance(race, race->account, amount_of(winner)) && good;
}

const struct scenario scenario_key_reuse = {
    .name = "key-reuse",
    .summary = "two different deposits race under one key, many times: one of the two happens",
    .description =
        "In each round half the racers deposit 100 and half 101, all with the same\n"
        "Idempotency-Key. All of one half must be answered 201, once as the first; all of the\n"
        "other half 422 key_reused; and the balance must be the winner's amount.",
    SCENARIO_RACE(prepare, deposit, judge, 100, 50),
};
