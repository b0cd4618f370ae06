/* SPDX-License-Identifier: MIT */
/* One byte at a time outside the data, whole runs within it: a state machine survives any split of
 * the bytes over reads. */
#include "server/http/http_chunks.h"

#include <string.h>

#include "server/text/hex.h"

enum what { KEEP, DROP, REFUSE };

static bool is_control(unsigned char c)
{
    return (c < ' ' && c != '\t') || c == 0x7f;
}

static enum what keep(struct http_chunks *chunks, enum http_chunks_state state)
{
    chunks->state = state;
    return KEEP;
}

/* Extensions and trailers are bounded together: they are free to send, and cost time to read. */
static enum what drop(struct http_chunks *chunks, enum http_chunks_state state)
{
    chunks->state = state;
    return ++chunks->extra <= HTTP_CHUNKS_EXTRA_MAX ? DROP : REFUSE;
}

static enum what pass_size(struct http_chunks *chunks, unsigned char c)
{
    int digit = hex_value((char)c);
    /* Leading zeros count as digits, or a size could be any number of bytes. */
    if (digit >= 0) {
        chunks->left = chunks->left * 16 + (unsigned)digit;
        return ++chunks->digits <= HTTP_CHUNKS_DIGITS_MAX ? KEEP : REFUSE;
    }
    /* An empty size would read as 0, the end of the body. */
    if (chunks->digits == 0)
        return REFUSE;
    if (c == '\r')
        return keep(chunks, HTTP_CHUNKS_SIZE_END);
    if (c == ';')
        return drop(chunks, HTTP_CHUNKS_EXTENSION);
    return c == ' ' || c == '\t' ? drop(chunks, HTTP_CHUNKS_BLANK) : REFUSE;
}

/* Blanks may stand between the size and an extension (RFC 9112, 7.1.1), and nowhere else. */
static enum what pass_blank(struct http_chunks *chunks, unsigned char c)
{
    if (c == ';')
        return drop(chunks, HTTP_CHUNKS_EXTENSION);
    return c == ' ' || c == '\t' ? drop(chunks, HTTP_CHUNKS_BLANK) : REFUSE;
}

static enum what pass_extension(struct http_chunks *chunks, unsigned char c)
{
    if (c == '\r')
        return keep(chunks, HTTP_CHUNKS_SIZE_END);
    return is_control(c) ? REFUSE : drop(chunks, HTTP_CHUNKS_EXTENSION);
}

static enum what pass_size_end(struct http_chunks *chunks, unsigned char c)
{
    chunks->digits = 0;
    if (c != '\n')
        return REFUSE;
    /* Size 0 is the last chunk. */
    return keep(chunks, chunks->left ? HTTP_CHUNKS_DATA : HTTP_CHUNKS_TRAILER_START);
}

static enum what pass_trailer(struct http_chunks *chunks, unsigned char c)
{
    /* An empty line ends the body; any other line is a trailer, and dropped with its end. */
    if (c == '\r')
        return chunks->state == HTTP_CHUNKS_TRAILER_START ? keep(chunks, HTTP_CHUNKS_LAST)
                                                          : drop(chunks, HTTP_CHUNKS_TRAILER_END);
    return is_control(c) ? REFUSE : drop(chunks, HTTP_CHUNKS_TRAILER);
}

/* A byte that does not belong to a chunk's data. */
static enum what pass_byte(struct http_chunks *chunks, unsigned char c)
{
    switch (chunks->state) {
    case HTTP_CHUNKS_SIZE:
        return pass_size(chunks, c);
    case HTTP_CHUNKS_BLANK:
        return pass_blank(chunks, c);
    case HTTP_CHUNKS_EXTENSION:
        return pass_extension(chunks, c);
    case HTTP_CHUNKS_SIZE_END:
        return pass_size_end(chunks, c);
    case HTTP_CHUNKS_DATA_RETURN:
        return c == '\r' ? keep(chunks, HTTP_CHUNKS_DATA_END) : REFUSE;
    case HTTP_CHUNKS_DATA_END:
        return c == '\n' ? keep(chunks, HTTP_CHUNKS_SIZE) : REFUSE;
    case HTTP_CHUNKS_TRAILER_START:
    case HTTP_CHUNKS_TRAILER:
        return pass_trailer(chunks, c);
    case HTTP_CHUNKS_TRAILER_END:
        return c == '\n' ? drop(chunks, HTTP_CHUNKS_TRAILER_START) : REFUSE;
    case HTTP_CHUNKS_LAST:
        return c == '\n' ? keep(chunks, HTTP_CHUNKS_OVER) : REFUSE;
    case HTTP_CHUNKS_DATA:
    case HTTP_CHUNKS_OVER:
        break;
    }
    return REFUSE;
}

/* A run of the chunk's bytes; how many. */
static size_t pass_data(struct http_chunks *chunks, char *to, const char *from, size_t length)
{
    if (length > chunks->left)
        length = (size_t)chunks->left;
    if (to != from)
        memmove(to, from, length);
    chunks->left -= length;
    if (chunks->left == 0)
        chunks->state = HTTP_CHUNKS_DATA_RETURN;
    return length;
}

bool http_chunks_pass(struct http_chunks *chunks, char *bytes, size_t *length, size_t *used)
{
    size_t at = 0, kept = 0;
    while (at < *length && chunks->state != HTTP_CHUNKS_OVER) {
        /* The bulk goes by runs, not by bytes. */
        if (chunks->state == HTTP_CHUNKS_DATA) {
            size_t run = pass_data(chunks, bytes + kept, bytes + at, *length - at);
            at += run;
            kept += run;
            continue;
        }
        enum what what = pass_byte(chunks, (unsigned char)bytes[at]);
        if (what == REFUSE)
            return false;
        /* Closes the gap that dropped bytes have left. */
        if (what == KEEP)
            bytes[kept++] = bytes[at];
        at++;
    }
    *length = kept;
    *used = at;
    return true;
}
