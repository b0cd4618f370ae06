/* SPDX-License-Identifier: MIT */
/*
 * Rounds of requests that are fired all at once, each over a connection of its own, with something
 * to prepare before and something to judge after each round.
 */
#ifndef LOADTEST_RACE_H
#define LOADTEST_RACE_H

#include <stddef.h>
#include <stdint.h>

#include "loadtest/load.h"

struct race;

/* One racer's answer in the round that is being judged; it stays until the racer fires again. */
struct race_answer {
    enum client_status status;
    struct response response;
};

struct race_rules {
    /* Make the round ready; false: the service refused, which is reported, and the race ends. */
    bool (*prepare)(struct race *race);
    /* One racer's request; runs in all racers' coroutines at once. */
    enum client_status (*fire)(
        struct race *race, struct load_client *racer, struct response *response);
    /* Look at all answers, and report violations. True: the round went as promised. */
    bool (*judge)(struct race *race);
};

struct race {
    const struct options *options; /* rounds, racers, seed */
    struct report *report;
    const struct race_rules *rules;
    struct load_client referee;  /* its connection prepares and judges */
    struct race_answer *answers; /* of the racers */
    int64_t round;               /* from 0 */
    uint64_t run;                /* a random number: names made with it are fresh */
    char account[64];            /* for the rules' use: the round's account */
    char key[KEY_SIZE];          /* the same: the round's key */
};

/* Counts into the report, with the figures "rounds" and "as promised". False: not one round could
 * be run; the report says why. */
MUST_CHECK bool race_run(
    const struct options *options, struct report *report, const struct race_rules *rules);

/* For prepare: give the race a fresh account that holds `amount`; reports why it cannot. */
MUST_CHECK bool race_fresh_account(struct race *race, int64_t amount);

#endif
