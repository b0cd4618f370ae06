/* SPDX-License-Identifier: MIT */
/* Two plain PostgreSQL nodes, a primary "a" and its standby "b", as tests/pair makes them. */
#ifndef TESTS_CLUSTER_PAIR_H
#define TESTS_CLUSTER_PAIR_H

#include <stdbool.h>

enum { PAIR_URL = 400 };

struct pair {
    char folder[150];
    char url[PAIR_URL]; /* of both */
};

/* The test is over if they do not come up. */
void pair_make(struct pair *pair, bool synchronous);
void pair_end(struct pair *pair);

/* tests/pair COMMAND NODE */
void pair_do(const struct pair *pair, const char *command, const char *node);

/* A statement at a node, as the superuser; the test fails if that does. No double quotes; a dollar
 * has a backslash. */
void pair_say(const struct pair *pair, const char *node, const char *sql);

#endif
