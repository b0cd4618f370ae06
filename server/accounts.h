/* SPDX-License-Identifier: MIT */
/* Answers about accounts: open, read, list. */
#ifndef SERVER_ACCOUNTS_H
#define SERVER_ACCOUNTS_H

struct request;
struct response;

void accounts_post(struct request *request, struct response *response);
void accounts_get(struct request *request, struct response *response);
void accounts_list(struct request *request, struct response *response);

#endif
