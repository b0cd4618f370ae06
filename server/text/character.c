/* SPDX-License-Identifier: MIT */
#include "server/text/character.h"

unsigned character_read(const char *at, size_t *length)
{
    unsigned char first = (unsigned char)*at;
    size_t more = first < 0x80   ? 0
                  : first < 0xc2 ? 4
                  : first < 0xe0 ? 1
                  : first < 0xf0 ? 2
                  : first < 0xf5 ? 3
                                 : 4;
    unsigned code = more == 0 ? first : first & (0x3fU >> more);
    *length = 1;
    for (size_t i = 1; i <= more && more < 4; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return CHARACTER_NONE;
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    }
    /* Longer than need be, halves of a pair, and beyond the last one. */
    if (more == 4 || (more == 2 && (code < 0x800 || code >> 11 == 0x1b)) ||
        (more == 3 && (code < 0x10000 || code > 0x10ffff)))
        return CHARACTER_NONE;
    *length = more + 1;
    return code;
}
