/* SPDX-License-Identifier: MIT */
/* How many of something each of many has: connections of an address, requests of a token. All zero
 * is empty. Used on one worker; never parks. */
#ifndef SERVER_HTTP_TALLY_H
#define SERVER_HTTP_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

enum { TALLY_KEY = 16, TALLY_ROWS = 256 };

struct tally {
    struct tally_row *rows[TALLY_ROWS];
};

/* One more. False: it has `limit` already, or there is no memory to count it. */
CO_MUST_CHECK bool tally_add(struct tally *tally, const uint8_t key[TALLY_KEY], size_t limit);

/* One less of one that was added. */
void tally_remove(struct tally *tally, const uint8_t key[TALLY_KEY]);

#endif
