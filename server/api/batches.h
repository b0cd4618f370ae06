/* SPDX-License-Identifier: MIT */
/* Answers about many transfers in one request. */
#ifndef SERVER_API_BATCHES_H
#define SERVER_API_BATCHES_H

struct request;
struct response;

void batches_post(struct request *request, struct response *response);

#endif
