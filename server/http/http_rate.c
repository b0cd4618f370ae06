/* SPDX-License-Identifier: MIT */
#include "server/http/http_rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/http/http_private.h"
#include "server/http/problem.h"

enum { FIELD_TEXT = 48 };

/* With the headers of draft-ietf-httpapi-ratelimit-headers: the policy that it broke, and that
 * nothing is left of it for a second. */
static void refuse(
    struct http_exchange *exchange, const char *policy, uint32_t a_second, const char *detail)
{
    struct response *response = &exchange->response;
    char *rule = arena_alloc(&exchange->request.arena, FIELD_TEXT),
         *left = arena_alloc(&exchange->request.arena, FIELD_TEXT);
    snprintf(rule, FIELD_TEXT, "\"%s\";q=%" PRIu32 ";w=1", policy, a_second);
    snprintf(left, FIELD_TEXT, "\"%s\";r=0;t=1", policy);
    problem_answer(&exchange->request, response, &problem_too_many, detail);
    response_add(response, "RateLimit-Policy", rule);
    response_add(response, "RateLimit", left);
    exchange->answered = true;
}

bool http_rate_admits_address(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    const struct http_client *client = &exchange->echo.client;
    uint32_t a_second = worker->http->options.max_rate_of_address;
    uint8_t address[ADDRESS_BYTES];
    memcpy(address, client->address, ADDRESS_BYTES);
    address_shorten(address);
    if (!a_second || exchange->is_vital || !client->is_limited ||
        rate_take(worker->http->of_address, address, a_second, exchange->peer->since_ns))
        return true;
    http_count(&worker->counters.limited_addresses, 1);
    refuse(exchange, "address", a_second, "Requests come too often from this address.");
    return false;
}

bool http_rate_admits_sender(struct http_exchange *exchange, const struct http_admission *admission)
{
    struct http_worker *worker = exchange->worker;
    if (!admission->max_rate || exchange->is_vital ||
        rate_take(
            worker->http->of_sender, admission->who, admission->max_rate, exchange->peer->since_ns))
        return true;
    http_count(&worker->counters.limited_senders, 1);
    refuse(exchange, "token", admission->max_rate, "Requests come too often with this token.");
    return false;
}
