/* SPDX-License-Identifier: MIT */
/*
 * How the accounting formats spell amounts, days and accounts, and what they say in comments.
 *
 * No two ids give the same name. For hledger and ledger a name is the id itself, in which an empty
 * part ("a::b") becomes "~", and a byte that means something to them ("~", ";", brackets, quotation
 * marks, a blank beside another one or at an end, ...) becomes "~" and two hexadecimal digits. For
 * beancount, whose names know fewer characters, each part is spelt by itself: what is not a letter
 * or digit becomes "-" and two hexadecimal digits; a first letter that is small becomes a capital,
 * "alice" is "Alice"; a part that begins otherwise (with a capital, or with what is not a letter or
 * digit) or is empty gets "X--" in front. Before all that stands the root of its type:
 * "Assets:Alice". A world account, "world:USD.2", is "Income:World:USD-2e2".
 */
#ifndef SERVER_EXPORT_EXPORT_TEXT_H
#define SERVER_EXPORT_EXPORT_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "ledger/domain/account.h"
#include "ledger/domain/entry.h"
#include "ledger/domain/money_sum.h"

enum {
    EXPORT_TEXT_AMOUNT = 100, /* sign, up to 58 digits of a sum, point, up to 38 zeros, end */
    EXPORT_TEXT_DAY = 11,
    EXPORT_TEXT_NAME = 3 * ACCOUNT_ID_MAX + 1,
    EXPORT_TEXT_BEANCOUNT = 4 * ACCOUNT_ID_MAX + 16, /* "Liabilities:", 256 times "X--" */
    EXPORT_TEXT_COMMODITY = 28,
};

/* An amount of an asset's smallest unit, in its whole units: 1005 of USD/2 is "10.05". */
void export_text_amount(money amount, const char *asset, char text[EXPORT_TEXT_AMOUNT]);
void export_text_sum(const struct money_sum *sum, const char *asset, char text[EXPORT_TEXT_AMOUNT]);

/* The day (UTC) of a point in time, as "2026-11-21". */
void export_text_day(int64_t at_us, char text[EXPORT_TEXT_DAY]);

void export_text_name(const char *id, char name[EXPORT_TEXT_NAME]);
void export_text_beancount(
    const char *id, const char *types, char name[EXPORT_TEXT_BEANCOUNT]); /* export_types.h */

/* What Beancount calls an asset: "USD.2". It knows capitals, digits and a few marks, 24 characters
 * in all; any other code is "X-" and eight bytes of its BLAKE2b hash, and the asset itself stands
 * beside its declaration. */
void export_text_commodity(const char *asset, char commodity[EXPORT_TEXT_COMMODITY]);

/* A comment line "; label: JSON", `indent` in front, or several if it is long. It holds no line
 * end, and no "[" that is followed by anything but a space, as ledger looks for dates there. */
void export_text_json(FILE *out, const char *indent, const char *label, const char *json);

/* The lines "; key: …" and "; metadata: …" of an entry, those that there are. */
void export_text_extras(FILE *out, const char *indent, const struct entry *entry);

/* An entry that moves no money, as a comment: "; seq 7 at TIME: hold of 5.00 USD/2 from a to b". */
void export_text_note(FILE *out, const struct entry *entry);

#endif
