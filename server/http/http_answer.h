/* SPDX-License-Identifier: MIT */
/*
 * Answers on their way out. What waits for a client to take it is the text of the answer alone, and
 * all such texts have a budget: when it is used up, clients that have not taken theirs for a while
 * are cut off, and requests whose answers may be long wait before they begin.
 */
#ifndef SERVER_HTTP_HTTP_ANSWER_H
#define SERVER_HTTP_HTTP_ANSWER_H

struct http_exchange;
struct http_worker;

/* What a request that may have a long answer holds of the budget until its length is known: from
 * the beginning of its turn (http_turn.h) on. */
enum { HTTP_ANSWER_RESERVED = 512 * 1024 };

/* The answer is filled in: keep what of the request's memory it needs, and give back the rest. */
void http_answer_keep(struct http_exchange *exchange);

/* It was taken, or nobody will. */
void http_answer_free(struct http_exchange *exchange);

/* Now and then: cut off clients that do not take their answers, if there is little room. */
void http_answer_sweep(struct http_worker *worker);

#endif
