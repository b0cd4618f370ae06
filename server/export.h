/* SPDX-License-Identifier: MIT */
/*
 * A whole ledger as a text for other programs. A format is a handful of functions that write to a
 * FILE; they are called in the order in which they stand here and know nothing of the database.
 * Whether writing works is looked at by export_run() alone.
 */
#ifndef SERVER_EXPORT_H
#define SERVER_EXPORT_H

#include <stdio.h>

#include "ledger/snapshot.h"

struct export_work {
    const struct export_format *format;
    FILE *out;
    const char *ledger; /* its name */
    uint64_t seq;       /* the last position; 0: there is no entry */
    int64_t at_us;      /* of the last entry so far */
    money largest;      /* of all amounts and balances, if the format asks for it */
    void *state;        /* the format's own */
};

struct export_format {
    const char *name;
    size_t state_size; /* of work->state, which begins as zeros */
    bool asks_for_largest;
    void (*begin)(struct export_work *work);
    /* Each asset there is; NULL: it does not need them. */
    void (*asset)(struct export_work *work, const char *asset);
    void (*entry)(struct export_work *work, const struct entry *entry);
    /* Each account, as snapshot_balances() orders them; NULL: it does not need them. */
    void (*balance)(struct export_work *work, const struct snapshot_balance *balance);
    void (*end)(struct export_work *work); /* NULL: there is nothing left to do */
};

extern const struct export_format export_hledger, export_ledger; /* export_plain.c */
extern const struct export_format export_beancount;              /* export_beancount.c */
extern const struct export_format export_csv;                    /* export_csv.c */
extern const struct export_format export_jsonl;                  /* export_jsonl.c */

/* The format of that name; NULL: there is none. */
const struct export_format *export_find(const char *name);

/* Write all of it. False: *error says why, and what was written is not the whole. Parks, and blocks
 * when `out` does. */
MUST_CHECK bool export_run(const struct export_format *format, struct snapshot *snapshot,
    const char *ledger, FILE *out, char *error, size_t error_size);

#endif
