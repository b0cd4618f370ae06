/* SPDX-License-Identifier: MIT */
/* Answers about accounts: open, read, list. */
#ifndef SERVER_API_ACCOUNTS_H
#define SERVER_API_ACCOUNTS_H

#include "ledger/ledger.h"

struct call;

/* Read the metadata of accounts that are to be shown, for as long as the request. */
enum ledger_status accounts_complete(
    struct call *call, struct ledger_account *accounts, size_t count);

void accounts_post(struct call *call);
void accounts_get(struct call *call);
void accounts_list(struct call *call);

#endif
