/* SPDX-License-Identifier: MIT */
/*
 * The head of a request, read strictly: what RFC 9112 leaves to the recipient's leniency (bare line
 * feeds, folded lines, blanks around a name, two lengths) is refused, because whatever stands
 * between the client and us may have read it otherwise. Nothing here reads, writes or allocates.
 */
#ifndef SERVER_HTTP_HTTP_HEAD_H
#define SERVER_HTTP_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_HEAD_TARGET_MAX = 8192,  /* bytes of the target; beyond: 414 */
    HTTP_HEAD_FIELDS_MAX = 16384, /* bytes of all header lines with their ends; beyond: 431 */
    HTTP_HEAD_LINES_MAX = 100,    /* header lines; beyond: 431 */
    HTTP_HEAD_KNOWN_MAX = 32,     /* lines of those headers that are listed below; beyond: 431 */
    HTTP_HEAD_MAX = HTTP_HEAD_TARGET_MAX + HTTP_HEAD_FIELDS_MAX + 64, /* a head is never longer */
};

/* The headers that somebody here reads: symbol, name. ONE: at most one line of it; LIST: several
 * lines are one list. Those that frame the request are further below, and Host is among these. */
#define HTTP_FIELD_MAP(ONE, LIST)                                                                  \
    ONE(HOST, "Host")                                                                              \
    ONE(AUTHORIZATION, "Authorization")                                                            \
    ONE(CONTENT_TYPE, "Content-Type")                                                              \
    ONE(IDEMPOTENCY_KEY, "Idempotency-Key")                                                        \
    ONE(LAST_EVENT_ID, "Last-Event-ID")                                                            \
    ONE(IF_LEDGER_SEQ, "If-Ledger-Seq")                                                            \
    ONE(ORIGIN, "Origin")                                                                          \
    ONE(SEC_FETCH_SITE, "Sec-Fetch-Site")                                                          \
    ONE(TELLER_HOP, "Teller-Hop")                                                                  \
    ONE(ACCESS_CONTROL_REQUEST_METHOD, "Access-Control-Request-Method")                            \
    LIST(FORWARDED, "Forwarded")                                                                   \
    LIST(X_FORWARDED_FOR, "X-Forwarded-For")                                                       \
    LIST(X_FORWARDED_PROTO, "X-Forwarded-Proto")                                                   \
    LIST(X_REQUEST_ID, "X-Request-Id")                                                             \
    LIST(TRACEPARENT, "Traceparent")                                                               \
    LIST(TRACESTATE, "Tracestate")                                                                 \
    LIST(ACCEPT_ENCODING, "Accept-Encoding")                                                       \
    LIST(CONTENT_ENCODING, "Content-Encoding")                                                     \
    LIST(PREFER, "Prefer")                                                                         \
    LIST(IF_NONE_MATCH, "If-None-Match")                                                           \
    LIST(COOKIE, "Cookie")

enum http_field {
#define X(symbol, name) HTTP_FIELD_##symbol,
    HTTP_FIELD_MAP(X, X)
#undef X
        HTTP_FIELDS
};

/* A piece of the head, counted from its first byte. */
struct http_span {
    uint32_t from, length;
};

struct http_head_line {
    enum http_field field;
    struct http_span value; /* without the blanks around it */
};

struct http_head {
    /* How far it is read. */
    size_t at, line;   /* the next byte; where its line begins */
    size_t fields_at;  /* where the header lines begin; 0: the request line is not read yet */
    size_t line_count; /* header lines */
    const char *fault; /* what rule a refused head breaks */

    /* What it says; the spans as long as the bytes that were scanned are there. */
    size_t size; /* of a whole head, its empty line included */
    struct http_span method;
    struct http_span target;    /* path and query, or "*" */
    struct http_span authority; /* of a target in absolute form; length 0: there is none */
    bool is_1_0;                /* else 1.1 */
    bool is_head;               /* the method is HEAD */
    bool keep_alive, says_close, says_keep_alive;
    bool has_length, chunked, expects_continue;
    uint64_t content_length; /* below 10^18 */
    size_t known_count;
    struct http_head_line known[HTTP_HEAD_KNOWN_MAX];
};

enum http_head_verdict {
    HTTP_HEAD_MORE, /* good so far; scan again when there is more, with all of it */
    HTTP_HEAD_WHOLE,
    HTTP_HEAD_BAD,           /* 400 */
    HTTP_HEAD_LONG_TARGET,   /* 414 */
    HTTP_HEAD_EXPECTATION,   /* 417 */
    HTTP_HEAD_LARGE_FIELDS,  /* 431 */
    HTTP_HEAD_OTHER_VERSION, /* 505 */
};

/* Begin with a head of zeros. The bytes are those from the head's first one on; they may have moved
 * since the last call. What follows a whole head (bytes[head->size] and on) is not looked at. */
enum http_head_verdict http_head_scan(struct http_head *head, const char *bytes, size_t length);

/* Has a byte of a request been scanned? The empty line that may stand before one is not of it. */
bool http_head_has_begun(const struct http_head *head);

#endif
