/* SPDX-License-Identifier: MIT */
/*
 * A whole ledger as a text for other programs. A format is a handful of functions that write to a
 * FILE; they are called in the order in which they stand here and know nothing of the database.
 * Whether writing works is looked at by export_run() alone.
 */
#ifndef SERVER_EXPORT_EXPORT_H
#define SERVER_EXPORT_EXPORT_H

#include <stdio.h>

#include "ledger/read/snapshot.h"

struct export_work {
    const struct export_format *format;
    FILE *out;
    const char *ledger; /* its name */
    const char *types;  /* of accounts: export_types.h */
    uint64_t after;     /* the entries begin behind this position */
    uint64_t seq;       /* the last position; 0: there is none */
    int64_t from_us;    /* when the range begins; 0: there is no bound */
    int64_t at_us;      /* of the last entry so far; before the first, when the range begins */
    money largest;      /* of all amounts and balances, if the format asks for it */
    void *state;        /* the format's own */
    void (*told)(uint64_t done, uint64_t all); /* as of export_options */
};

struct export_format {
    const char *name;
    size_t state_size; /* of work->state, which begins as zeros */
    bool asks_for_largest;
    void (*begin)(struct export_work *work);
    /* Each asset there is; NULL: it does not need them. */
    void (*asset)(struct export_work *work, const char *asset);
    /* Each account that was there before a range that begins at a moment, with its balance then.
     * NULL: it does not need them. */
    void (*opening)(struct export_work *work, const struct snapshot_balance *balance);
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

/* What is exported besides the snapshot, which may have been narrowed. */
struct export_options {
    const char *ledger, *types; /* its name; export_types.h */
    int64_t from_us;            /* as the snapshot was narrowed; 0: from the beginning */
    /* Told of each entry, how many of how many there are; NULL: nobody wants to know. */
    void (*told)(uint64_t done, uint64_t all);
};

/* Write all of it. False: *error says why, and what was written is not the whole. Parks, and blocks
 * when `out` does. */
CO_MUST_CHECK bool export_run(const struct export_format *format, struct snapshot *snapshot,
    const struct export_options *options, FILE *out, char *error, size_t error_size);

#endif
