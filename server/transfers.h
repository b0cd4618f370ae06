/* SPDX-License-Identifier: MIT */
/* Answers about transfers: deposit, withdraw, transfer, and reading them. */
#ifndef SERVER_TRANSFERS_H
#define SERVER_TRANSFERS_H

struct api;
struct request;
struct response;

void transfers_post(struct api *api, struct request *request, struct response *response);
void transfers_deposit(struct api *api, struct request *request, struct response *response);
void transfers_withdraw(struct api *api, struct request *request, struct response *response);

void transfers_get(struct api *api, struct request *request, struct response *response);
void transfers_list(struct api *api, struct request *request, struct response *response);

#endif
