/* SPDX-License-Identifier: MIT */
/* Everyone opens the same account: one has opened it, the others find it there. */
#include "loadtest/race.h"
#include "loadtest/scenario.h"

static bool prepare(struct race *race)
{
    (void)race; /* nothing exists before: that is the point */
    return true;
}

static enum client_status open_it(
    struct race *race, struct load_client *racer, struct response *response)
{
    return api_open(&racer->api, race_name_in_round(race, 0).text, response);
}

static bool judge(struct race *race)
{
    bool one = race_expect_split(race, 1, 200, NULL);
    return race_expect_balance(race, race_name_in_round(race, 0).text, 0) && one;
}

const struct scenario scenario_open_once = {
    .name = "open-once",
    .summary = "one account opened by many clients simultaneously: it is created once",
    .description =
        "In each round all racers open the same account. One answer must be 201, all others 200\n"
        "(it was there, just so).",
    SCENARIO_RACE(prepare, open_it, judge, 100, 100),
};
