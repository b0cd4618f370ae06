/* SPDX-License-Identifier: MIT */
#include "loadtest/key.h"

#include "coro/clock.h"

struct key_source key_source_make(uint64_t run, uint32_t client)
{
    /* Client numbers fit into 16 bits, so two clients of a run never share a source. */
    return (struct key_source){.source = (run << 16) ^ client};
}

static char *hex(char *at, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value >>= 4)
        at[i] = "0123456789abcdef"[value & 15];
    return at + digits;
}

void key_next(struct key_source *source, char key[KEY_SIZE])
{
    char *at = hex(key, (uint64_t)co_clock_wall_us() / 1000, 12);
    *at++ = '-';
    at = hex(at, source->source, 12);
    *at++ = '-';
    at = hex(at, ++source->count, 7);
    *at = '\0';
}

struct key key_fresh(struct key_source *source)
{
    struct key key;
    key_next(source, key.text);
    return key;
}
