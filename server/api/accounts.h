/* SPDX-License-Identifier: MIT */
/* Answers about accounts: open, read, list. */
#ifndef SERVER_API_ACCOUNTS_H
#define SERVER_API_ACCOUNTS_H

#include "coro/context.h"
#include "ledger/ledger.h"

struct request;
struct response;

/* Read the metadata of accounts that are to be shown, for as long as the request. */
enum ledger_status accounts_complete(struct request *request, struct context *patience,
    struct ledger_account *accounts, size_t count);

void accounts_post(struct request *request, struct response *response);
void accounts_get(struct request *request, struct response *response);
void accounts_list(struct request *request, struct response *response);

#endif
