/* SPDX-License-Identifier: MIT */
/* Connections that are held open, each of which has sent something and reads nothing. */
#ifndef TESTS_SERVICE_CROWD_H
#define TESTS_SERVICE_CROWD_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/service/service.h"
#include "tests/service/visit.h"

enum { CROWD_MAX = 12000 };

struct crowd {
    struct target target;
    size_t count;
    struct client *clients[CROWD_MAX];
};

void crowd_begin(struct crowd *crowd, const struct service *service);

/* The same, and all of them call from that address: "127.0.0.7". */
void crowd_begin_from(struct crowd *crowd, const struct service *service, const char *address);
void crowd_end(struct crowd *crowd);

/* One more, which sends that and no more. */
struct client *crowd_send(struct crowd *crowd, const char *bytes, size_t length);

/* Write the head of a POST with that token (NULL: none), and `sent` bytes of its body: the text's
 * length. */
size_t crowd_half_post(
    const char *token, const char *path, size_t announced, size_t sent, char *text, size_t size);

/* Entries of 1,000 postings, so that a page of the journal is as long as one can be. */
void crowd_fill_journal(struct visit *visit, int entries);

#endif
