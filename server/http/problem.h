/* SPDX-License-Identifier: MIT */
/* Answers that say no: application/problem+json (RFC 9457) with a `code` that never changes. */
#ifndef SERVER_HTTP_PROBLEM_H
#define SERVER_HTTP_PROBLEM_H

#include "ledger/domain/money.h"
#include "ledger/domain/status.h"
#include "server/http/request.h"
#include "server/http/response.h"

/* What the HTTP side finds, before the ledger is asked: code, status and title. */
#define PROBLEM_MAP(X)                                                                             \
    X(BAD_REQUEST, 400, "bad_request", "The request is not well-formed HTTP.")                     \
    X(INVALID_JSON, 400, "invalid_json", "The body is not JSON that we accept.")                   \
    X(INVALID_REQUEST, 400, "invalid_request", "A part of the request breaks a rule.")             \
    X(UNAUTHORIZED, 401, "unauthorized", "A valid bearer token is needed.")                        \
    X(FORBIDDEN, 403, "forbidden", "The token's scope does not allow this.")                       \
    X(NOT_FOUND, 404, "not_found", "There is nothing at this path.")                               \
    X(METHOD_NOT_ALLOWED, 405, "method_not_allowed", "This path does not take this method.")       \
    X(AUDIT_NOT_FOUND, 404, "audit_not_found", "There is no such audit.")                          \
    X(AUDIT_RUNNING, 409, "audit_running", "Another audit is running: one at a time.")             \
    X(TOO_LARGE, 413, "payload_too_large", "The body is too large.")                               \
    X(LONG_TARGET, 414, "uri_too_long", "The path and query are too long.")                        \
    X(UNSUPPORTED_TYPE, 415, "unsupported_media_type", "The body must be application/json.")       \
    X(EXPECTATION, 417, "expectation_failed", "Only 100-continue can be expected.")                \
    X(TOO_MANY, 429, "too_many_requests", "Too much at once from one place. Nothing was done.")    \
    X(LARGE_HEADERS, 431, "headers_too_large", "The headers are too many, or too long.")           \
    X(OVERLOADED, 503, "overloaded", "Too much is waiting. Nothing was done; try again later.")    \
    X(HTTP_VERSION, 505, "http_version_not_supported", "Only HTTP/1.0 and HTTP/1.1 are spoken.")

enum problem {
#define X(symbol, status, code, title) PROBLEM_##symbol,
    PROBLEM_MAP(X)
#undef X
};

/* Fill the response with a problem; `detail` may be NULL. */
void problem(
    struct request *request, struct response *response, enum problem kind, const char *detail);

/* PROBLEM_INVALID_REQUEST: which member, header or parameter broke which rule. */
void problem_invalid(
    struct request *request, struct response *response, const char *member, const char *rule);

/* Where in the body an object stands that is an element of an array; NULL: it is the body. */
struct problem_place {
    const struct problem_place *outer; /* where the array's object stands */
    const char *array;
    size_t index;
};

/* The same of a member that stands there: "transfers[3].postings[2].amount"; "" names the object
 * itself. */
void problem_invalid_at(struct request *request, struct response *response,
    const struct problem_place *place, const char *member, const char *rule);

/* What the ledger said, and of what. */
struct problem_of_ledger {
    enum ledger_status status;
    uint64_t seq;        /* 0: none was told */
    const char *account; /* NULL or "": none */
    bool has_available;
    money available;
    const char *detail; /* NULL: the status says it all */
    const char *settle; /* OUTCOME_UNKNOWN: the URL that will tell; NULL: there is none */
};
void problem_of_ledger(
    struct request *request, struct response *response, const struct problem_of_ledger *what);

/* Its members that are there: account, available, seq, settle. */
struct json_out;
void problem_write_told(struct json_out *out, const struct problem_of_ledger *what);

/* The HTTP status of an answer of the ledger. */
int problem_http_status(enum ledger_status status);

#endif
