/* SPDX-License-Identifier: MIT */
/* Answers about freezing an account or a whole ledger, and its end. */
#ifndef SERVER_API_FREEZE_H
#define SERVER_API_FREEZE_H

struct call;

void freeze_account(struct call *call);
void freeze_account_end(struct call *call);
void freeze_ledger(struct call *call);
void freeze_ledger_end(struct call *call);

#endif
