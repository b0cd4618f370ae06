/* SPDX-License-Identifier: MIT */
/* What ledgers are called. Never parks; thread-safe. */
#ifndef LEDGER_BANK_BANK_NAME_H
#define LEDGER_BANK_BANK_NAME_H

#include <stdbool.h>

#define BANK_NAME_MAIN "main" /* the ledger that always exists */

bool bank_name_is_valid(const char *name); /* 1-64 of A-Z a-z 0-9 _ . -, not "." or ".." */

#endif
