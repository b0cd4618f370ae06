/* SPDX-License-Identifier: MIT */
/* Transfers that wait for each other's accounts in a circle, or all for one: all must be done. */
#include "loadtest/race.h"
#include "loadtest/scenario.h"

static bool open_all(struct race *race, size_t n, int64_t floor)
{
    /* Balances add up over rounds, so a missing answer makes all later ones uncertain. */
    race->carries = true;
    for (size_t i = 0; race->round == 0 && i < n; i++)
        if (!race_open(race, race_name_in_run(race, i).text, floor, 0))
            return false;
    return true;
}

static enum client_status move(
    struct race *race, struct load_client *racer, size_t from, size_t to, struct response *response)
{
    return api_transfer(&racer->api, race_name_in_run(race, from).text,
        race_name_in_run(race, to).text, 1, key_fresh(&racer->keys).text, response);
}

/* All are done, and the first n accounts have this balance. */
static bool all_done(struct race *race, size_t n, int64_t balance)
{
    bool good =
        race_expect(race, "answers 201", race_count(race, 201, NULL), race->options->racers);
    for (size_t i = 0; i < n; i++)
        good &= race_expect_balance(race, race_name_in_run(race, i).text, balance);
    return good;
}

/* --- A to B and B to A ------------------------------------------------------------------------ */

static bool prepare_opposite(struct race *race)
{
    return open_all(race, 2, -race->options->racers * race->options->rounds);
}

static enum client_status move_opposite(
    struct race *race, struct load_client *racer, struct response *response)
{
    /* Even racers from A to B, odd ones back: each locks what the other waits for. */
    return move(race, racer, racer->index % 2, (racer->index + 1) % 2, response);
}

/* With an odd number of racers A gives one more than it gets, in every round. */
static bool judge_opposite(struct race *race)
{
    int64_t moved = race->options->racers % 2 * (race->round + 1);
    return all_done(race, 1, -moved) &&
           race_expect_balance(race, race_name_in_run(race, 1).text, moved);
}

const struct scenario scenario_opposite = {
    .name = "opposite",
    .summary = "half the transfers from A to B, half from B to A: all are done, none waits forever",
    .description =
        "Two accounts with credit enough; in each round the racers move 1 from A to B and 1 from\n"
        "B to A, all simultaneously. Every answer must be 201, and the balances must be exact.",
    SCENARIO_RACE(prepare_opposite, move_opposite, judge_opposite, 100, 100),
};

/* --- Each to its neighbour -------------------------------------------------------------------- */

static bool prepare_ring(struct race *race)
{
    return open_all(race, (size_t)race->options->racers, -1);
}

static enum client_status move_on(
    struct race *race, struct load_client *racer, struct response *response)
{
    size_t next = (racer->index + 1) % (size_t)race->options->racers;
    return move(race, racer, racer->index, next, response);
}

static bool judge_ring(struct race *race)
{
    return all_done(race, (size_t)race->options->racers, 0);
}

const struct scenario scenario_ring = {
    .name = "ring",
    .summary = "accounts in a circle, each gives 1 to the next at the same moment",
    .description =
        "As many accounts as racers, each with a credit of 1. In each round each gives 1 to the\n"
        "next one, all together: every transfer shares both of its accounts with others. Every\n"
        "answer must be 201, and each balance must be 0 again.",
    SCENARIO_RACE(prepare_ring, move_on, judge_ring, 100, 100),
};

/* --- One to all, all to one ------------------------------------------------------------------- */

/* The racers' accounts come first, then the hot one. */
static bool prepare_hot(struct race *race)
{
    size_t n = (size_t)race->options->racers;
    /* The round before has left all as this one needs it. */
    if (race->round > 0)
        return true;
    return open_all(race, n, 0) &&
           race_open(race, race_name_in_run(race, n).text, 0, race->options->racers);
}

static enum client_status spread_or_gather(
    struct race *race, struct load_client *racer, struct response *response)
{
    size_t hot = (size_t)race->options->racers;
    bool spreads = race->round % 2 == 0;
    return move(race, racer, spreads ? hot : racer->index, spreads ? racer->index : hot, response);
}

static bool judge_hot(struct race *race)
{
    size_t hot = (size_t)race->options->racers;
    bool spread = race->round % 2 == 0;
    return all_done(race, hot, spread) &&
           race_expect_balance(race, race_name_in_run(race, hot).text, spread ? 0 : (int64_t)hot);
}

const struct scenario scenario_hot = {
    .name = "hot",
    .summary = "one account gives all it has to many, and gets it all back",
    .description =
        "A hot account holds 1 for each racer. In every first round it gives 1 to each of their\n"
        "accounts, in every second they all give it back together. Every answer must be 201,\n"
        "and each balance must be exact.",
    SCENARIO_RACE(prepare_hot, spread_or_gather, judge_hot, 100, 100),
};
