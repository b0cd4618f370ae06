/* SPDX-License-Identifier: MIT */
/*
 * Requests with faults in them, to see what is said of each, and which of several is told: that is
 * the first of the order in server/README.md. Some faults are a request's own; others are what the
 * service has too much of just then, for which a crowd of half-sent requests stands beside.
 */
#ifndef TESTS_SERVICE_FAULT_H
#define TESTS_SERVICE_FAULT_H

#include "tests/service/visit.h"

/* In their order. */
enum fault {
    FAULT_LONG_TARGET,
    FAULT_VERSION,
    FAULT_FORM,
    FAULT_EXPECT,
    FAULT_LARGE_HEADERS,
    FAULT_NO_PLACE,
    FAULT_OF_ADDRESS, /* it asks too often */
    FAULT_BAD_ESCAPE,
    FAULT_NO_PATH,
    FAULT_NO_METHOD,
    FAULT_FOREIGN,
    FAULT_NO_TOKEN,
    FAULT_SCOPE,
    FAULT_BOUND,
    FAULT_TYPE,
    FAULT_TOO_LARGE,
    FAULT_UNSURE,  /* too many bodies come with tokens that may be new, as this one's may */
    FAULT_UNKNOWN, /* it may be new, and the database cannot be asked */
    FAULT_OF_TOKEN,
    FAULT_IN_WORK, /* too many requests with this token are */
    FAULT_NO_LEDGER,
    FAULT_PARAMETER,
    FAULT_VALUE,
    FAULT_KEY,
    FAULT_JSON,
    FAULT_NO_OBJECT,
    FAULT_MEMBER,
    FAULTS
};

#define FAULT_BIT(name) (1U << FAULT_##name)

/* A request without any, and what is right then. */
struct fault_route {
    const char *method, *path, *body; /* NULL: none */
    unsigned faults;                  /* that it can have */
    int status;
    const char *says; /* stands in the answer */
};

enum { FAULT_TOKEN = 128, FAULT_REQUEST = 40000, FAULT_CROWD = 20 };

struct fault_sender {
    const struct service *service;
    struct visit visit;
    const char *headers;           /* of each request, each with its end; NULL: none */
    const char *token;             /* what may do all */
    char reader[FAULT_TOKEN];      /* what may only read */
    char limited[FAULT_TOKEN];     /* what may ask once a second */
    char slow_reader[FAULT_TOKEN]; /* both */
    char bound[FAULT_TOKEN];       /* to a ledger that is not there */
    char slow_bound[FAULT_TOKEN];
    char former[FAULT_TOKEN]; /* once valid, so it looks as if it may be new */
    char text[FAULT_REQUEST], more[FAULT_REQUEST];
    struct client *crowd[FAULT_CROWD];
    unsigned crowded; /* for which faults it stands there */
};

/* A service that can have too much of everything: FAULT_CROWD requests fill it, one of a token
 * is all that this may have in work, and one a second all that an address may ask for. */
CO_MUST_CHECK bool fault_narrow_service(struct service *service);

/* Too large for a stack. */
void fault_begin(struct fault_sender *sender, const struct service *service);
void fault_end(struct fault_sender *sender);

/* Send it with these faults, and hold the answer against the first of them. */
void fault_expect(struct fault_sender *sender, const struct fault_route *route, unsigned has);

/* Can one request have them all? */
bool fault_go_together(unsigned has);

#endif
