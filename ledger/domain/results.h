/* SPDX-License-Identifier: MIT */
/*
 * What became of the items of a batch with a key, as the batch's entry keeps it in its metadata:
 *
 *     {"atomic":false,"results":[{"entries":3},{"code":"account_not_found","to":0},{"replayed":7}]}
 *
 * "entries" are items that have entries of their own, which stand right before the batch's entry in
 * the order of the items. A refusal without an entry says which leg's account broke the rule, as
 * the request that it is the answer to has the names. None of these parks.
 */
#ifndef LEDGER_DOMAIN_RESULTS_H
#define LEDGER_DOMAIN_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "coro/ensure.h"
#include "ledger/domain/money.h"
#include "ledger/domain/status.h"

enum result_kind {
    RESULT_ENTRIES,  /* `times` items with the next entries: done, or refused under their own key */
    RESULT_REPLAYED, /* an item whose key had been used: the answer is that of the entry `at` */
    RESULT_SAME,     /* an item with the key of the item `at` of this batch */
    RESULT_REFUSED,  /* `times` items that were refused alike, and have no entries */
};

/* Which account a refusal is about: none, or one of a leg. */
enum result_side { RESULT_NO_ACCOUNT, RESULT_FROM, RESULT_TO };

struct result {
    enum result_kind kind;
    uint64_t times, at;
    enum ledger_status status;
    enum result_side side;
    uint64_t leg;
    bool has_available;
    money available;
};

/* ---- writing ------------------------------------------------------------------------------- */

struct results_writer {
    FILE *file; /* NULL: memory is short, and results_end() will say so */
    char *text;
    size_t size;
    bool comma;
    struct result last; /* not written yet; times 0: there is none */
};
void results_begin(struct results_writer *writer, bool atomic);
void results_add(struct results_writer *writer, const struct result *result); /* times: 1 */

/* The text, the caller's to free; NULL: memory is short. */
CO_MUST_CHECK char *results_end(struct results_writer *writer);

/* ---- reading ------------------------------------------------------------------------------- */

struct results_reader {
    const char *at;
    bool bad; /* it is not such a text */
};

/* Begin with the text (NULL is none); *atomic: what results_begin() was told. */
void results_read(struct results_reader *reader, const char *text, bool *atomic);

/* False: it is at the end, or bad. */
CO_MUST_CHECK bool results_next(struct results_reader *reader, struct result *result);

/* How many entries of items stand right before that of the batch. */
uint64_t results_entries(const char *text);

#endif
