/* SPDX-License-Identifier: MIT */
#include "tests/service/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit.h"

struct attempt *attempt_begin(const char *account)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    CU_ASSERT_PTR_NOT_NULL_FATAL(attempt);
    visit_begin_shared(&attempt->visit, "owner");
    CU_ASSERT(visit_fund(&attempt->visit, account, 0));
    return attempt;
}

void attempt_end(struct attempt **attempt)
{
    visit_end(&(*attempt)->visit);
    free(*attempt);
    *attempt = NULL;
}

void attempt_add(struct attempt *attempt, const char *bytes, size_t length)
{
    co_ensure(length < ATTEMPT_TEXT - attempt->length);
    memcpy(attempt->text + attempt->length, bytes, length);
    attempt->length += length;
}

void attempt_add_text(struct attempt *attempt, const char *text)
{
    for (const char *at; (at = strchr(text, '@')); text = at + 1) {
        const char *token = service_shared("owner")->target.token;
        attempt_add(attempt, text, (size_t)(at - text));
        attempt_add(attempt, token, strlen(token));
    }
    attempt_add(attempt, text, strlen(text));
}

void attempt_ask(struct attempt *attempt)
{
    raw_ask(service_shared("owner"), attempt->text, attempt->length, &attempt->raw);
}
