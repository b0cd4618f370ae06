/* SPDX-License-Identifier: MIT */
#include "server/text/gzip_text.h"

#include <stdint.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    LEAST = 1024,          /* below it the header would eat what is saved */
    GZIP_WINDOW = 15 + 16, /* the largest window; 16: with gzip's header */
    MEMORY = 8,            /* zlib's default */
};

static bool pack(struct arena *arena, z_stream *stream, const char *text, size_t length)
{
    /* Room for less than there is: what does not fit is not worth it. */
    stream->next_out = arena_try(arena, length);
    stream->avail_out = (uInt)length;
    stream->next_in = (z_const Bytef *)text;
    stream->avail_in = (uInt)length;
    return stream->next_out && deflate(stream, Z_FINISH) == Z_STREAM_END;
}

const char *gzip_text(struct arena *arena, const char *text, size_t length, size_t *packed)
{
    z_stream stream = {.next_in = NULL};
    if (length < LEAST || length > UINT32_MAX ||
        deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
            Z_OK)
        return NULL;
    const char *out = NULL;
    bool is_short = arena->is_short; /* nothing is missing if there is no room for this */
    if (pack(arena, &stream, text, length)) {
        *packed = stream.total_out;
        out = (const char *)(stream.next_out - stream.total_out);
    }
    arena->is_short = is_short;
    (void)deflateEnd(&stream);
    return out;
}
