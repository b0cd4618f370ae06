/* SPDX-License-Identifier: MIT */
/*
 * Amounts as people write and read them: "10.05" or "10.05 USD" is 1005 of the asset USD/2. Whole
 * numbers in text on both sides, never floating point. And texts of an answer as they were meant.
 * Nothing parks or allocates.
 */
#ifndef SERVER_CLIENT_TERMS_H
#define SERVER_CLIENT_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/domain/money.h"
#include "loadtest/json_view.h"

enum { TERMS_TEXT = 120, TERMS_ASSET = 40 };

/* The amount `word` of the asset, as digits of its smallest unit. False: `why` says what is wrong
 * with it, a sentence's end: "has 3 decimals, USD has 2". */
CO_MUST_CHECK bool terms_read(
    const char *word, const char *asset, char units[MONEY_TEXT], char why[TERMS_TEXT]);

/* The other way, with the asset's code: "-10.05 USD". What is not a number of an asset is shown as
 * it is. */
void terms_show(const char *units, const char *asset, char text[TERMS_TEXT]);

/* The text of a JSON string, escapes resolved, or of any other value as it stands; "" if there is
 * none. Cut off where `text` ends. */
void terms_text(struct json_view value, char *text, size_t size);

/* "2026-11-26T09:37:57.960899Z" as "2026-11-26 09:37:57"; UTC. */
void terms_time(struct json_view value, char *text, size_t size);

#endif
