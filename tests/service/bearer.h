/* SPDX-License-Identifier: MIT */
/* Whoever has a token. */
#ifndef TESTS_SERVICE_BEARER_H
#define TESTS_SERVICE_BEARER_H

#include <stdint.h>

#include "tests/service/visit.h"

enum { BEARER_TEXT = 256 };

struct bearer {
    int64_t id; /* of the token */
    char token[BEARER_TEXT];
};

/* The token that the last answer of the visit has, its secret among it. */
void bearer_read(struct bearer *bearer, struct visit *visit);

/* The service, to be asked with that token. */
struct service bearer_service(const struct service *service, const char *token);

/* What a request with it is answered. Parks. */
int bearer_status(const struct service *service, const char *token, const struct request *request);

#endif
