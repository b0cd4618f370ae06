/* SPDX-License-Identifier: MIT */
/* From JSON to a command. The input: a byte that says which of the routes that take a body, one
 * that says which key, and the body. */
#include <stdio.h>
#include <string.h>

#include "server/api/route.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_call.h"

static const struct route *route_of(uint8_t number)
{
    size_t count = 0;
    for (size_t i = 0; i < route_count; i++)
        count += route_table[i].body != ROUTE_BODY_NONE;
    size_t wanted = number % count;
    for (size_t i = 0; i < route_count; i++)
        if (route_table[i].body != ROUTE_BODY_NONE && wanted-- == 0)
            return &route_table[i];
    return NULL;
}

/* The pattern with something in the place of each of its names. */
static void write_path(const char *pattern, char *path)
{
    while (*pattern) {
        if (*pattern != '{') {
            *path++ = *pattern++;
            continue;
        }
        const char *name = strncmp(pattern, "{ledger}", 8) == 0    ? "main"
                           : strncmp(pattern, "{account}", 9) == 0 ? "alice"
                                                                   : "7";
        path = stpcpy(path, name);
        pattern = strchr(pattern, '}') + 1;
    }
    *path = '\0';
}

static size_t write_head(char *text, size_t size, const uint8_t *input, size_t body_length)
{
    static const char *const keys[] = {
        "", "Idempotency-Key: \"k\"\r\n", "Idempotency-Key: r1\r\n", "Idempotency-Key: abc\r\n"};
    char path[200];
    write_path(route_of(input[0])->pattern, path);
    int length = snprintf(text, size,
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s"
        "Content-Length: %zu\r\n\r\n",
        path, keys[input[1] % 4], body_length);
    co_ensure(length > 0 && (size_t)length < size);
    return (size_t)length;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    char text[600];
    if (length < 2)
        return 0;
    struct fuzz_call call = {
        .bytes = text, .body = (const char *)input + 2, .body_length = length - 2};
    size_t size = write_head(text, sizeof text, input, call.body_length);
    co_ensure(http_head_scan(&call.head, text, size) == HTTP_HEAD_WHOLE);
    fuzz_call(&call);
    return 0;
}
