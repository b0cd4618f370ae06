/* SPDX-License-Identifier: MIT */
/* The head of an HTTP answer, read in place. Its user is the client; others use client.h. */
#ifndef LOADTEST_RESPONSE_H
#define LOADTEST_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadtest/client.h"

/*
 * `head` is everything up to and with the first empty line. Fills all of *response but the body.
 * *body_length: Content-Length; -1: not said. False if it is no HTTP/1.1 answer, or one that
 * contradicts itself (two lengths, or a length and chunks).
 */
MUST_CHECK bool response_read_head(
    const char *head, size_t length, struct response *response, int64_t *body_length);

#endif
