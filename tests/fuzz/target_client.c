/* SPDX-License-Identifier: MIT */
/* What the commands for people and the load tester read: answers of a server, which may be
 * anybody's, and amounts that somebody types. */
#include <stdlib.h>
#include <string.h>

#include "coro/http/co_http_head.h"
#include "coro/http/co_http_url.h"
#include "ledger/domain/results.h"
#include "loadtest/json_view.h"
#include "server/client/terms.h"
#include "tests/fuzz/fuzz.h"

enum { DEPTH = 8 };

static void read_scalar(struct json_view value)
{
    char text[64];
    int64_t number = 0;
    (void)json_view_integer(value, &number);
    (void)json_view_says_null(value);
    (void)json_view_is(value, "x");
    if (json_view_copy(value, text, sizeof text))
        co_ensure(strlen(text) + 2 == value.length);
    terms_text(value, text, sizeof text);
    co_ensure(memchr(text, '\0', sizeof text));
    terms_time(value, text, sizeof text);
    co_ensure(memchr(text, '\0', sizeof text));
}

static bool is_within(struct json_view value, struct json_view outer)
{
    return value.at >= outer.at && value.at + value.length <= outer.at + outer.length;
}

static void read_value(struct json_view value, int depth)
{
    struct json_view item, name;
    read_scalar(value);
    if (depth == DEPTH)
        return;
    for (struct json_view_walk walk = {.rest = value}; json_view_next(&walk, &item);) {
        co_ensure(is_within(item, value));
        read_value(item, depth + 1);
    }
    for (struct json_view_walk walk = {.rest = value};
         json_view_next_member(&walk, &name, &item);) {
        co_ensure(is_within(name, value) && is_within(item, value));
        read_value(item, depth + 1);
    }
    (void)json_view_member(value, "amount");
}

static void read_head(const char *text, size_t length)
{
    struct co_http_head head;
    struct co_http_field field;
    const char *at = NULL, *empty = memmem(text, length, "\r\n\r\n", 4);
    int64_t number = 0;
    char value[32];
    if (!empty || !co_http_head_read(text, (size_t)(empty - text) + 4, &head))
        return;
    co_ensure(head.status >= 100 && head.status <= 599);
    co_ensure(head.length >= -1 && !(head.chunked && head.length >= 0));
    while (co_http_head_next(&head, &at, &field)) {
        co_ensure(field.name_length > 0 && field.value >= head.text);
        co_ensure(field.value + field.value_length <= head.text + head.text_length);
        if (co_http_field_number(&field, &number))
            co_ensure(number >= 0);
    }
    if (co_http_head_find(&head, "Location", value, sizeof value))
        co_ensure(strlen(value) < sizeof value);
}

/* An amount as it is shown is read as the same. */
static void read_amount(const char *word)
{
    static const char *const assets[] = {"USD/2", "JPY/0", "ETH/18", "X/38"};
    char units[MONEY_TEXT], again[MONEY_TEXT], why[TERMS_TEXT] = "", shown[TERMS_TEXT];
    for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++) {
        money amount = 0;
        if (!terms_read(word, assets[i], units, why)) {
            co_ensure(why[0]);
            continue;
        }
        co_ensure(money_parse(units, strlen(units), true, &amount));
        terms_show(units, assets[i], shown);
        co_ensure(terms_read(shown, assets[i], again, why) && strcmp(units, again) == 0);
    }
    terms_show(word, "USD/2", shown);
    co_ensure(memchr(shown, '\0', sizeof shown));
}

static void read_url(const char *text)
{
    struct co_http_origin origin, again;
    const char *target = NULL;
    char url[CO_HTTP_AUTHORITY_MAX + 16];
    if (!co_http_url_read(text, &origin, &target))
        return;
    co_ensure(target >= text && target <= text + strlen(text));
    stpcpy(stpcpy(url, origin.secure ? "https://" : "http://"), origin.authority);
    co_ensure(co_http_url_read(url, &again, &target) && strcmp(again.host, origin.host) == 0);
    co_ensure(strcmp(again.address, origin.address) == 0);
}

/* What became of a batch's items, as the database gives it back. */
static void read_results(const char *text)
{
    struct results_reader reader;
    struct result result;
    bool atomic = false;
    size_t count = 0;
    (void)results_entries(text);
    results_read(&reader, text, &atomic);
    while (results_next(&reader, &result))
        co_ensure(++count <= strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    char *bytes = malloc(length + 1), *text = fuzz_text(input, length);
    co_ensure(bytes);
    if (length)
        memcpy(bytes, input, length);
    read_value(json_view_read(bytes, length), 0);
    read_head(bytes, length);
    read_amount(text);
    read_url(text);
    read_results(text);
    free(text);
    free(bytes);
    return 0;
}
