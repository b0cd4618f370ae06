/* SPDX-License-Identifier: MIT */
/*
 * A bank as small as it can be: arrays, one request after another, no time, nothing that fails.
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
    MODEL_ROWS = 5, /* of a batch */
    MODEL_KEYS = 200,
    MODEL_KEY_TEXT = 16,
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

/* Several transfers. */
struct model_batch {
    bool atomic;
    size_t count;
    int keys[MODEL_ROWS];
    struct model_request requests[MODEL_ROWS];
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
    struct model_key {
        bool used, of_batch;
        struct model_request request;
        struct model_answer answer; /* of a batch: the position of its own entry */
        struct model_batch batch;
        struct model_answer answers[MODEL_ROWS];
    } keys[MODEL_KEYS];
};

/* A key as the ledger is told it: items without a key come first, then by this. */
void model_key_text(int key, char text[MODEL_KEY_TEXT]);

/* Open the account; false: it was open already. */
bool model_open(struct model *model, int account);

/* Freeze or unfreeze an account, or MODEL_LEDGER. */
void model_freeze(struct model *model, int account, bool frozen);

struct model_answer model_do(struct model *model, int key, const struct model_request *request);

/* Without a key for all of it; atomic ones have keys of their own that nobody used. */
void model_batch(
    struct model *model, const struct model_batch *batch, struct model_answer answers[MODEL_ROWS]);

/* With one. The status is that of the whole; only if it is OK there are answers. */
struct model_answer model_keyed_batch(struct model *model, int key, const struct model_batch *batch,
    struct model_answer answers[MODEL_ROWS]);

money model_available(const struct model_account *account);

#endif
