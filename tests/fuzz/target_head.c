/* SPDX-License-Identifier: MIT */
/* The head of a request, and behind it a body in chunks: however the bytes come, together or one by
 * one, they are read alike, and what is taken has no two readings. */
#include <stdlib.h>
#include <string.h>

#include "server/http/forwarded.h"
#include "server/http/http_chunks.h"
#include "server/http/http_head.h"
#include "tests/fuzz/fuzz.h"

static enum http_head_verdict scan(
    struct http_head *head, const char *bytes, size_t length, size_t step)
{
    enum http_head_verdict verdict = HTTP_HEAD_MORE;
    *head = (struct http_head){.at = 0};
    for (size_t at = 0; at < length && verdict == HTTP_HEAD_MORE;) {
        at = length - at < step ? length : at + step;
        verdict = http_head_scan(head, bytes, at);
    }
    return verdict;
}

static bool span_is(struct http_span a, struct http_span b)
{
    return a.from == b.from && a.length == b.length;
}

static void expect_same(const struct http_head *a, const struct http_head *b)
{
    co_ensure(a->size == b->size && a->line_count == b->line_count);
    co_ensure(span_is(a->method, b->method) && span_is(a->target, b->target));
    co_ensure(span_is(a->authority, b->authority));
    co_ensure(a->is_1_0 == b->is_1_0 && a->is_head == b->is_head);
    co_ensure(a->keep_alive == b->keep_alive && a->chunked == b->chunked);
    co_ensure(a->has_length == b->has_length && a->content_length == b->content_length);
    co_ensure(a->expects_continue == b->expects_continue && a->known_count == b->known_count);
    for (size_t i = 0; i < a->known_count; i++)
        co_ensure(a->known[i].field == b->known[i].field &&
                  span_is(a->known[i].value, b->known[i].value));
}

static bool is_within(struct http_span span, const struct http_head *head)
{
    return span.from <= head->size && span.length <= head->size - span.from;
}

/* Nobody reads it otherwise: its lines end with CR LF and have neither within, nor a NUL. */
static void expect_plain(const struct http_head *head, const char *bytes, size_t length)
{
    co_ensure(head->size <= length && head->size <= HTTP_HEAD_MAX && head->size >= 4);
    co_ensure(memcmp(bytes + head->size - 4, "\r\n\r\n", 4) == 0);
    for (size_t i = 0; i < head->size; i++) {
        co_ensure(bytes[i] != '\0');
        co_ensure(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
        co_ensure(bytes[i] != '\r' || bytes[i + 1] == '\n');
    }
    co_ensure(!(head->chunked && (head->has_length || head->is_1_0)));
    co_ensure(head->has_length || head->content_length == 0);
    co_ensure(head->content_length < UINT64_C(1000000000000000000));
    co_ensure(is_within(head->method, head) && head->method.length > 0);
    co_ensure(is_within(head->target, head) && is_within(head->authority, head));
    for (size_t i = 0; i < head->known_count; i++)
        co_ensure(is_within(head->known[i].value, head));
}

/* Whom a proxy speaks for is an address, and not a proxy's of ours if any other is named. */
static void read_forwarded(const struct http_head *head, const char *bytes)
{
    static const uint8_t nobody[ADDRESS_BYTES];
    struct address_ranges proxies;
    struct forwarded forwarded;
    co_ensure(address_ranges_read(&proxies, "127.0.0.0/8,::1"));
    forwarded_read(&forwarded, &proxies, head, bytes);
    co_ensure(forwarded.said <= FORWARDED_CLIENT);
    if (forwarded.said == FORWARDED_NOTHING)
        co_ensure(memcmp(forwarded.client, nobody, sizeof nobody) == 0);
}

/* Pass it on in steps, to `kept`, and how much of that there is. *used: how much was read. */
static bool pass(
    const char *bytes, size_t length, size_t step, char *kept, size_t *kept_length, size_t *used)
{
    struct http_chunks chunks = {.digits = 0};
    bool good = true;
    *kept_length = *used = 0;
    while (good && *used < length && chunks.state != HTTP_CHUNKS_OVER) {
        size_t piece = length - *used < step ? length - *used : step, read = 0;
        memcpy(kept + *kept_length, bytes + *used, piece);
        good = http_chunks_pass(&chunks, kept + *kept_length, &piece, &read);
        *kept_length += good ? piece : 0;
        *used += good ? read : 0;
    }
    return good;
}

/* What is kept of a body is a body, with nothing in it that would be taken out. */
static void read_chunks(const char *bytes, size_t length)
{
    char *whole = malloc(3 * length + 3), *bitwise = whole + length + 1,
         *again = bitwise + length + 1;
    size_t whole_length, bitwise_length, again_length, whole_used, bitwise_used, again_used;
    co_ensure(whole);
    bool good = pass(bytes, length, length, whole, &whole_length, &whole_used);
    co_ensure(good == pass(bytes, length, 1, bitwise, &bitwise_length, &bitwise_used));
    if (good) {
        co_ensure(whole_length == bitwise_length && whole_used == bitwise_used);
        co_ensure(memcmp(whole, bitwise, whole_length) == 0);
        co_ensure(pass(whole, whole_length, whole_length + 1, again, &again_length, &again_used));
        co_ensure(again_length == whole_length && memcmp(whole, again, whole_length) == 0);
    }
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    struct http_head whole, bitwise;
    char *bytes = malloc(length + 1); /* malloc(0) may be NULL */
    co_ensure(bytes);
    if (length)
        memcpy(bytes, input, length);
    enum http_head_verdict verdict = scan(&whole, bytes, length, length);
    co_ensure(verdict == scan(&bitwise, bytes, length, 1));
    co_ensure(verdict != HTTP_HEAD_BAD || whole.fault);
    if (verdict == HTTP_HEAD_WHOLE) {
        expect_same(&whole, &bitwise);
        expect_plain(&whole, bytes, length);
        read_forwarded(&whole, bytes);
        read_chunks(bytes + whole.size, length - whole.size);
    }
    free(bytes);
    return 0;
}
