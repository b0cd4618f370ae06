/* SPDX-License-Identifier: MIT */
#include "tests/server/fixture.h"

#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/worker.h"
#include "server/auth/admin_token.h"
#include "server/auth/token_desk.h"
#include "server/api/dispatch.h"
#include "server/api/route.h"
#include "server/http/listen.h"
#include "tests/unit.h"

static char folder[] = "/tmp/teller-test-XXXXXX";
static bool folder_is_made;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *fixture_folder(void)
{
    if (!folder_is_made) {
        co_ensure(mkdtemp(folder));
        co_ensure(atexit(remove_folder) == 0);
        folder_is_made = true;
    }
    return folder;
}

void fixture_name(char name[40])
{
    static _Atomic unsigned count;
    snprintf(name, 40, "t%u-%u", (unsigned)getpid(), atomic_fetch_add(&count, 1));
}

static struct http *start_http(size_t max_requests, size_t max_connections,
    void (*answer)(void *arg, struct request *request, struct response *response), void *arg,
    int *port)
{
    struct listen listen;
    int sockets[64];
    char error[200];
    co_ensure(listen_parse(&listen, "127.0.0.1:0", error, sizeof error));
    co_ensure(listen_open(&listen, sockets, co_worker_count(), error, sizeof error));
    const struct http_options options = {.sockets = sockets,
        .max_requests = max_requests,
        .max_connections = max_connections,
        .max_of_sender = max_requests,
        .max_body_bytes = 64 << 20,
        .max_answer_bytes = 64 << 20,
        .max_streams = 4000,
        .max_streams_of_token = 4000,
        .admit = answer == dispatch_answer ? dispatch_admit : NULL,
        .answer = answer,
        .end = answer == dispatch_answer ? dispatch_end : NULL,
        .arg = arg};
    struct http *http = NULL;
    co_ensure(http_start(&http, &options, error, sizeof error));
    *port = (int)strtol(strrchr(listen.url, ':') + 1, NULL, 10);
    return http;
}

struct http *fixture_http(size_t max_requests,
    void (*answer)(void *arg, struct request *request, struct response *response), void *arg,
    int *port)
{
    return start_http(max_requests, 4000, answer, arg, port);
}

struct http *fixture_http_small(
    void (*answer)(void *arg, struct request *request, struct response *response), void *arg,
    int *port)
{
    return start_http(100, 8, answer, arg, port);
}

void fixture_start(struct fixture *fixture)
{
    char error[400] = "";
    struct co_context *context = co_context_background();
    struct database *database = &fixture->database;
    *fixture = (struct fixture){.port = 0};
    const struct database_options options = {.data = fixture_folder(), .serves = true};
    bool good = database_open(context, &options, database, error, sizeof error);
    struct api *api = &fixture->api;
    api_init(api);
    api->control = "/bin/false"; /* whose routes are there then */
    if (good) {
        const struct banks_options of_banks = {{.strategies = "owner"}, &fixture->databases, NULL};
        database_list_of_one(&fixture->databases, database->conninfo);
        api->banks = banks_make(&of_banks, error, sizeof error);
    }
    good =
        good && api->banks && banks_open(context, api->banks, error, sizeof error) &&
        admin_token_open(context, database->conninfo, database->folder.path, fixture->admin, error,
            sizeof error) == PG_OK &&
        token_cache_start(context, database->conninfo, &api->tokens, error, sizeof error) == PG_OK;
    if (good)
        api->desk = token_desk_make(database->conninfo, api->tokens);
    if (!good || !api->desk) {
        fprintf(stderr, "fixture: %s\n", error);
        abort();
    }
    atomic_store(&api->open, true);
    api->http = fixture_http(2000, dispatch_answer, api, &fixture->port);
    fixture_use(fixture, fixture->admin);
}

int64_t fixture_token(
    struct fixture *fixture, const struct token *wanted, int64_t life_s, char text[TOKEN_TEXT])
{
    const struct token_actor by = {.name = "test"};
    struct token token = *wanted;
    co_ensure(token_desk_create(co_context_background(), fixture->api.desk, &by, &token, life_s,
                  text) == TOKEN_DESK_DONE);
    return token.id;
}

void fixture_use(struct fixture *fixture, const char *token)
{
    snprintf(fixture->headers, sizeof fixture->headers,
        "Authorization: Bearer %s\r\nContent-Type: application/json\r\n", token);
}

struct ledger *fixture_ledger(struct fixture *fixture, const char *name)
{
    struct ledger *ledger = NULL;
    co_ensure(banks_find(fixture->api.banks, name, &ledger) == LEDGER_OK);
    return ledger;
}

uint64_t fixture_seq(struct fixture *fixture)
{
    struct ledger *ledger = fixture_ledger(fixture, API_LEDGER);
    uint64_t seq = ledger_durable_seq(ledger);
    ledger_leave(ledger);
    return seq;
}

void fixture_stop(struct fixture *fixture)
{
    struct banks *banks = atomic_load(&fixture->api.banks);
    http_stop(&fixture->api.http);
    token_desk_free(&fixture->api.desk);
    token_cache_stop(&fixture->api.tokens);
    banks_close(&banks);
    api_free(&fixture->api);
    database_close(&fixture->database);
}

void fixture_call(struct fixture *fixture, const char *method, const char *path, const char *body,
    struct answer *answer)
{
    struct client *client = malloc(sizeof *client);
    co_ensure(client);
    answer_clear(answer);
    if (client_open(client, fixture->port)) {
        client_call(client, method, path, fixture->headers, body, answer);
        client_close(client);
    }
    free(client);
}

void fixture_path(const struct route *route, char path[FIXTURE_PATH])
{
    snprintf(path, FIXTURE_PATH, "%s", route->pattern);
    for (char *c = path; *c; c++)
        if (*c == '{' || *c == '}')
            *c = '-';
    char *ledger = strstr(path, "-ledger-");
    if (!ledger)
        return;
    memcpy(ledger, "main", 4);
    memmove(ledger + 4, ledger + 8, strlen(ledger + 8) + 1);
}

void fixture_account(struct fixture *fixture, const char *id, unsigned deposit)
{
    struct answer *answer = malloc(sizeof *answer);
    char body[100], path[100];
    co_ensure(answer);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", id);
    fixture_call(fixture, "POST", API_LEDGER_PATH "/accounts", body, answer);
    CU_ASSERT_EQUAL(answer->status, 201);
    if (deposit) {
        snprintf(path, sizeof path, API_LEDGER_PATH "/accounts/%s/deposit", id);
        snprintf(body, sizeof body, "{\"amount\":%u}", deposit);
        fixture_call(fixture, "POST", path, body, answer);
        CU_ASSERT_EQUAL(answer->status, 201);
    }
    free(answer);
}

void fixture_audit(struct fixture *fixture, struct answer *answer)
{
    char location[256];
    fixture_call(fixture, "POST", API_LEDGER_PATH "/audits", "{}", answer);
    CU_ASSERT_EQUAL(answer->status, 202);
    answer_header(answer, "Location", location);
    do {
        co_sleep(5 * CO_CLOCK_MS);
        fixture_call(fixture, "GET", location, NULL, answer);
    } while (strstr(answer->body, "\"state\":\"running\""));
}
