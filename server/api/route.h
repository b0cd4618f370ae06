/* SPDX-License-Identifier: MIT */
/* The table of routes: what each is called, who may call it, and what answers. */
#ifndef SERVER_API_ROUTE_H
#define SERVER_API_ROUTE_H

#include "server/api/call.h"
#include "server/auth/token_grant.h"

enum route_body {
    ROUTE_BODY_NONE,
    ROUTE_BODY_NEEDED,   /* JSON */
    ROUTE_BODY_OPTIONAL, /* it may be empty, then without a content type too */
    ROUTE_BODY_LARGE,    /* up to REQUEST_LARGE_BODY_MAX */
    ROUTE_BODY_SMALL,    /* JSON, up to REQUEST_SMALL_BODY_MAX */
};

enum route_flag {
    ROUTE_MOVES_MONEY = 1,    /* counted in outcomes.h */
    ROUTE_TAKES_SESSION = 2,  /* the cookie of session.h stands for a token */
    ROUTE_IS_PROBE = 4,       /* asks whether the service is there: from any Host */
    ROUTE_NAMES_LEDGER = 8,   /* is about the ledger of the path, which need not be open here */
    ROUTE_IS_OF_CONTROL = 16, /* is there only with --cluster-control */
    ROUTE_MAY_BE_STALE = 32,  /* a read of what the journal makes: stale.h */
    ROUTE_IS_OF_SERVERS =
        64, /* only servers ask each other; it finds the ledger of the path itself */
};

/* How far a route reaches: what a bound token must be bound to, at most, to call it. */
enum route_reach {
    ROUTE_UNDECLARED, /* no route is */
    ROUTE_SERVICE,    /* what belongs to no ledger, or to all: a bound token never may */
    ROUTE_ANY,        /* the token's own affairs, or its handler shows a bound token its part */
    ROUTE_LEDGERS,    /* ledgers as a whole, of which its handler tells those that the token has */
    ROUTE_LEDGER,     /* the ledger of the path as a whole: not a token bound to accounts */
    ROUTE_ACCOUNT,    /* the account of the path, which the token must be allowed */
    ROUTE_TOUCHED,    /* accounts that the handler finds, in the body or the journal, and asks of */
    ROUTE_BETWEEN,    /* the same of two ledgers, which the handler finds and asks of as well */
};

struct route {
    enum request_method method; /* GET answers HEAD too */
    enum token_scope scope;     /* the least that a token must have; TOKEN_NONE: none is needed */
    enum route_reach reach;
    const char *pattern; /* "/v1/ledgers/{ledger}/accounts/{account}" */
    const char *query;   /* the names of its query parameters, each between spaces; or "" */
    void (*answer)(struct call *call);
    enum route_body body;
    unsigned flags; /* of enum route_flag */
};

extern const struct route route_table[];
extern const size_t route_count;

enum route_found { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* The route of a request, and the parts of its path. ROUTE_NO_METHOD: *allow lists what the path
 * takes, for the header; so it is of the target "*". */
enum route_found route_find(const struct request *request, struct call_path *parts,
    const struct route **route, const char **allow);

#endif
