/* SPDX-License-Identifier: MIT */
/* A small HTTP client for tests: a coroutine parks in it, and bytes can be sent as they are. */
#ifndef TESTS_SERVER_CLIENT_H
#define TESTS_SERVER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client {
    int fd;
    size_t have;
    char bytes[262144]; /* read and not used yet */
};

struct answer {
    int status; /* 0: the connection ended before one came */
    char headers[4096];
    char body[262144]; /* the largest is openapi.json */
    size_t length;
};

/* Each gives up after 20 seconds, as if the connection had ended. */
bool client_open(struct client *client, int port);
void client_close(struct client *client);

bool client_send(struct client *client, const char *bytes, size_t length);

/* Read an answer, or only up to the end of its headers (for streams). */
void client_read(struct client *client, bool headers_only, struct answer *answer);

/* Read until the text has come (and leave out all up to its end); false: the connection ended. */
bool client_read_until(struct client *client, const char *text);

/* Read whatever comes next into bytes[]; 0: the connection ended. */
size_t client_read_some(struct client *client);

/* Send a request on the connection and read its answer. `headers` are whole lines; body NULL: GET's
 * way, without one. */
void client_call(struct client *client, const char *method, const char *path, const char *headers,
    const char *body, struct answer *answer);

void answer_clear(struct answer *answer);

/* The value of a header of the answer, without its line's end; "" if there is none. */
const char *answer_header(const struct answer *answer, const char *name, char value[256]);

#endif
