/* SPDX-License-Identifier: MIT */
/* Answers about the service itself: is it alive, is it ready, which ledgers has it. */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

struct api;
struct request;
struct response;

void health_live(struct api *api, struct request *request, struct response *response);
void health_ready(struct api *api, struct request *request, struct response *response);
void health_ledgers(struct api *api, struct request *request, struct response *response);
void health_ledger(struct api *api, struct request *request, struct response *response);

#endif
