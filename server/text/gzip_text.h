/* SPDX-License-Identifier: MIT */
/* A text in gzip (RFC 1952): fast rather than small. zlib ends here. Nothing parks. */
#ifndef SERVER_TEXT_GZIP_TEXT_H
#define SERVER_TEXT_GZIP_TEXT_H

#include <stddef.h>

#include "server/text/arena.h"

/* The same text packed, in the arena, its size in *packed. NULL: it would not be shorter, or memory
 * is short, and then it is sent as it is. */
const char *gzip_text(struct arena *arena, const char *text, size_t length, size_t *packed);

#endif
