/* SPDX-License-Identifier: MIT */
#include "loadtest/api_client.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loadtest/json_view.h"

enum { API_TEXT = 1200 }; /* of a path or a body: an id is up to 255 bytes, thrice that in a path */

__attribute__((format(printf, 5, 6))) CO_MUST_CHECK static enum client_status post(struct api *api,
    const char *path, const char *key, struct response *response, const char *format, ...)
{
    char body[API_TEXT];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(body, sizeof body, format, list);
    va_end(list);
    co_ensure(length >= 0 && length < API_TEXT);
    const struct request request = {
        .path = path, .key = key, .body = body, .body_length = (size_t)length};
    return client_call(api->client, &request, response);
}

__attribute__((format(printf, 3, 4))) static void path_of(
    struct api *api, char path[API_TEXT], const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = snprintf(path, API_TEXT, "/v1/ledgers/%s", api->ledger);
    length += vsnprintf(path + length, API_TEXT - (size_t)length, format, list);
    va_end(list);
    co_ensure(length > 0 && length < API_TEXT);
}

enum client_status api_open(struct api *api, const char *account, struct response *response)
{
    char path[API_TEXT];
    path_of(api, path, "/accounts");
    return post(api, path, NULL, response, "{\"id\":\"%s\",\"asset\":\"" API_ASSET "\"}", account);
}

enum client_status api_deposit(struct api *api, const char *account, int64_t amount,
    const char *key, struct response *response)
{
    char path[API_TEXT];
    path_of(api, path, "/accounts/%s/deposit", account);
    return post(api, path, key, response, "{\"amount\":%" PRId64 "}", amount);
}

enum client_status api_withdraw(struct api *api, const char *account, int64_t amount,
    const char *key, struct response *response)
{
    char path[API_TEXT];
    path_of(api, path, "/accounts/%s/withdraw", account);
    return post(api, path, key, response, "{\"amount\":%" PRId64 "}", amount);
}

enum client_status api_transfer(struct api *api, const char *from, const char *to, int64_t amount,
    const char *key, struct response *response)
{
    char path[API_TEXT];
    path_of(api, path, "/transfers");
    return post(api, path, key, response, "{\"from\":\"%s\",\"to\":\"%s\",\"amount\":%" PRId64 "}",
        from, to, amount);
}

enum client_status api_post(
    struct api *api, const char *path, const char *key, const char *body, struct response *response)
{
    char full[API_TEXT];
    path_of(api, full, "%s", path);
    const struct request request = {
        .path = full, .key = key, .body = body, .body_length = strlen(body)};
    return client_call(api->client, &request, response);
}

enum client_status api_get(struct api *api, const char *path, struct response *response)
{
    char full[API_TEXT];
    path_of(api, full, "%s", path);
    const struct request request = {.path = full};
    return client_call(api->client, &request, response);
}

/* A member of an answer that must be a number: whatever else came is garbled. */
static enum client_status number_in(
    enum client_status got, const struct response *response, const char *member, int64_t *value)
{
    if (got != CLIENT_ANSWERED)
        return got;
    /* A refusal that may pass, such as 503, says nothing of the number. */
    if (!api_is_final(got, response))
        return CLIENT_UNAVAILABLE;
    struct json_view body = json_view_read(response->body, response->body_length);
    if (response->status != 200 || !json_view_integer(json_view_member(body, member), value))
        return CLIENT_GARBLED;
    return CLIENT_ANSWERED;
}

enum client_status api_balance(struct api *api, const char *account, int64_t *balance)
{
    char path[API_TEXT];
    struct response response;
    snprintf(path, sizeof path, "/accounts/%s", account);
    enum client_status got = api_get(api, path, &response);
    return number_in(got, &response, "balance", balance);
}

enum client_status api_balance_at(
    struct api *api, const char *account, int64_t seq, int64_t *balance)
{
    char path[API_TEXT];
    struct response response;
    snprintf(path, sizeof path, "/accounts/%s?at=%" PRId64, account, seq);
    enum client_status got = api_get(api, path, &response);
    return number_in(got, &response, "balance", balance);
}

/* Adds a page of accounts to *sum. *next is the cursor of the next page, "" after the last. */
static bool add_page(const struct response *response, int64_t *sum, char next[96])
{
    struct json_view page = json_view_read(response->body, response->body_length);
    struct json_view_walk walk = {.rest = json_view_member(page, "items")};
    struct json_view item;
    int64_t balance;
    while (json_view_next(&walk, &item)) {
        if (!json_view_integer(json_view_member(item, "balance"), &balance))
            return false;
        *sum += balance;
    }
    /* Null ends the list; anything but that or a cursor is a fault. */
    struct json_view cursor = json_view_member(page, "next");
    next[0] = '\0';
    return json_view_says_null(cursor) || json_view_copy(cursor, next, 96);
}

enum client_status api_sum(struct api *api, const char *prefix, int64_t *sum)
{
    char next[96] = "", path[API_TEXT];
    struct response response;
    *sum = 0;
    /* A sum over pages is right only while nobody moves money. */
    do {
        snprintf(path, sizeof path, "/accounts?prefix=%s&limit=1000%s%s", prefix,
            next[0] ? "&after=" : "", next);
        enum client_status got = api_get(api, path, &response);
        if (got != CLIENT_ANSWERED)
            return got;
        if (!api_is_final(got, &response))
            return CLIENT_UNAVAILABLE;
        if (response.status != 200 || !add_page(&response, sum, next))
            return CLIENT_GARBLED;
    } while (next[0]);
    return CLIENT_ANSWERED;
}

bool api_id(const struct response *response, int64_t *id)
{
    struct json_view body = json_view_read(response->body, response->body_length);
    return json_view_integer(json_view_member(body, "id"), id);
}

/* With 429 or 5xx the same request may yet be done when it is sent again. */
bool api_is_final(enum client_status got, const struct response *response)
{
    return got == CLIENT_GARBLED ||
           (got == CLIENT_ANSWERED && response->status < 500 && response->status != 429);
}

bool api_is(enum client_status got, const struct response *response, int status, const char *code)
{
    if (got != CLIENT_ANSWERED || response->status != status)
        return false;
    struct json_view body = json_view_read(response->body, response->body_length);
    return !code || json_view_is(json_view_member(body, "code"), code);
}
