/* SPDX-License-Identifier: MIT */
/* A database of a test's own, in the cluster that TEST_DATABASE names. */
#ifndef TESTS_FAULTS_DATABASE_H
#define TESTS_FAULTS_DATABASE_H

#include "tests/faults/proxy.h"

enum { DATABASE_URL = 300 };

struct database {
    char folder[100], name[20];
    char url[DATABASE_URL]; /* without a proxy */
};

/* Make it; without a cluster the test has failed, and is over. */
void database_make(struct database *database, const char *prefix);

/* Start a proxy before it, and say how it is reached through that; `more` of the URL, or "". */
void database_hide(
    const struct database *database, struct proxy *proxy, const char *more, char url[DATABASE_URL]);

/* Run a command of the shell; the test fails if that does. */
void database_command(const char *command);

#endif
