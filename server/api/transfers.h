/* SPDX-License-Identifier: MIT */
/* Answers about transfers: transfer, reverse, deposit, withdraw, and reading them. */
#ifndef SERVER_API_TRANSFERS_H
#define SERVER_API_TRANSFERS_H

struct call;

void transfers_post(struct call *call);
void transfers_reverse(struct call *call);
void transfers_deposit(struct call *call);
void transfers_withdraw(struct call *call);

void transfers_get(struct call *call);
void transfers_list(struct call *call);

#endif
