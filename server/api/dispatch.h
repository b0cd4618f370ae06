/* SPDX-License-Identifier: MIT */
/*
 * From a request to its answer: the checks that all routes have in common, in the documented order
 * (README.md), then the route's handler; and whatever came of it, one answer. What http.h asks of
 * an application; `arg` is a struct api.
 */
#ifndef SERVER_API_DISPATCH_H
#define SERVER_API_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

struct http_admission;
struct request;
struct response;

/* Is a request let in, by its head? It makes the call. Never parks. */
bool dispatch_admit(void *arg, struct request *request, struct response *response,
    struct http_admission *admission);

/* The answer, as the request's coroutine. Parks. */
void dispatch_answer(void *arg, struct request *request, struct response *response);

/* After that, and after the stream if the answer is one: the ledger is let go. */
void dispatch_end(void *arg, struct request *request);

/* Is the path one that is answered in any case? */
bool dispatch_is_vital(const char *path, size_t length);

#endif
