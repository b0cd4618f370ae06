/* SPDX-License-Identifier: MIT */
/* What a request is called (X-Request-Id), by its sender or else by us. */
#ifndef SERVER_HTTP_REQUEST_ID_H
#define SERVER_HTTP_REQUEST_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REQUEST_ID_MAX = 128, /* characters of one that is taken */
    REQUEST_ID_TEXT = REQUEST_ID_MAX + 1,
};

/* Where ids come from: a worker's own. */
struct request_ids {
    uint64_t stamp;  /* of the last one */
    uint64_t random; /* a state of co_random_of() */
};

/* Different from that of any other worker, process or machine. */
void request_ids_begin(struct request_ids *ids);

/* Can it stand in a header, a log and a shell as it is? 1 to 128 letters, digits, and characters of
 * which tokens (RFC 9110, 5.6.2), base64, paths and times are made; no blank. */
bool request_id_is_sane(const char *text, size_t length);

/* A fresh one, a UUID of version 7 (RFC 9562): those of one worker are in order as texts, and those
 * of different ones are by the microsecond. `wall_us`: co_clock_wall_us(). Never parks. */
void request_id_make(struct request_ids *ids, int64_t wall_us, char text[REQUEST_ID_TEXT]);

#endif
