/* SPDX-License-Identifier: MIT */
/*
 * Rounds of requests that are fired simultaneously, each over a connection of its own, with
 * something to prepare before and something to judge after each round.
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
    int64_t figure; /* for the rules' use: what fire found out besides */
};

struct race_rules {
    /* Make the round ready; false: the service refused, which is reported, and the race ends. */
    bool (*prepare)(struct race *race);
    /* One racer's request; runs in all racers' coroutines concurrently. */
    enum client_status (*fire)(
        struct race *race, struct load_client *racer, struct response *response);
    /* Look at all answers, and report violations. True: the round went as promised. */
    bool (*judge)(struct race *race);
};

struct race {
    const struct load_options *options; /* rounds, racers, seed */
    struct report *report;
    const struct race_rules *rules;
    struct load_client referee;  /* its connection prepares and judges */
    struct race_answer *answers; /* of the racers */
    int64_t round;               /* from 0 */
    bool carries;                /* the same: accounts live on from round to round */
    int64_t missing;             /* answers that do not tell what was done: of this round, or of
                                    all so far if it carries */
    uint64_t run;                /* a random number: names made with it are fresh */
    char account[64];            /* for the rules' use: the round's account */
    char key[KEY_SIZE];          /* the same: the round's key */
    int64_t seq;                 /* the same: a position in the journal */
};

/* Counts into the report, with the figures "rounds" and "as promised". False: not one round could
 * be run; the report says why. */
CO_MUST_CHECK bool race_run(
    const struct load_options *options, struct report *report, const struct race_rules *rules);

/* A name of this run: "race-RUN" and ".N"; of this round: "race-RUN-ROUND.N". */
struct race_name {
    char text[64];
};
struct race_name race_name_in_run(const struct race *race, size_t n);
struct race_name race_name_in_round(const struct race *race, size_t n);

/* For prepare: give the race a fresh account that holds `amount`; reports why it cannot. */
CO_MUST_CHECK bool race_fresh_account(struct race *race, int64_t amount);
CO_MUST_CHECK bool race_open(struct race *race, const char *account, int64_t floor, int64_t amount);

/* Was something that prepares a round done, with 201? If not, it is reported what came instead. */
CO_MUST_CHECK bool race_is_done(
    struct race *race, const char *what, enum client_status got, const struct response *response);

/* For judge. How many answers have that status and code (NULL: any)? */
int64_t race_count(const struct race *race, int status, const char *code);

/* Each of these reports a violation and returns false if it is not so. In a round in which answers
 * are missing it is a doubt instead. */
bool race_expect(struct race *race, const char *what, int64_t found, int64_t wanted);
bool race_expect_balance(struct race *race, const char *account, int64_t wanted);

/* That many answers are 201, and all others have the other status and code. More than that is a
 * violation also when answers are missing. */
bool race_expect_split(struct race *race, int64_t done, int other, const char *code);

#endif
