/* SPDX-License-Identifier: MIT */
/* What is left of those who used a service: whatever they did, in the end it has as much of
 * everything as in the beginning. Both park. */
#ifndef TESTS_SERVICE_REMAINS_H
#define TESTS_SERVICE_REMAINS_H

#include <stdint.h>

#include "tests/service/service.h"

struct remains {
    int64_t in_flight, streams, connections;
    size_t descriptors;
    int status; /* of an ordinary read: its address and its token have a place */
};

/* What a service has that nobody else uses: the one request and the one connection are those that
 * ask. What came before may still be ending, and counts until then; so it must be the same for a
 * while. If it is not within ten seconds, the test fails. */
struct remains remains_settled(const struct service *service);

/* Within ten seconds all is as it was; else the test fails, and says after what. */
void remains_await(const struct service *service, const struct remains *start, const char *name);

#endif
