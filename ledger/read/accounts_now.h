/* SPDX-License-Identifier: MIT */
/* Accounts as they are now: a copy, made in a section. What others read of them: ledger_reads.h. */
#ifndef LEDGER_READ_ACCOUNTS_NOW_H
#define LEDGER_READ_ACCOUNTS_NOW_H

#include "ledger/ledger_reads.h"

/* Copy an account, in a section of it. The metadata stays the account's. Never parks. */
void accounts_now_copy(const struct account *account, struct ledger_account *copy);

#endif
