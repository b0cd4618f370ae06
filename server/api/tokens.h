/* SPDX-License-Identifier: MIT */
/* Answers about tokens: to create, list, rotate and revoke them, and what was done with them. */
#ifndef SERVER_API_TOKENS_H
#define SERVER_API_TOKENS_H

struct call;

void tokens_post(struct call *call);
void tokens_rotate(struct call *call);
void tokens_delete(struct call *call);

void tokens_get(struct call *call);
void tokens_list(struct call *call);
void tokens_acts(struct call *call);

#endif
