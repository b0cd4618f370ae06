/* SPDX-License-Identifier: MIT */
/* Texts in gzip: what comes out is the text again; what is not worth it is left alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "server/text/gzip_text.h"
#include "tests/server/suites.h"
#include "tests/unit.h"

enum { SIZE = 300000 };

/* What a client makes of it; its length in the result. */
static size_t unpack(const char *packed, size_t size, char *text, size_t room)
{
    z_stream stream = {.next_in = (z_const Bytef *)packed,
        .avail_in = (uInt)size,
        .next_out = (Bytef *)text,
        .avail_out = (uInt)room};
    CU_ASSERT_EQUAL_FATAL(inflateInit2(&stream, 15 + 16), Z_OK); /* gzip, and nothing else */
    CU_ASSERT_EQUAL(inflate(&stream, Z_FINISH), Z_STREAM_END);
    CU_ASSERT_EQUAL(stream.avail_in, 0);
    size_t length = stream.total_out;
    inflateEnd(&stream);
    return length;
}

static void the_same_again(void)
{
    static const char line[] = "teller_transfers_total{outcome=\"committed\"} 17\n";
    static const size_t sizes[] = {1024, 1025, 65536, SIZE};
    char *text = malloc(SIZE), *back = malloc(SIZE);
    struct arena arena;
    CU_ASSERT_FATAL(text && back);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = line[i * i % (sizeof line - 1)];
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t packed = 0;
        const char *gzip = gzip_text(&arena, text, sizes[i], &packed);
        CU_ASSERT_PTR_NOT_NULL_FATAL(gzip);
        CU_ASSERT(packed < sizes[i] / 2);
        CU_ASSERT_EQUAL(unpack(gzip, packed, back, SIZE), sizes[i]);
        CU_ASSERT_EQUAL(memcmp(back, text, sizes[i]), 0);
    }
    arena_clear(&arena);
    free(text);
    free(back);
}

static void left_alone(void)
{
    static char noise[4096], zeros[1023];
    uint32_t state = 1;
    struct arena arena;
    size_t packed;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    arena_init(&arena, NULL, 0);
    CU_ASSERT_PTR_NULL(gzip_text(&arena, noise, sizeof noise, &packed));
    CU_ASSERT_PTR_NULL(gzip_text(&arena, zeros, sizeof zeros, &packed)); /* too short */
    CU_ASSERT(!arena.is_short);
    arena_clear(&arena);
}

static const struct unit_test tests[] = {
    {"the_same_again", the_same_again}, {"left_alone", left_alone}, {0}};
const struct unit_suite gzip_text_suite = {"gzip_text", 1, tests};
