/* SPDX-License-Identifier: MIT */
/* The key of a request that moves or holds money, wherever it stands. */
#ifndef SERVER_API_REQUEST_KEY_H
#define SERVER_API_REQUEST_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "server/text/arena.h"

#define REQUEST_KEY_RULE "must be 1-255 printable ASCII characters"

/* NULL is not. */
bool request_key_is_valid(const char *key);

/* The key in the header Idempotency-Key (NULL: it did not come), without the quotes around it that
 * it may have (RFC 8941). NULL with *good telling whether that is because there is none, or because
 * it is not valid. It is the header's own text, or the arena's. */
const char *request_key_of_header(struct arena *arena, const char *header, bool *good);

#endif
