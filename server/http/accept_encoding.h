/* SPDX-License-Identifier: MIT */
/* The header Accept-Encoding (RFC 9110, 12.5.3), for what is there as it is and in gzip. */
#ifndef SERVER_HTTP_ACCEPT_ENCODING_H
#define SERVER_HTTP_ACCEPT_ENCODING_H

#include <stdbool.h>

/* Is gzip to be sent: is it acceptable, and not less so than what is not encoded? NULL, and what is
 * malformed: no. */
bool accept_encoding_wants_gzip(const char *header);

#endif
