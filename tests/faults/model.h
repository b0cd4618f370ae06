/* SPDX-License-Identifier: MIT */
/*
 * The second judge: a bank in its plainest form, which does one op after the other. Of the journal
 * it takes the order only: which key stands at which position. What the clients asked for it does
 * itself, in that order, and what comes out must be what they were told.
 *
 * It shares no code with the checker of tests/service, which folds the amounts that the journal
 * tells, nor with the ledger.
 */
#ifndef TESTS_FAULTS_MODEL_H
#define TESTS_FAULTS_MODEL_H

#include "tests/service/history.h"

struct model {
    struct model_op *ops; /* those that have a key, in the order of keys */
    struct op **reads;    /* the others, in the order of what they saw */
    size_t op_count, read_count, reads_checked;
    bool begun;         /* an op of the clients has been done */
    unsigned funds;     /* first ones of the accounts so far */
    unsigned rows;      /* entries without a key since the last one that has one */
    int64_t seq;        /* of the last step */
    int64_t invoked_ns; /* the latest beginning of all ops done so far */
    int64_t balance[HISTORY_ACCOUNTS], held[HISTORY_ACCOUNTS];
    int64_t *on_hold; /* by position: what the hold that was made there still holds */
    size_t on_hold_capacity;
    size_t problems, shown; /* found; at most that many are printed */
};

/* All that the clients did; the histories must stay where they are. */
void model_begin(struct model *model, struct history *histories, size_t count, size_t shown);

/* The next position: do what the op with that key asked for. `kind` is what the journal calls it.
 * key "": nobody's; so are the openings and the first funds of the accounts, before all else, and
 * the rows of a batch right before it. */
void model_step(struct model *model, const char *key, const char *kind);

/* The service's answer to a question of the end: what is on this account? */
void model_balance(struct model *model, unsigned account, int64_t balance, int64_t held);

/* The journal has ended: what was answered must have been in it. The number of problems. */
CO_MUST_CHECK size_t model_end(struct model *model);

/* Instead: it could not be read to its end. That is one more problem, and all that can be said. */
CO_MUST_CHECK size_t model_break_off(struct model *model);

#endif
