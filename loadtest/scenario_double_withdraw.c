/* SPDX-License-Identifier: MIT */
/* The oldest race of all: two withdrawals that are each covered, but not both. */
#include <inttypes.h>
#include <stdio.h>

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
    char key[KEY_SIZE];
    key_next(&racer->keys, key);
    return api_withdraw(&racer->api, race->account, WITHDRAWAL, key, response);
}

/* What came instead of the two answers that are right. */
static void report_other(struct race *race, const struct race_answer *answer)
{
    char name[STATS_OUTCOME_NAME];
    stats_name(answer->status, &answer->response, name);
    report_violation(race->report, "round %" PRId64 ": a withdrawal got %s", race->round, name);
}

static bool judge(struct race *race)
{
    int64_t paid = 0, refused = 0, balance = 0;
    for (int64_t i = 0; i < race->options->racers; i++) {
        const struct race_answer *answer = &race->answers[i];
        if (api_is(answer->status, &answer->response, 201, NULL))
            paid++;
        else if (api_is(answer->status, &answer->response, 422, "insufficient_funds"))
            refused++;
        else
            report_other(race, answer);
    }
    bool one = paid == 1 && refused == race->options->racers - 1;
    if (!one)
        report_violation(race->report,
            "round %" PRId64 ": %" PRId64 " withdrawals were paid, %" PRId64 " refused",
            race->round, paid, refused);
    enum client_status got = api_balance(&race->referee.api, race->account, &balance);
    if (got == CLIENT_ANSWERED && balance == FUNDS - WITHDRAWAL)
        return one;
    report_violation(race->report, "round %" PRId64 ": the balance is %" PRId64 " (%s)",
        race->round, balance, client_status_name(got));
    return false;
}

static bool run(const struct options *options, struct report *report)
{
    static const struct race_rules rules = {prepare, withdraw, judge};
    return race_run(options, report, &rules);
}

const struct scenario scenario_double_withdraw = {
    .name = "double-withdraw",
    .summary = "withdrawals of 80 from 100, all at once: exactly one is paid",
    .description =
        "In each round a fresh account gets 100, and withdrawals of 80 race for it, each over a\n"
        "connection of its own. Exactly one must be answered 201, all others 422\n"
        "insufficient_funds, and the balance must be 20. Anything else is a violation.",
    .uses = OPTION_RACE,
    .defaults = {.ledger = "main",
        .url = "http://127.0.0.1:8080",
        .rounds = 1000,
        .racers = 2,
        .timeout = 30,
        .workers = 2},
    .run = run,
};
