/* SPDX-License-Identifier: MIT */
/*
 * What clients asked for and what they were told: the half of the truth that the journal must
 * agree with, whatever was killed in between.
 */
#ifndef TESTS_SERVICE_HISTORY_H
#define TESTS_SERVICE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadtest/api_client.h"
#include "loadtest/key.h"

enum op_kind {
    OP_DEPOSIT,
    OP_WITHDRAW,
    OP_TRANSFER,
    OP_HOLD,
    OP_CAPTURE,
    OP_RELEASE,
    OP_BATCH, /* HISTORY_ROWS transfers under one key (history_row()) */
    OP_READ,
};

/* What the client knows of it. */
enum op_outcome {
    OP_UNKNOWN, /* sent, and no final answer: in the journal at most once */
    OP_DONE,    /* 201: in the journal exactly once, at position `seq`. A read, a batch: 200 */
    OP_REFUSED, /* 422: in the journal exactly once, as a rejection */
    OP_ABSENT,  /* never sent, or answered "not executed": not in the journal */
};

struct op {
    char key[KEY_SIZE];     /* "" for a read */
    uint8_t kind, from, to; /* accounts by number; a deposit has no `from`, a withdrawal no `to` */
    uint8_t outcome;
    uint8_t seen;    /* how often the journal has it */
    bool retried;    /* sent more than once */
    bool atomic;     /* a batch: all of it or nothing */
    uint8_t rows;    /* a batch: which of its rows were told to be done, the first one is bit 0 */
    uint64_t told;   /* a batch: a hash of the first answer; each one after it must be the same */
    uint16_t status; /* of the last answer; 0: none came */
    int32_t amount;
    int64_t hold;                    /* a capture, a release: of that hold */
    int64_t seq;                     /* Ledger-Seq of the final answer */
    int64_t balance, held;           /* a read: what it was told of account `from`, as of seq */
    int64_t available;               /* refused: what it was told to be left of `from` */
    int64_t invoked_ns, returned_ns; /* of the first sending, and of the final answer */
};

struct history {
    struct op *ops;
    size_t count, capacity;
};

enum { HISTORY_ACCOUNTS = 16, HISTORY_FUNDS = 500, HISTORY_ROWS = 3 };

/* "crash-00" ... */
void history_account(unsigned index, char name[16]);

/* The row of a batch as a transfer of its own. */
struct op history_row(const struct op *batch, unsigned row);

/* A new op at the end, all zero; stops the program when memory is short. Moves the others. */
struct op *history_add(struct history *history);
void history_free(struct history *history);

/* Send an op once (with its key) and note what the answer says. False: the contract does not
 * allow the answer; the first few such are printed. */
CO_MUST_CHECK bool history_send(struct api *api, struct op *op);

/* Send a batch that was answered once more: it must be a replay, the same byte for byte. False
 * also if no answer came. */
CO_MUST_CHECK bool history_replay(struct api *api, const struct op *op);

#endif
