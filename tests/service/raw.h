/* SPDX-License-Identifier: MIT */
/* Bytes sent to a service as they are, over a connection of their own, and all that comes back. */
#ifndef TESTS_SERVICE_RAW_H
#define TESTS_SERVICE_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/service/service.h"

enum { RAW_TEXT = 16384 };

struct raw {
    bool say_no_more; /* by the caller: close our side once all is sent */
    bool bytewise;    /* by the caller: send each byte by itself */
    bool closed;      /* the service ended the connection, within 20 seconds */
    int status;       /* of the first answer; 0: none came */
    int answers;      /* how many came, interim ones (1xx) not counted */
    size_t length;
    char text[RAW_TEXT]; /* what came, as far as it fits; with an end */
};

/* Send, and read until the service closes the connection. Parks. */
void raw_ask(const struct service *service, const char *bytes, size_t length, struct raw *raw);

/* What came is one problem with that status, in our own form, and the connection was closed. */
bool raw_is_refusal(const struct raw *raw, int status);

#endif
