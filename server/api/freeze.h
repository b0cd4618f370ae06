/* SPDX-License-Identifier: MIT */
/* Answers about freezing an account or a whole ledger, and its end. */
#ifndef SERVER_API_FREEZE_H
#define SERVER_API_FREEZE_H

struct request;
struct response;

void freeze_account(struct request *request, struct response *response);
void freeze_account_end(struct request *request, struct response *response);
void freeze_ledger(struct request *request, struct response *response);
void freeze_ledger_end(struct request *request, struct response *response);

#endif
