/* SPDX-License-Identifier: MIT */
/*
 * What kind of account an account is, as accounting knows them: what a balance sheet and an income
 * statement are made of. The ledger does not know; a list of prefixes of ids tells.
 *
 *     "customer:=liability,fees:=revenue"
 *
 * The longest prefix that an id begins with decides. World accounts are revenue (what came in from
 * outside, less what went out), all others assets, unless the list says otherwise.
 */
#ifndef SERVER_EXPORT_EXPORT_TYPES_H
#define SERVER_EXPORT_EXPORT_TYPES_H

#include <stdbool.h>

enum export_type {
    EXPORT_ASSET,
    EXPORT_LIABILITY,
    EXPORT_EQUITY,
    EXPORT_REVENUE,
    EXPORT_EXPENSE,
};

/* Is it such a list? "" is one. Prefixes are not empty and hold no "=" and no comma. */
bool export_types_are_valid(const char *list);

enum export_type export_type_of(const char *list, const char *id);

char export_type_letter(enum export_type type);      /* hledger's: A L E R X */
const char *export_type_root(enum export_type type); /* Beancount's: "Assets", … */

#endif
