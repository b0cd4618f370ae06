/* SPDX-License-Identifier: MIT */
/*
 * What a call was refused for, as the client reads it. An answer that gave up waiting says no more
 * than what is durable: neither a later position, nor what was decided there; and UNAVAILABLE says
 * why.
 */
#ifndef SERVER_API_REFUSAL_H
#define SERVER_API_REFUSAL_H

#include "server/api/call.h"

/* Fill the answer in with what was recorded. */
void refusal_answer(struct call *call);

/* The members by which an item of a batch says it, within an object; returns the position that they
 * name. */
uint64_t refusal_write_item(
    struct json_out *out, struct call *call, const char *key, const struct ledger_outcome *outcome);

/* The HTTP status of an answer of the ledger. */
int refusal_http_status(enum ledger_status status);

#endif
