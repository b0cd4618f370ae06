/* SPDX-License-Identifier: MIT */
/*
 * Keeps what the service answered, for tests/openapi/answers.js to hold against the API's
 * description: in the file that ANSWERS_FILE names, if it is set. Each record is a line, and bytes:
 *
 *     KIND SUITE/TEST REQUEST HEAD BODY LF, followed by that many bytes of each, and LF
 *
 * answer: request line, head and body. head: the same, but for its body. talk: bytes that were sent
 * instead of requests, and all that came back, which is put under HEAD. event: one of a stream,
 * its name under HEAD, its data under BODY.
 */
#ifndef TESTS_SERVICE_WITNESS_H
#define TESTS_SERVICE_WITNESS_H

#include <stdbool.h>
#include <stddef.h>

/* Before the first client is made. Stops the program if the file cannot be made. */
void witness_begin(void);

/* Bytes over a connection of their own. From any worker; harmless if nothing is kept. */
void witness_talk(const char *sent, size_t sent_length, const char *got, size_t got_length);

void witness_event(const char *name, const char *data);

/* Close the file; false, and said so, if not all is in it. */
bool witness_end(void);

#endif
