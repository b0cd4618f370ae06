/* SPDX-License-Identifier: MIT */
/* Answers about many transfers in one request. */
#ifndef SERVER_API_BATCHES_H
#define SERVER_API_BATCHES_H

struct call;

void batches_post(struct call *call);

#endif
