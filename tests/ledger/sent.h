/* SPDX-License-Identifier: MIT */
/* Every text of SQL that this program has sent to a database since its start, as the role that the
 * service works as; each once. */
#ifndef TESTS_LEDGER_SENT_H
#define TESTS_LEDGER_SENT_H

#include <stdbool.h>
#include <stddef.h>

/* Call it with each. Texts that differ in their numbers alone are one. Not while others send. */
void sent_each(void (*look)(const char *text, void *arg), void *arg);

size_t sent_count(void);

/* Are the texts from here on a test's own, in the service's role? They are not noted then. */
void sent_by_test(bool by_test);

#endif
