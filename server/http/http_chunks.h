/* SPDX-License-Identifier: MIT */
/*
 * A body in chunks (RFC 9112, 7.1), checked strictly on its way through. What nobody here uses is
 * taken out of it: extensions and trailers. Nothing here reads, writes or allocates.
 */
#ifndef SERVER_HTTP_HTTP_CHUNKS_H
#define SERVER_HTTP_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

enum {
    HTTP_CHUNKS_DIGITS_MAX = 14,  /* of a chunk's size, zeros in front included */
    HTTP_CHUNKS_EXTRA_MAX = 8192, /* bytes taken out of one body; more are refused */
};

/* Begin with zeros. */
struct http_chunks {
    enum http_chunks_state {
        HTTP_CHUNKS_SIZE,
        HTTP_CHUNKS_BLANK, /* after the size: an extension must follow */
        HTTP_CHUNKS_EXTENSION,
        HTTP_CHUNKS_SIZE_END, /* the line feed */
        HTTP_CHUNKS_DATA,
        HTTP_CHUNKS_DATA_RETURN,
        HTTP_CHUNKS_DATA_END,
        HTTP_CHUNKS_TRAILER_START, /* after the last chunk, at the start of a line */
        HTTP_CHUNKS_TRAILER,
        HTTP_CHUNKS_TRAILER_END,
        HTTP_CHUNKS_LAST, /* the line feed of the empty line */
        HTTP_CHUNKS_OVER,
    } state;
    unsigned digits;
    uint64_t left; /* of the chunk's bytes */
    size_t extra;
};

/* Check the next *length bytes. What is to be kept of them is moved to the front, *length says how
 * much; *used, how many were looked at: those behind the body's end are not. False: they are not a
 * chunked body, and *length means nothing. */
CO_MUST_CHECK bool http_chunks_pass(
    struct http_chunks *chunks, char *bytes, size_t *length, size_t *used);

#endif
