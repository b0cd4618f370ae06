/* SPDX-License-Identifier: MIT */
#include "server/http/problem.h"

#include <string.h>

enum { RETRY_AFTER_S = 1 };

#define X(name, status, code, title) const struct problem problem_##name = {status, code, title};
PROBLEM_MAP(X)
#undef X

void problem_begin(
    struct json_out *out, struct arena *arena, const struct problem *problem, const char *detail)
{
    json_out_begin(out, arena);
    json_out_open(out, '{');
    json_out_key(out, "type");
    /* Put together raw: a code needs no escaping. */
    json_out_raw(out, "\"urn:teller:problem:", 20);
    json_out_raw(out, problem->code, strlen(problem->code));
    json_out_raw(out, "\"", 1);
    out->comma = true;
    json_out_key(out, "title");
    json_out_text(out, problem->title);
    json_out_key(out, "status");
    json_out_number(out, (uint64_t)problem->status);
    if (detail) {
        json_out_key(out, "detail");
        json_out_text(out, detail);
    }
    json_out_key(out, "code");
    json_out_text(out, problem->code);
}

void problem_end(struct json_out *out, struct response *response, const struct problem *problem)
{
    json_out_close(out, '}');
    /* Instead of what another server may have said. */
    response->passed = NULL;
    response->passed_count = 0;
    response->varies = false;
    response->stream = NULL;
    response->status = problem->status;
    response->content_type = "application/problem+json";
    response->body = out->text;
    response->length = out->length;
    response->challenge = problem->status == 401 ? PROBLEM_CHALLENGE : NULL;
    response->retry_after_s = problem->status == 503 || problem->status == 429 ? RETRY_AFTER_S : 0;
}

void problem_answer(struct request *request, struct response *response,
    const struct problem *problem, const char *detail)
{
    struct json_out out;
    problem_begin(&out, &request->arena, problem, detail);
    problem_end(&out, response, problem);
}
