/* SPDX-License-Identifier: MIT */
#include "server/http/request_id.h"

#include <string.h>
#include <sys/random.h>

#include "coro/clock.h"
#include "coro/random.h"

void request_ids_begin(struct request_ids *ids)
{
    *ids = (struct request_ids){.stamp = 0};
    /* Without entropy yet, early at boot, the time has to do. */
    if (getrandom(&ids->random, sizeof ids->random, GRND_NONBLOCK) != sizeof ids->random)
        ids->random = (uint64_t)co_clock_wall_us() ^ (uint64_t)(uintptr_t)ids;
}

bool request_id_is_sane(const char *text, size_t length)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "!#$%&'*+-.^_`|~:/=@";
    if (length == 0 || length > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!memchr(good, text[i], sizeof good - 1))
            return false;
    return true;
}

/* The lowest `digits` hexadecimal digits. */
static char *write_hex(char *to, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        *to++ = "0123456789abcdef"[value >> 4 * i & 15];
    return to;
}

void request_id_make(struct request_ids *ids, int64_t wall_us, char text[REQUEST_ID_TEXT])
{
    /* Milliseconds, and 12 bits of what is left of one (RFC 9562, 6.2, method 3). */
    uint64_t us = (uint64_t)wall_us;
    uint64_t stamp = us / 1000 << 12 | us % 1000 * 4096 / 1000;
    /* Neither two in a microsecond nor a clock that was set back may disturb the order. */
    ids->stamp = stamp > ids->stamp ? stamp : ids->stamp + 1;
    uint64_t random = co_random_of(&ids->random);
    char *to = write_hex(text, ids->stamp >> 28, 8);
    *to++ = '-';
    to = write_hex(to, ids->stamp >> 12, 4);
    *to++ = '-';
    *to++ = '7'; /* the version */
    to = write_hex(to, ids->stamp, 3);
    *to++ = '-';
    to = write_hex(to, 8 | (random >> 60 & 3), 1); /* the variant */
    to = write_hex(to, random >> 48, 3);
    *to++ = '-';
    to = write_hex(to, random, 12);
    *to = '\0';
}
