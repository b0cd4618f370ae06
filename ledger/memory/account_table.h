/* SPDX-License-Identifier: MIT */
/*
 * All accounts of a ledger, by id and by number. Accounts are only ever added, and never move, so
 * a pointer stays valid for as long as the table. Every function may be called from any worker.
 */
#ifndef LEDGER_MEMORY_ACCOUNT_TABLE_H
#define LEDGER_MEMORY_ACCOUNT_TABLE_H

#include "ledger/domain/account.h"

struct account_table;

enum { ACCOUNT_TABLE_MAX = (1 << 28) - 1 }; /* accounts, and the highest number */

CO_MUST_CHECK struct account_table *account_table_make(void);
void account_table_free(struct account_table **table);

/* Make room for about `count`, in a table that has none yet: they are added faster then. False:
 * memory is short. */
CO_MUST_CHECK bool account_table_expect(struct account_table *table, uint64_t count);

/* The account of that id, open or not; NULL: none. */
struct account *account_find(struct account_table *table, const char *id);

/* The same by number, for what comes from the database. */
struct account *account_by_number(struct account_table *table, uint64_t number);

/* The account of that id, added as not open if there was none. NULL when memory is short. */
CO_MUST_CHECK struct account *account_find_or_add(struct account_table *table, const char *id);

/* Give an account the next number, or the one that the database has for it. False: memory is
 * short, or the table is full. */
CO_MUST_CHECK bool account_number(struct account_table *table, struct account *account);
CO_MUST_CHECK bool account_renumber(
    struct account_table *table, struct account *account, uint64_t number);

/* Keep a copy of the metadata of an account that has it in the database only, if there is room. */
void account_keep_metadata(
    struct account_table *table, struct account *account, const char *metadata);

uint64_t account_count(struct account_table *table);     /* the highest number given */
bool account_table_is_full(struct account_table *table); /* that is ACCOUNT_TABLE_MAX */

#endif
