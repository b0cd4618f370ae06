/* SPDX-License-Identifier: MIT */
/* The table of routes: what each is called, who may call it, and who answers. */
#ifndef SERVER_API_ROUTE_H
#define SERVER_API_ROUTE_H

#include "server/http/request.h"
#include "server/http/response.h"
#include "server/auth/token_cache.h"

enum route_body {
    ROUTE_BODY_NONE,
    ROUTE_BODY_NEEDED,   /* JSON */
    ROUTE_BODY_OPTIONAL, /* it may be empty, then without a content type too */
    ROUTE_BODY_LARGE,    /* up to REQUEST_LARGE_BODY_MAX */
};

struct route {
    enum request_method method; /* GET answers HEAD too */
    enum token_scope scope;     /* the least that a token must have; TOKEN_NONE: none is needed */
    const char *pattern;        /* "/v1/ledgers/{ledger}/accounts/{account}" */
    const char *query;          /* the names of its query parameters, each between spaces; or "" */
    void (*answer)(struct request *request, struct response *response);
    enum route_body body;
    bool takes_session; /* the cookie of session.h stands for a token */
};

extern const struct route route_table[];
extern const size_t route_count;

enum route_found { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* The route of a request, whose path parts it sets. ROUTE_NO_METHOD: *allow lists what the path
 * takes, for the header; so it is of the target "*". */
enum route_found route_find(
    struct request *request, const struct route **route, const char **allow);

#endif
