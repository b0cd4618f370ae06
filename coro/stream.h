/* SPDX-License-Identifier: MIT */
/*
 * A stream of bytes to and fro, whatever carries it: a descriptor as it is (co_stream_of), or one
 * under TLS. What is built on streams, such as HTTP, need not know which.
 *
 * A stream is passed by value, and has one owner, who closes it. Calls fail as those of net.h do:
 * -1 with errno; a stream that ends without the end that its protocol demands is ECONNRESET.
 * One coroutine at a time. All park but co_stream_is_quiet() and co_stream_close().
 */
#ifndef CORO_STREAM_H
#define CORO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "coro/context.h"
#include "coro/language.h"

CO_C_BEGIN

struct co_stream_kind;

struct co_stream {
    const struct co_stream_kind *kind; /* NULL: closed, or never opened */
    int fd;                            /* what it runs over; the stream's own */
    void *of;                          /* the kind's */
};

/* A connected descriptor as it is; it belongs to the stream from now on. */
struct co_stream co_stream_of(int fd);

/* 1 to `size` bytes, or 0 at the end. */
CO_MUST_CHECK ssize_t co_stream_read(
    struct co_context *context, struct co_stream *stream, void *buffer, size_t size);

/* All of the pieces, in order: 0, or -1. They are consumed as they go: what is left in them was not
 * sent. After a failure only closing is left. */
CO_MUST_CHECK int co_stream_write(
    struct co_context *context, struct co_stream *stream, struct iovec *pieces, size_t count);

/* Park until there is something to read, or the end: 0, or -1. For a reader that expects to wait,
 * as one that has just asked: it saves a vain attempt to read. */
CO_MUST_CHECK int co_stream_await(struct co_context *context, struct co_stream *stream);

/* Is it open, with nothing to read? So is one that was kept for another request. */
bool co_stream_is_quiet(struct co_stream *stream);

/* Close it, if it is open. Nobody may be waiting for it. */
void co_stream_close(struct co_stream *stream);

/* Why something failed, in words, where errno does not say enough: "certificate has expired". */
struct co_stream_why {
    char text[160];
};

/* Whoever opens streams to "host:port": 0 with *stream, or -1 with errno and, if why is not NULL,
 * words. `host` is the name that the other side must prove to have. */
struct co_stream_dialer {
    int (*dial)(struct co_context *context, const struct co_stream_dialer *dialer,
        const char *address, const char *host, struct co_stream *stream, struct co_stream_why *why);
    void *of;
};

/* What a kind of stream must be able to do; as the functions above. */
struct co_stream_kind {
    ssize_t (*read)(
        struct co_context *context, struct co_stream *stream, void *buffer, size_t size);
    int (*write)(
        struct co_context *context, struct co_stream *stream, struct iovec *pieces, size_t count);
    int (*await)(struct co_context *context, struct co_stream *stream);
    bool (*is_quiet)(struct co_stream *stream);
    void (*close)(struct co_stream *stream);
};

CO_C_END

#endif
