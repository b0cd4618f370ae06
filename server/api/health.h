/* SPDX-License-Identifier: MIT */
/* Answers about the service itself: is it alive, is it ready. */
#ifndef SERVER_API_HEALTH_H
#define SERVER_API_HEALTH_H

struct request;
struct response;

void health_live(struct request *request, struct response *response);
void health_ready(struct request *request, struct response *response);

#endif
