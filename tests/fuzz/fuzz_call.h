/* SPDX-License-Identifier: MIT */
/* One request through all of the API, before a ledger that keeps nothing (standin.h). */
#ifndef TESTS_FUZZ_FUZZ_CALL_H
#define TESTS_FUZZ_FUZZ_CALL_H

#include "server/http/http_head.h"

struct fuzz_call {
    struct http_head head; /* whole */
    const char *bytes;     /* of the head */
    const char *body;
    size_t body_length;
};

/* Every command that it comes to is valid, and so is its answer; none that it spawned is left. */
void fuzz_call(const struct fuzz_call *asked);

#endif
