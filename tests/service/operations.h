/* SPDX-License-Identifier: MIT */
/* The operations of the service, one after the other, as its openapi.json has them. */
#ifndef TESTS_SERVICE_OPERATIONS_H
#define TESTS_SERVICE_OPERATIONS_H

#include "tests/service/visit.h"

struct operation {
    struct json_view described;
    const char *method;
    const char *path; /* of ledger main, and otherwise of what is not there */
};

/* Read the description over that connection, and call `fn` for each; it may use the connection. */
void operations_walk(
    struct visit *visit, void (*fn)(const struct operation *operation, void *arg), void *arg);

/* Is an answer with that status described, "404"? */
bool operations_have(const struct operation *operation, const char *status);

/* Do only servers ask each other for it? They say so in a header, and are told of no ledger. */
bool operations_are_of_servers(const struct operation *operation);

#endif
