/* SPDX-License-Identifier: MIT */
/*
 * What `--database` says: where the ledgers are. One database, "postgres://host/bank" or of libpq's
 * other form "host=... dbname=...", which is called "default"; or several that have names, the
 * first of which has "main" and the tokens:
 *
 *     east=postgres://one/bank
 *     west=postgres://two/bank
 *
 * a line each, or, where each is a URL, blanks between them. A name is no word that libpq knows, so
 * that "host=/run/postgresql" is a place. Never parks.
 */
#ifndef LEDGER_BANK_DATABASE_LIST_H
#define LEDGER_BANK_DATABASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"

#define DATABASE_LIST_DEFAULT "default"

enum { DATABASE_LIST_MAX = 16, DATABASE_LIST_NAME = 32 + 1, DATABASE_LIST_ERROR = 200 };

struct database_list {
    size_t count;
    struct database_list_row {
        char name[DATABASE_LIST_NAME]; /* 1-32 of A-Z a-z 0-9 _ - */
        const char *conninfo;
    } rows[DATABASE_LIST_MAX];
};

/* One, and its name is the default. `conninfo` is kept as it is. */
void database_list_of_one(struct database_list *list, const char *conninfo);

/* Read such a text, which is not empty; the list keeps parts of it, so it is cut up, and outlives
 * it. False, with what is wrong: "has two databases of the name east". Whether a place is one that
 * libpq can read is not asked. */
CO_MUST_CHECK bool database_list_read(
    struct database_list *list, char *text, char error[DATABASE_LIST_ERROR]);

/* The place of that name; false: there is none. */
bool database_list_find(const struct database_list *list, const char *name, size_t *index);

#endif
