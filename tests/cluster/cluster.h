/* SPDX-License-Identifier: MIT */
/*
 * The cluster that TEST_CLUSTER names (tools/with-cluster): etcd and three PostgreSQL nodes under
 * Patroni. Everything here parks, and a failure of it is one of the test.
 */
#ifndef TESTS_CLUSTER_CLUSTER_H
#define TESTS_CLUSTER_CLUSTER_H

#include "tests/unit.h"

enum { CLUSTER_URL = 400, CLUSTER_NODES = 3 };

/* Its folder. Without one the test fails, and is over. */
const char *cluster_folder(void);

/* Run a command of the shell; the test fails if that does. */
__attribute__((format(printf, 1, 2))) void cluster_shell(const char *format, ...);

/* deploy/cluster COMMAND PART NUMBER: "kill", "node", 2. */
void cluster_do(const char *command, const char *part, int number);

/* Change what Patroni is configured to do; JSON. */
void cluster_configure(const char *json);

/* The number of the primary, as Patroni says; another one than `except` (0: any). 0 and a
 * failure if there is none for a minute. */
int cluster_primary(int except);

/* Hand over from that primary, as Patroni does it when it is asked to. */
void cluster_switch_over(int primary);

/* Wait until all nodes run, one as primary and the others streaming from it, one of those as its
 * synchronous standby; a failure if that takes two minutes. */
void cluster_await_whole(void);

/* A new database, instead of the one before, and how tellers reach it. */
void cluster_make_database(char url[CLUSTER_URL]);

#endif
