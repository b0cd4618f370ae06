/* SPDX-License-Identifier: MIT */
/* A client that is unsure sends again: the same request with the same key, many times over. */
#include <string.h>

#include "loadtest/race.h"
#include "loadtest/scenario.h"

enum { AMOUNT = 100 };

static bool prepare(struct race *race)
{
    key_next(&race->referee.keys, race->key);
    return race_fresh_account(race, 0);
}

static enum client_status deposit(
    struct race *race, struct load_client *racer, struct response *response)
{
    return api_deposit(&racer->api, race->account, AMOUNT, race->key, response);
}

static bool same_body(const struct response *a, const struct response *b)
{
    return a->body_length == b->body_length && memcmp(a->body, b->body, a->body_length) == 0;
}

static bool judge(struct race *race)
{
    const struct race_answer *answers = race->answers;
    int64_t firsts = 0, same = 0;
    for (int64_t i = 0; i < race->options->racers; i++) {
        if (!api_is(answers[i].status, &answers[i].response, 201, NULL))
            continue;
        firsts += !answers[i].response.replayed;
        /* The first racer's answer stands for all: each is compared with it. */
        same += answers[0].status == CLIENT_ANSWERED &&
                same_body(&answers[0].response, &answers[i].response);
    }
    bool one = race_expect(race, "first answers", firsts, 1);
    bool equal = race_expect(race, "equal answers 201", same, race->options->racers);
    return race_expect_balance(race, race->account, AMOUNT) && one && equal;
}

const struct scenario scenario_same_key = {
    .name = "same-key",
    .summary = "one deposit sent by many clients with the same key: it happens once",
    .description =
        "In each round one deposit of 100 is sent many times together with one Idempotency-Key.\n"
        "Every answer must be 201 with the same body, byte for byte; all but one must say\n"
        "Idempotency-Replayed: true; and the balance must be 100.",
    SCENARIO_RACE(prepare, deposit, judge, 100, 50),
};
