/* SPDX-License-Identifier: MIT */
/* A request that is put together piece by piece, sent as it is to the shared service of the
 * strategy owner, and what came of it; with a visit beside it, to see what happened. */
#ifndef TESTS_SERVICE_ATTEMPT_H
#define TESTS_SERVICE_ATTEMPT_H

#include "tests/service/raw.h"
#include "tests/service/visit.h"

enum { ATTEMPT_TEXT = 1 << 21 };

struct attempt {
    struct visit visit;
    struct raw raw;
    size_t length;
    char text[ATTEMPT_TEXT];
};

/* `account` is open then, with nothing in it. attempt_end() frees it. */
struct attempt *attempt_begin(const char *account);
void attempt_end(struct attempt **attempt);

void attempt_add(struct attempt *attempt, const char *bytes, size_t length);
void attempt_add_text(struct attempt *attempt, const char *text); /* "@" stands for the token */

/* Send what was added. Parks. */
void attempt_ask(struct attempt *attempt);

#endif
