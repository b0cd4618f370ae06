/* SPDX-License-Identifier: MIT */
/* The header Prefer (RFC 7240), of which two preferences are honoured: wait=S and stale. */
#ifndef SERVER_HTTP_PREFER_H
#define SERVER_HTTP_PREFER_H

#include <stdbool.h>
#include <stdint.h>

enum { PREFER_WAIT_MAX = 1000000 };

/* The seconds of the first "wait", which is the one that counts; more than PREFER_WAIT_MAX are that
 * many. False: there is none (`header` may be NULL), it is no whole number, or the header is
 * malformed before it. */
bool prefer_wait(const char *header, int64_t *seconds);

/* Is that preference among them, before anything that is malformed, and without a value? */
bool prefer_has(const char *header, const char *name);

#endif
