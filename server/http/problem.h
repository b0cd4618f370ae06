/* SPDX-License-Identifier: MIT */
/* Answers that say no: application/problem+json (RFC 9457) with a `code` that never changes. */
#ifndef SERVER_HTTP_PROBLEM_H
#define SERVER_HTTP_PROBLEM_H

#include "server/text/json_out.h"
#include "server/http/request.h"
#include "server/http/response.h"

struct problem {
    int status; /* of HTTP */
    const char *code, *title;
};

/* What is found out before the application itself is asked: problem_bad_request and so on. */
#define PROBLEM_MAP(X)                                                                             \
    X(bad_request, 400, "bad_request", "The request is not well-formed HTTP.")                     \
    X(invalid_json, 400, "invalid_json", "The body is not JSON that we accept.")                   \
    X(invalid_request, 400, "invalid_request", "A part of the request breaks a rule.")             \
    X(unauthorized, 401, "unauthorized", "A valid bearer token is needed.")                        \
    X(forbidden, 403, "forbidden", "The token's scope does not allow this.")                       \
    X(not_found, 404, "not_found", "There is nothing at this path.")                               \
    X(method_not_allowed, 405, "method_not_allowed", "This path does not take this method.")       \
    X(too_large, 413, "payload_too_large", "The body is too large.")                               \
    X(long_target, 414, "uri_too_long", "The path and query are too long.")                        \
    X(unsupported_type, 415, "unsupported_media_type", "The body must be application/json.")       \
    X(expectation, 417, "expectation_failed", "Only 100-continue can be expected.")                \
    X(not_owner, 421, "not_owner", "Another server has this ledger. Nothing was done.")            \
    X(too_many, 429, "too_many_requests", "Too much from one place. Nothing was done.")            \
    X(large_headers, 431, "headers_too_large", "The headers are too many, or too long.")           \
    X(overloaded, 503, "overloaded", "Too much is waiting. Nothing was done; try again later.")    \
    X(http_version, 505, "http_version_not_supported", "Only HTTP/1.0 and HTTP/1.1 are spoken.")

#define X(name, status, code, title) extern const struct problem problem_##name;
PROBLEM_MAP(X)
#undef X

/* WWW-Authenticate of a 401. */
#define PROBLEM_CHALLENGE "Bearer realm=\"teller\""

/* Fill the response with a problem; `detail` may be NULL. */
void problem_answer(struct request *request, struct response *response,
    const struct problem *problem, const char *detail);

/* The same in two steps, for members of its own between them. */
void problem_begin(
    struct json_out *out, struct arena *arena, const struct problem *problem, const char *detail);
void problem_end(struct json_out *out, struct response *response, const struct problem *problem);

#endif
