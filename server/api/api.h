/* SPDX-License-Identifier: MIT */
/*
 * The API: from a request to its answer. api_answer() checks what all routes have in common, in
 * the documented order (README.md), and calls the route's handler, which does the rest.
 */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/bank/bank.h"
#include "server/api/audits.h"
#include "server/text/json_in.h"
#include "server/http/problem.h"
#include "server/http/request.h"
#include "server/http/response.h"

/* The ledger that always exists, and where it is. */
#define API_LEDGER "main"
#define API_LEDGER_PATH "/v1/ledgers/" API_LEDGER

struct event_feed;
struct event_pages;
struct http;
struct http_admission;
struct token_cache;

/* A page of a list ends early, with a cursor, once it is so long: an item can have 1,000 postings.
 */
enum { API_WORKERS = 64, API_PAGE_BYTES = 512 << 10 };

struct api {
    _Atomic(struct bank *) bank; /* NULL: not yet */
    _Atomic bool open; /* bank and tokens are there; before, only what needs neither is answered */
    struct token_cache *tokens; /* NULL: no token is asked for */
    struct http *http;          /* for its figures */
    const char *host;           /* that it was told to listen on; NULL: not known */
    _Atomic bool stopping;
    struct audits audits;
    struct event_pages *event_pages[API_WORKERS]; /* of each worker: journal_events.c */
    struct event_feed *event_feeds[API_WORKERS];
};

/* `arg` is a struct api. What http.h asks of it: is a request let in, by its head; the answer, as
 * the request's coroutine, which parks; and is the path one that is answered in any case. */
bool api_admit(void *arg, struct request *request, struct response *response,
    struct http_admission *admission);
void api_answer(void *arg, struct request *request, struct response *response);
bool api_is_vital(const char *path, size_t length);

/* After that, and after the stream if the answer is one: the ledger is let go. */
void api_end(void *arg, struct request *request);

/* ---- for the handlers ---------------------------------------------------------------------- */

/* 200 with what was written. */
struct json_out;
void api_ok(struct response *response, const struct json_out *out, uint64_t seq);

/* The body as an object without members other than `names`; NULL: the answer is filled in. An
 * empty body, of a route that takes it, is an object without members. */
MUST_CHECK const struct json_in *api_body(
    struct request *request, struct response *response, const char *const *names);
MUST_CHECK const struct json_in *api_large_body(
    struct request *request, struct response *response, const char *const *names);

/* The body has been read: what it was parsed into is given back, with all texts in it. Before a
 * long wait; again is harmless. */
void api_forget_body(struct request *request);

/* A text of its own for as long as the request. */
const char *api_copy(struct request *request, const char *text);

/* Say that there is not enough memory. */
void api_short(struct request *request, struct response *response);

/* Query parameters; false: the answer is filled in. `value` is left alone if it was not given. */
MUST_CHECK bool api_query_number(struct request *request, struct response *response,
    const char *name, uint64_t low, uint64_t high, uint64_t *value);

/* The parameter that says where a page of a list begins: `page`, which takes the `next` of the page
 * before whatever the list is, or the list's own `name` for it. NULL: both were given, and the
 * answer is filled in. */
MUST_CHECK const char *api_page_parameter(
    struct request *request, struct response *response, const char *name);

/* The bound on how long a request waits; the caller releases it. */
struct context *api_patience(const struct request *request);

/* The metadata member of the object at that place (NULL: the body) in compact form, as it was given
 * (*metadata NULL: none), and what it means; false: the answer is filled in. */
#define API_METADATA "metadata" /* what the readers of bodies keep (json_in.h) */
struct entry_meaning;
MUST_CHECK bool api_metadata(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, const char **metadata,
    struct entry_meaning *meaning);

/* Write a text as a part of a path or of a query. */
void api_escape(struct json_out *out, const char *text);

/* A path below the ledger's: "/v1/ledgers/main/", `kind`, "/", `id`, which is escaped; `kind` NULL:
 * the ledger's own. */
const char *api_path(struct request *request, const char *kind, const char *id);
const char *api_path_to(struct request *request, const char *kind, uint64_t seq);

/* The position in the path; false: it is none, and the answer is filled in. */
MUST_CHECK bool api_position(
    struct request *request, struct response *response, uint64_t *position);

/* What may be told of the ledger's "no": an answer that gave up waiting tells no more than what is
 * durable, neither a later position, nor what was decided there; UNAVAILABLE says why. And saying
 * it. */
struct problem_of_ledger api_told(
    const struct request *request, const struct problem_of_ledger *what);
void api_refuse(
    struct request *request, struct response *response, enum ledger_status status, uint64_t seq);
void api_refuse_of(
    struct request *request, struct response *response, const struct problem_of_ledger *what);

#endif
