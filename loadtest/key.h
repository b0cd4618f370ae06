/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys: never the same twice, and rising with time, so that an index of them grows at
 * its end (the idea of UUIDv7, RFC 9562).
 */
#ifndef LOADTEST_KEY_H
#define LOADTEST_KEY_H

#include <stdint.h>

enum { KEY_SIZE = 34 }; /* 12 digits of time, "-", 12 of the source, "-", 7 of the count, end */

/* A source of keys; one for each coroutine. `run` tells this program's runs apart: random. */
struct key_source {
    uint64_t source;
    uint32_t count;
};

struct key_source key_source_make(uint64_t run, uint32_t client);

void key_next(struct key_source *source, char key[KEY_SIZE]);

/* The same by value: key_fresh(&keys).text is valid for the expression that it stands in. */
struct key {
    char text[KEY_SIZE];
};
struct key key_fresh(struct key_source *source);

#endif
