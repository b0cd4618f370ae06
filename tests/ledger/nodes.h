/* SPDX-License-Identifier: MIT */
/* Two nodes of one PostgreSQL cluster of its own for a test, a primary "a" and its standby "b", as
 * tests/pair makes them. */
#ifndef TESTS_LEDGER_NODES_H
#define TESTS_LEDGER_NODES_H

enum { NODES_TEXT = 300 };

struct nodes {
    char folder[40];
    char a[NODES_TEXT], b[NODES_TEXT], both[NODES_TEXT], turned[NODES_TEXT]; /* to reach them */
};

/* The test is over if they do not come up. Parks, as does all below. */
void nodes_make(struct nodes *nodes);
void nodes_end(struct nodes *nodes);

/* tests/pair COMMAND NODE */
void nodes_do(const struct nodes *nodes, const char *command, const char *node);

/* Make the standby a primary: the former one does not know. */
void nodes_promote(const struct nodes *nodes);

#endif
