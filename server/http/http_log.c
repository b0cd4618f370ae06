/* SPDX-License-Identifier: MIT */
#include "server/http/http_log.h"

#include "server/http/http_echo.h"
#include "server/text/log.h"

static const char *method_of(const struct request *request)
{
    static const char *const names[] = {[REQUEST_GET] = "GET",
        [REQUEST_HEAD] = "HEAD",
        [REQUEST_POST] = "POST",
        [REQUEST_DELETE] = "DELETE",
        [REQUEST_OPTIONS] = "OPTIONS",
        [REQUEST_OTHER] = "other"};
    return request ? names[request->method] : "none";
}

void http_log_answer(enum http_log_which which, const struct request *request,
    const struct response *response, uint64_t bytes, int64_t now_ns)
{
    bool has_failed = response->status >= 500 && response->status != 503;
    if (which == HTTP_LOG_NONE || (which == HTTP_LOG_FAILURES && !has_failed))
        return;
    const struct http_echo *echo = response->echo;
    char address[ADDRESS_TEXT];
    address_write(echo->client.address, address);
    int64_t took_ns = response->began_ns ? now_ns - response->began_ns : 0;
    const struct log_field fields[] = {{"request_id", echo->id, 0, false},
        {"method", method_of(request), 0, false},
        {response->route ? "route" : NULL, response->route, 0, false},
        {"status", NULL, response->status, false},
        {echo->client.is_known ? "address" : NULL, address, 0, false}, {"ms", NULL, took_ns, true},
        {"bytes", NULL, (int64_t)bytes, false},
        {response->token ? "token" : NULL, NULL, response->token, false},
        {*echo->trace.trace ? "trace_id" : NULL, echo->trace.trace, 0, false},
        {*echo->trace.trace ? "span_id" : NULL, echo->trace.span, 0, false}};
    log_event("answered", fields, sizeof fields / sizeof fields[0]);
}
