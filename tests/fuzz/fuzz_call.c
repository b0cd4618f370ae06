/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_call.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "server/api/api.h"
#include "server/api/dispatch.h"
#include "server/http/http_fields.h"
#include "server/http/http_private.h"
#include "server/http/problem.h"
#include "server/text/json_in.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/standin.h"

/* Text that may stand in a header: nobody can begin another line with it. */
static void check_value(const char *value)
{
    for (; value && *value; value++)
        co_ensure((unsigned char)*value >= ' ' && *value != 0x7f);
}

static void check_body(const struct response *response)
{
    const char *type = response->content_type;
    char error[JSON_IN_ERROR];
    struct arena arena;
    bool is_problem = strcmp(type, "application/problem+json") == 0;
    co_ensure(is_problem == (response->status >= 400));
    if (!is_problem && strcmp(type, "application/json") != 0)
        return;
    arena_init(&arena, NULL, 0);
    const struct json_in *value = json_in_read(
        &arena, response->body, response->length, JSON_IN_VALUES_LARGE, "metadata", error);
    co_ensure(json_in_is_object(value));
    if (is_problem)
        co_ensure(json_in_text(json_in_member(value, "code")) &&
                  json_in_text(json_in_member(value, "title")));
    arena_clear(&arena);
}

static void check_response(const struct response *response)
{
    co_ensure(response->status >= 200 && response->status <= 599);
    for (size_t i = 0; i < response->field_count; i++)
        check_value(response->fields[i].value);
    check_value(response->allow);
    check_value(response->etag);
    check_value(response->set_cookie);
    check_value(response->content_type);
    co_ensure(!response->echo || response->echo->id[0]);
    check_value(response->echo->id);
    if (response->content_type && !response->encoding && !response->stream)
        check_body(response);
}

static void answer(struct api *api, const struct fuzz_call *asked, struct request *request,
    struct response *response)
{
    struct http_admission admission = {.body_max = REQUEST_BODY_MAX};
    if (!http_fields_read(request, &asked->head, asked->bytes)) {
        problem_answer(request, response, &problem_bad_request, NULL);
        return;
    }
    if (!dispatch_admit(api, request, response, &admission))
        return;
    /* Its end is where the memory ends. */
    char *body = asked->body_length ? malloc(asked->body_length + 1) : NULL;
    if (body) {
        memcpy(body, asked->body, asked->body_length);
        body[asked->body_length] = '\0';
    }
    request->body = body;
    request->body_length = asked->body_length;
    dispatch_answer(api, request, response);
    dispatch_end(api, request);
    free(body);
}

void fuzz_call(const struct fuzz_call *asked)
{
    static struct http http; /* of no worker: its figures are 0 */
    struct api api;
    struct request request = {.arrived_ns = co_clock_now_ns()};
    struct response response = {.began_ns = co_clock_now_ns()};
    struct http_echo echo = {.origin = NULL};
    struct request_ids ids;
    static struct cors cors;
    co_ensure(cors_read(&cors, "https://app.example"));
    api_init(&api);
    api.banks = standin_banks();
    api.http = &http;
    api.open = true;
    arena_init(&request.arena, NULL, 0);
    request_ids_begin(&ids);
    http_echo_read(&echo, &cors, &ids, &asked->head, asked->bytes);
    response.echo = &echo;
    request.is_of_welcome_origin = echo.origin != NULL;
    answer(&api, asked, &request, &response);
    check_response(&response);
    for (int i = 0; co_runtime_alive() > 1; i++) { /* what it began ends by itself */
        co_ensure(i < 1000);
        co_yield();
    }
    arena_clear(&request.arena);
    standin_end();
    api_free(&api);
}
