/* SPDX-License-Identifier: MIT */
/*
 * The numbers of kinds of entries in texts of SQL: SQL_KIND(HOLD) is "4", as ENTRY_HOLD is 4. SQL
 * is put together by the preprocessor, to which an enumeration says nothing; so the numbers stand
 * here again, and the compiler compares them.
 */
#ifndef LEDGER_DB_SQL_KIND_H
#define LEDGER_DB_SQL_KIND_H

#include "ledger/domain/entry.h"

/* A number that is known to the preprocessor, as text of SQL. */
#define SQL_NUMBER(number) SQL_NUMBER_AS_IT_IS(number)
#define SQL_NUMBER_AS_IT_IS(number) #number

#define SQL_KIND(KIND) SQL_NUMBER(SQL_KIND_##KIND)
#define SQL_KIND_ACCOUNT 1
#define SQL_KIND_TRANSFER 2
#define SQL_KIND_REJECTED 3
#define SQL_KIND_HOLD 4
#define SQL_KIND_CAPTURE 5
#define SQL_KIND_RELEASE 6
#define SQL_KIND_EXPIRY 7
#define SQL_KIND_REVERSAL 8
#define SQL_KIND_FREEZE 9
#define SQL_KIND_UNFREEZE 10
#define SQL_KIND_BATCH 11

#define SQL_KIND_IS(KIND)                                                                          \
    _Static_assert(SQL_KIND_##KIND == ENTRY_##KIND, "SQL has another number for " #KIND)
SQL_KIND_IS(ACCOUNT);
SQL_KIND_IS(TRANSFER);
SQL_KIND_IS(REJECTED);
SQL_KIND_IS(HOLD);
SQL_KIND_IS(CAPTURE);
SQL_KIND_IS(RELEASE);
SQL_KIND_IS(EXPIRY);
SQL_KIND_IS(REVERSAL);
SQL_KIND_IS(FREEZE);
SQL_KIND_IS(UNFREEZE);
SQL_KIND_IS(BATCH);

/* For IN (…). */
#define SQL_KINDS_FREEING SQL_KIND(RELEASE) "," SQL_KIND(EXPIRY)
#define SQL_KINDS_SETTLING SQL_KIND(CAPTURE) "," SQL_KINDS_FREEING
#define SQL_KINDS_OF_HOLDS SQL_KIND(HOLD) "," SQL_KINDS_SETTLING
#define SQL_KINDS_OF_ITEMS SQL_KIND(TRANSFER) "," SQL_KIND(REJECTED)
#define SQL_KINDS_FREEZING SQL_KIND(FREEZE) "," SQL_KIND(UNFREEZE)

/* The position of the hold that the entry `e` is about, if it is of a kind that is about one; and
 * the same if that moves no money, which shows in the posting otherwise. */
#define SQL_HOLD_OF_E "CASE e.kind WHEN " SQL_KIND(HOLD) " THEN e.seq ELSE e.ref END"
#define SQL_HOLD_WITHOUT_MOVE_OF_E                                                                 \
    "CASE WHEN e.kind = " SQL_KIND(HOLD) " THEN e.seq"                                             \
                                         " WHEN e.kind IN (" SQL_KINDS_FREEING ") THEN e.ref END"

#endif
