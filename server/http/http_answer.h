/* SPDX-License-Identifier: MIT */
/*
 * Answers on their way out. What waits for a client to take it is the text of the answer alone, and
 * all such texts have a budget: when it is used up, those who have not taken theirs for a while are
 * cut off, and requests whose answers may be long wait before they begin.
 */
#ifndef SERVER_HTTP_HTTP_ANSWER_H
#define SERVER_HTTP_HTTP_ANSWER_H

#include <stdbool.h>

#include "coro/ensure.h"

struct http_exchange;
struct http_worker;

/* Before a request that may have a long answer begins. False: there is no room for long. Parks. */
MUST_CHECK bool http_answer_await_room(struct http_exchange *exchange);

/* The answer is filled in: keep what of the request's memory it needs, and give back the rest. */
void http_answer_keep(struct http_exchange *exchange);

/* It was taken, or nobody will. */
void http_answer_free(struct http_exchange *exchange);

/* Now and then: cut off those who do not take their answers, if there is little room. */
void http_answer_sweep(struct http_worker *worker);

#endif
