/* SPDX-License-Identifier: MIT */
/* The whole service inside the test: its own folder and cluster, which the tests of a run share. */
#ifndef TESTS_SERVER_FIXTURE_H
#define TESTS_SERVER_FIXTURE_H

#include <stdbool.h>

#include "server/api/api.h"
#include "server/postgres/database.h"
#include "server/http/http.h"
#include "server/auth/token_cache.h"
#include "tests/server/client.h"

struct fixture {
    struct database database;
    struct database_list databases;
    struct api api;
    int port;
    char admin[TOKEN_TEXT];
    char headers[400]; /* the admin's token, and JSON's content type */
};

/* A folder for this run, removed when the program ends. */
const char *fixture_folder(void);

/* An account name that no test has used. */
void fixture_name(char name[40]);

void fixture_start(struct fixture *fixture);
void fixture_stop(struct fixture *fixture);

/* A token like that, good for so many seconds (0: without an end); its id. And have fixture_call()
 * use one; at first it uses the admin's. */
int64_t fixture_token(
    struct fixture *fixture, const struct token *wanted, int64_t life_s, char text[TOKEN_TEXT]);
void fixture_use(struct fixture *fixture, const char *token);

/* The ledger of that name, entered: the caller leaves it. And how far main has come. */
struct ledger *fixture_ledger(struct fixture *fixture, const char *name);
uint64_t fixture_seq(struct fixture *fixture);

/* Only HTTP, with an `answer` of the test's own; returns the port. */
struct http *fixture_http(size_t max_requests,
    void (*answer)(void *arg, struct request *request, struct response *response), void *arg,
    int *port);

/* The same, with room for eight connections. */
struct http *fixture_http_small(
    void (*answer)(void *arg, struct request *request, struct response *response), void *arg,
    int *port);

/* One request on a connection of its own. */
void fixture_call(struct fixture *fixture, const char *method, const char *path, const char *body,
    struct answer *answer);

/* A path of the route: "{ledger}" becomes "main", the others "-account-" and the like. */
struct route;
enum { FIXTURE_PATH = 120 };
void fixture_path(const struct route *route, char path[FIXTURE_PATH]);

/* Open an account in USD/2 and deposit; 0: only open it. */
void fixture_account(struct fixture *fixture, const char *id, unsigned deposit);

/* Start a whole audit of main, and wait for its end; the answer that says how. */
void fixture_audit(struct fixture *fixture, struct answer *answer);

#endif
