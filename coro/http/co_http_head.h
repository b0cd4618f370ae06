/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP answer, read in place: the status line and the fields. No memory, no parking:
 * from any thread. Field names are compared without regard to case.
 */
#ifndef CORO_CO_HTTP_HEAD_H
#define CORO_CO_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_http_head {
    int status;       /* 100 to 599 */
    bool closes;      /* HTTP/1.0, or Connection: close: no other request on this connection */
    bool chunked;     /* the body comes in chunks */
    int64_t length;   /* Content-Length; -1: not said */
    const char *text; /* all of it as it came, with the empty line that ends it; not terminated */
    size_t text_length;
};

/*
 * `text` is everything up to and with the first empty line. False if it is not an answer of
 * HTTP/1.1 or 1.0, or one that contradicts itself: two lengths, a length and chunks, another
 * encoding than chunks, a line that is no field or goes on in the next.
 */
CO_MUST_CHECK bool co_http_head_read(const char *text, size_t length, struct co_http_head *head);

/* A field. Not terminated: they are parts of the text. */
struct co_http_field {
    const char *name, *value;
    size_t name_length, value_length;
};

/* The fields one after another: *at is NULL before the first. False: there are no more. */
CO_MUST_CHECK bool co_http_head_next(
    const struct co_http_head *head, const char **at, struct co_http_field *field);

bool co_http_field_is(const struct co_http_field *field, const char *name);

/* Digits alone, up to 10^18 - 1. */
CO_MUST_CHECK bool co_http_field_number(const struct co_http_field *field, int64_t *number);

/* Copy the value of the first field of that name, terminated. False: there is none, or it does not
 * fit. */
CO_MUST_CHECK bool co_http_head_find(
    const struct co_http_head *head, const char *name, char *value, size_t size);

CO_C_END

#endif
