/* SPDX-License-Identifier: MIT */
/*
 * What people may name things: text that looks the same wherever it is shown, and that is equal
 * if it looks equal. Pure; from any thread.
 */
#ifndef LEDGER_DOMAIN_NAME_H
#define LEDGER_DOMAIN_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { NAME_MAX_BYTES = 255 }; /* that is ever asked for */

/*
 * 1 to `max` bytes of UTF-8 in normalization form C (Unicode Standard Annex 15), without control
 * characters and separators of lines. `max` is at most NAME_MAX_BYTES.
 */
bool name_is_valid(const char *text, size_t max);

#endif
