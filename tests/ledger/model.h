/* SPDX-License-Identifier: MIT */
/*
 * A bank as small as it can be: arrays, one request after the other, no time, nothing that fails.
 * What the ledger answers is compared with what this says (test_differential.c).
 */
#ifndef TESTS_LEDGER_MODEL_H
#define TESTS_LEDGER_MODEL_H

#include "ledger/domain/entry.h"
#include "ledger/domain/money.h"
#include "ledger/domain/status.h"

enum {
    MODEL_ACCOUNTS = 10, /* the first two are the worlds of the two assets */
    MODEL_LEGS = 4,
    MODEL_KEYS = 150,
    MODEL_ENTRIES = 4000,
    MODEL_LEDGER = -1, /* as an account to freeze */
    MODEL_NO_KEY = -1,
};

enum model_kind { MODEL_TRANSFER, MODEL_HOLD, MODEL_CAPTURE, MODEL_RELEASE, MODEL_REVERSE };

struct model_leg {
    int from, to;
    money amount;
};

struct model_request {
    enum model_kind kind;
    uint32_t leg_count;
    struct model_leg legs[MODEL_LEGS]; /* of a hold: one; of its end: one, with the amount */
    uint64_t ref;
};

struct model_answer {
    enum ledger_status status;
    uint64_t seq; /* of its entry; 0: none was written */
};

struct model_account {
    int asset;
    bool open, has_floor, frozen;
    money floor, balance, held;
};

struct model_entry {
    enum entry_kind kind;
    bool over; /* reversed, or settled */
    uint32_t leg_count;
    struct model_leg legs[MODEL_LEGS];
};

struct model {
    struct model_account accounts[MODEL_ACCOUNTS];
    bool frozen;
    uint64_t seq; /* the last entry */
    struct model_entry entries[MODEL_ENTRIES];
    struct {
        bool used;
        struct model_request request;
        struct model_answer answer;
    } keys[MODEL_KEYS];
};

/* Open the account; false: it was open already. */
bool model_open(struct model *model, int account);

/* Freeze or unfreeze an account, or MODEL_LEDGER. */
void model_freeze(struct model *model, int account, bool frozen);

struct model_answer model_do(struct model *model, int key, const struct model_request *request);

/* Several transfers; atomic ones have keys of their own that nobody used. */
void model_batch(struct model *model, bool atomic, const int *keys,
    const struct model_request *requests, size_t count, struct model_answer *answers);

money model_available(const struct model_account *account);

#endif
