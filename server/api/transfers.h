/* SPDX-License-Identifier: MIT */
/* Answers about transfers: transfer, reverse, deposit, withdraw, and reading them. */
#ifndef SERVER_API_TRANSFERS_H
#define SERVER_API_TRANSFERS_H

struct request;
struct response;

void transfers_post(struct request *request, struct response *response);
void transfers_reverse(struct request *request, struct response *response);
void transfers_deposit(struct request *request, struct response *response);
void transfers_withdraw(struct request *request, struct response *response);

void transfers_get(struct request *request, struct response *response);
void transfers_list(struct request *request, struct response *response);

#endif
