/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: each route of the router's own table, with each scope and each kind of binding,
 * held against a table of ours. A route that is not in it fails, as does one that declares no
 * reach.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/route.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

#define L "/v1/ledgers/{ledger}"
#define A L "/accounts/{account}"

/* n none, r read, w write, a admin; what a bound token needs: + nothing, - it never may, L the
 * ledger and no accounts, G no accounts (it lists its ledgers), A the account, T what it
 * touches, B the same of two ledgers: which is asked of what the body names, as for T. */
static const struct {
    const char *method, *pattern, *needs;
} table[] = {
    {"POST", L "/transfers", "wT"},
    {"POST", A "/deposit", "wA"},
    {"POST", A "/withdraw", "wA"},
    {"GET", A, "rA"},
    {"POST", L "/transfers/batch", "wT"},
    {"POST", L "/holds", "wT"},
    {"POST", L "/holds/{id}/capture", "wT"},
    {"POST", L "/holds/{id}/release", "wT"},
    {"GET", L "/holds/{id}", "rT"},
    {"POST", L "/accounts", "wT"},
    {"GET", L "/accounts", "rT"},
    {"GET", A "/entries", "rA"},
    {"POST", L "/transfers/{id}/reverse", "wT"},
    {"GET", L "/transfers/{id}", "rT"},
    {"GET", L "/transfers", "rL"}, /* without an account */
    {"POST", "/v1/transfers", "wB"},
    {"GET", "/v1/transfers", "rB"},
    {"POST", L "/arrivals", "n+"}, /* what may be done stands in a journal */
    {"GET", L "/journal", "rL"},
    {"GET", L "/events", "rL"},
    {"GET", L "/machinery", "rL"},
    {"GET", L "/audit", "rL"},
    {"POST", L "/audits", "aL"},
    {"GET", L "/audits/{id}", "rL"},
    {"POST", A "/freeze", "aA"},
    {"POST", A "/unfreeze", "aA"},
    {"POST", L "/freeze", "aL"},
    {"POST", L "/unfreeze", "aL"},
    {"POST", L "/owner", "aL"},
    {"POST", "/v1/ledgers", "a-"},
    {"GET", "/v1/ledgers", "rG"},
    {"GET", L, "rL"},
    {"GET", "/v1/servers", "r-"},
    {"GET", "/v1/cluster", "a-"},
    {"POST", "/v1/cluster/{id}/kill", "a-"},
    {"POST", "/v1/cluster/{id}/start", "a-"},
    {"POST", "/v1/session", "r+"},
    {"DELETE", "/v1/session", "r+"},
    {"GET", "/v1/tokens", "a-"},
    {"POST", "/v1/tokens", "a-"},
    {"GET", "/v1/tokens/acts", "a-"},
    {"GET", "/v1/tokens/{id}", "a-"},
    {"DELETE", "/v1/tokens/{id}", "a-"},
    {"POST", "/v1/tokens/{id}/rotate", "a-"},
    {"GET", "/v1/lab/scenarios", "r-"},
    {"POST", "/v1/lab/runs", "r-"},
    {"GET", "/v1/lab/runs/{id}", "r-"},
    {"GET", "/v1/coroutines", "a-"},
    {"GET", "/v1/trace", "a-"},
    {"GET", "/livez", "n+"},
    {"GET", "/readyz", "n+"},
    {"GET", "/metrics", "n+"},
    {"GET", "/openapi.json", "n+"},
    {"GET", "/docs", "n+"},
    {"GET", "/docs/{file}", "n+"},
    {"GET", "/lab", "n+"},
    {"GET", "/lab/{file}", "n+"},
    {"GET", "/{file}", "n+"},
};

/* Paths are asked for with ledger main and an account whose id begins with "-acc". */
static char of_main[] = "main", of_others[] = "other\nanother", of_account[] = "-acc",
            of_strangers[] = "stranger";
static const struct binding {
    const char *what;
    char *ledgers, *prefixes;
    bool has_ledger, has_account;
} bindings[] = {
    {"not bound", NULL, NULL, true, true},
    {"bound to the ledger", of_main, NULL, true, true},
    {"bound to other ledgers", of_others, NULL, false, true},
    {"bound to the account", NULL, of_account, true, true},
    {"bound to other accounts", NULL, of_strangers, true, false},
    {"bound to both", of_main, of_account, true, true},
    {"bound to the account elsewhere", of_others, of_account, false, true},
};

static const char *const methods[] = {
    [REQUEST_GET] = "GET", [REQUEST_POST] = "POST", [REQUEST_DELETE] = "DELETE"};

static const char *needs_of(const struct route *route)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].method, methods[route->method]) == 0 &&
            strcmp(table[i].pattern, route->pattern) == 0)
            return table[i].needs;
    return NULL;
}

/* Is a token with that scope and binding let in? */
static bool is_let_in(const char *needs, char scope, const struct binding *binding)
{
    static const char scopes[] = "nrwa";
    if (strchr(scopes, scope) < strchr(scopes, needs[0]))
        return false;
    switch (needs[1]) {
    case '-':
        return !binding->ledgers && !binding->prefixes;
    case 'L':
        return binding->has_ledger && !binding->prefixes;
    case 'G':
        return !binding->prefixes;
    case 'A':
        return binding->has_ledger && binding->has_account;
    case 'T':
        return binding->has_ledger; /* the rest is asked of what the body names, below */
    default:
        return true;
    }
}

/* The status; the body may go on for ever. */
static int ask(struct fixture *fixture, const struct route *route)
{
    struct client *client = malloc(sizeof *client);
    struct answer *answer = malloc(sizeof *answer);
    char path[FIXTURE_PATH], head[800];
    bool post = route->method == REQUEST_POST;
    co_ensure(client && answer);
    fixture_path(route, path);
    answer_clear(answer);
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: h\r\n%s%s\r\n\r\n%s",
        methods[route->method], path, fixture->headers, post ? "Content-Length: 2" : "X: y",
        post ? "{}" : "");
    if (client_open(client, fixture->port)) {
        if (client_send(client, head, strlen(head)))
            client_read(client, true, answer);
        client_close(client);
    }
    int status = answer->status;
    free(client);
    free(answer);
    return status;
}

static void test_every_route_scope_and_binding(void)
{
    static const char *const scopes[] = {"read", "write", "admin"};
    static struct fixture fixture;
    char text[TOKEN_TEXT];
    fixture_start(&fixture);
    for (size_t b = 0; b < sizeof bindings / sizeof bindings[0]; b++)
        for (size_t s = 0; s < 3; s++) {
            const struct binding *binding = &bindings[b];
            struct token token = {.ledgers = binding->ledgers, .prefixes = binding->prefixes};
            snprintf(token.scope, sizeof token.scope, "%s", scopes[s]);
            fixture_token(&fixture, &token, 0, text);
            fixture_use(&fixture, text);
            for (size_t i = 0; i < route_count; i++) {
                const struct route *route = &route_table[i];
                const char *needs = needs_of(route);
                int status = ask(&fixture, route);
                if (needs && status != 0 && status != 401 &&
                    (status != 403) == is_let_in(needs, *scopes[s], binding))
                    continue;
                printf("\n    %s, %s: %s %s -> %d%s ", scopes[s], binding->what,
                    methods[route->method], route->pattern, status,
                    needs ? "" : ", which is not in the table");
                CU_FAIL("let in otherwise");
            }
        }
    fixture_stop(&fixture);
}

static void test_every_route_declares_its_reach(void)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        bool names_ledger = strstr(route->pattern, "{ledger}") != NULL;
        bool needs_ledger = route->reach == ROUTE_LEDGER || route->reach == ROUTE_TOUCHED;
        CU_ASSERT_NOT_EQUAL(route->reach, ROUTE_UNDECLARED);
        CU_ASSERT_EQUAL(names_ledger, needs_ledger || route->reach == ROUTE_ACCOUNT);
        if (route->reach == ROUTE_ACCOUNT)
            CU_ASSERT_PTR_NOT_NULL(strstr(route->pattern, "{account}"));
        CU_ASSERT_PTR_NOT_NULL(needs_of(route));
    }
    CU_ASSERT_EQUAL(route_count, sizeof table / sizeof table[0]);
}

/* ---- bound to accounts ----------------------------------------------------------------------- */

#define MAIN "/v1/ledgers/main"
#define USD ",\"asset\":\"USD/2\"}"

static struct answer last;

static void call(struct fixture *fixture, const char *method, const char *path, const char *body)
{
    fixture_call(fixture, method, path, body, &last);
}

/* The id in the last answer. */
static unsigned id_of_last(void)
{
    const char *id = strstr(last.body, "\"id\":");
    co_ensure(id);
    return (unsigned)strtoul(id + 5, NULL, 10);
}

#define BETWEEN(from_ledger, from, to_ledger, to)                                                  \
    "{\"from\":{\"ledger\":\"" from_ledger "\",\"account\":\"" from                                \
    "\"},\"to\":{\"ledger\":\"" to_ledger "\",\"account\":\"" to "\"},\"amount\":1}"

/* With the token of the shop: what is asked, and what comes; #1 is a transfer of the bank's, #2 a
 * hold of the bank's, #3 a transfer of the shop's. */
static const struct {
    const char *method, *path, *body;
    int status;
    const char *says, *not ; /* stands in the answer, or must not */
} rows[] = {
    {"POST", MAIN "/transfers", "{\"from\":\"shop:a\",\"to\":\"shop:b\",\"amount\":1}", 201, "",
        "@"},
    {"POST", MAIN "/transfers", "{\"from\":\"shop:a\",\"to\":\"bank:x\",\"amount\":1}", 403,
        "\"member\":\"to\"", "@"},
    {"POST", MAIN "/transfers", "{\"from\":\"bank:x\",\"to\":\"shop:a\",\"amount\":1}", 403,
        "\"member\":\"from\"", "@"},
    {"POST", MAIN "/transfers", "{\"from\":\"nobody\",\"to\":\"shop:a\",\"amount\":1}", 403,
        "\"member\":\"from\"", "not_found"},
    {"POST", MAIN "/transfers",
        "{\"postings\":[{\"from\":\"shop:a\",\"to\":\"shop:b\",\"amount\":1},"
        "{\"from\":\"shop:b\",\"to\":\"bank:x\",\"amount\":1}]}",
        403, "\"member\":\"postings[1].to\"", "@"},
    {"POST", MAIN "/transfers/batch",
        "{\"transfers\":[{\"from\":\"shop:a\",\"to\":\"shop:b\",\"amount\":1},"
        "{\"from\":\"shop:b\",\"to\":\"bank:x\",\"amount\":1}]}",
        403, "\"member\":\"transfers[1].to\"", "@"},
    {"POST", MAIN "/holds", "{\"from\":\"shop:a\",\"to\":\"shop:b\",\"amount\":1}", 201, "", "@"},
    {"POST", MAIN "/holds", "{\"from\":\"bank:x\",\"to\":\"shop:b\",\"amount\":1}", 403, "", "@"},
    {"POST", MAIN "/holds/#2/capture", "{}", 404, "hold_not_found", "@"},
    {"POST", MAIN "/holds/#2/release", "{}", 404, "hold_not_found", "@"},
    {"GET", MAIN "/holds/#2", NULL, 404, "hold_not_found", "bank"},
    {"GET", MAIN "/holds/99999", NULL, 404, "hold_not_found", "@"},
    {"POST", MAIN "/transfers/#1/reverse", "{}", 404, "transfer_not_found", "bank"},
    {"POST", MAIN "/transfers/#3/reverse", "{}", 201, "\"reverses\"", "@"},
    {"GET", MAIN "/transfers/#1", NULL, 404, "transfer_not_found", "bank"},
    {"GET", MAIN "/transfers/#3", NULL, 200, "shop:a", "@"},
    {"GET", MAIN "/transfers?key=of-the-bank", NULL, 200, "\"items\":[]", "@"},
    {"GET", MAIN "/transfers?account=bank:x", NULL, 403, "\"member\":\"account\"", "@"},
    {"GET", MAIN "/transfers?account=shop:a", NULL, 200, "shop:b", "bank"},
    {"GET", MAIN "/transfers", NULL, 403, "forbidden", "@"},
    {"GET", MAIN "/accounts", NULL, 200, "shop:a", "bank"},
    {"GET", MAIN "/accounts?prefix=shop:b", NULL, 200, "shop:b", "shop:a"},
    {"GET", MAIN "/accounts?prefix=", NULL, 403, "\"member\":\"prefix\"", "@"},
    {"GET", MAIN "/accounts?prefix=sho", NULL, 403, "\"member\":\"prefix\"", "@"},
    {"GET", MAIN "/accounts/bank:x", NULL, 403, "\"member\":\"account\"", "@"},
    {"GET", MAIN "/accounts/bank:nobody", NULL, 403, "\"member\":\"account\"", "@"},
    /* Of an entry that also moved the bank's money: what touches the shop's. */
    {"GET", MAIN "/accounts/shop:a/entries", NULL, 200, "\"from\":\"bank:x\"", "bank:y"},
    {"POST", MAIN "/accounts", "{\"id\":\"bank:z\"" USD, 403, "\"member\":\"id\"", "@"},
    {"POST", MAIN "/accounts", "{\"id\":\"shop:c\"" USD, 201, "", "@"},
    {"POST", MAIN "/accounts/shop:a/deposit", "{\"amount\":1}", 403, "world:", "@"},
    {"POST", MAIN "/accounts/shop:a/withdraw", "{\"amount\":1}", 403, "world:", "@"},
    {"POST", "/v1/transfers", BETWEEN("main", "shop:a", "branch", "shop:x"), 403,
        "\"member\":\"to.ledger\"", "not_found"},
    {"POST", "/v1/transfers", BETWEEN("branch", "shop:x", "main", "shop:a"), 403,
        "\"member\":\"from.ledger\"", "not_found"},
    {"POST", "/v1/transfers", BETWEEN("main", "bank:x", "branch", "shop:x"), 403,
        "\"member\":\"from.account\"", "not_found"},
    {"GET", "/v1/transfers?ledger=main&key=none", NULL, 200, "\"items\":[]", "@"},
    {"GET", "/v1/transfers?ledger=branch&key=none", NULL, 403, "bound to other ledgers", "@"},
    {"GET", "/v1/ledgers", NULL, 403, "forbidden", "main"},
    {"GET", "/v1/ledgers/elsewhere", NULL, 403, "bound to other ledgers", "@"},
};

/* "#1" becomes the first id. */
static void fill_in(const char *pattern, const unsigned ids[3], char path[200])
{
    const char *mark = strchr(pattern, '#');
    if (mark)
        snprintf(
            path, 200, "%.*s%u%s", (int)(mark - pattern), pattern, ids[mark[1] - '1'], mark + 2);
    else
        snprintf(path, 200, "%s", pattern);
}

static void test_bound_to_accounts(void)
{
    static struct fixture fixture;
    char text[TOKEN_TEXT], path[200],
        prefixes[] = "shop:", both[] = "shop:\nworld:", ledgers[] = "main";
    fixture_start(&fixture);
    static const char *const accounts[] = {"shop:a", "shop:b", "bank:x", "bank:y"};
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "{\"id\":\"%s\"" USD, accounts[i]);
        call(&fixture, "POST", MAIN "/accounts", path);
    }
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, MAIN "/accounts/%s/deposit", accounts[i]);
        call(&fixture, "POST", path, "{\"amount\":100}");
        CU_ASSERT_EQUAL(last.status, 201);
    }
    call(&fixture, "POST", MAIN "/transfers",
        "{\"postings\":[{\"from\":\"bank:x\",\"to\":\"bank:y\",\"amount\":7},"
        "{\"from\":\"bank:x\",\"to\":\"shop:a\",\"amount\":8}]}");
    unsigned ids[3];
    ids[0] = id_of_last();
    call(&fixture, "POST", MAIN "/holds", "{\"from\":\"bank:x\",\"to\":\"bank:y\",\"amount\":7}");
    ids[1] = id_of_last();
    call(&fixture, "POST", MAIN "/transfers",
        "{\"from\":\"shop:a\",\"to\":\"shop:b\",\"amount\":2}");
    ids[2] = id_of_last();
    fixture_token(&fixture,
        &(struct token){.scope = "write", .ledgers = ledgers, .prefixes = prefixes}, 0, text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fill_in(rows[i].path, ids, path);
        fixture_use(&fixture, text);
        /* Between ledgers a key is needed. */
        size_t length = strlen(fixture.headers);
        snprintf(fixture.headers + length, sizeof fixture.headers - length,
            "Idempotency-Key: row-%zu\r\n", i);
        call(&fixture, rows[i].method, path, rows[i].body);
        if (last.status == rows[i].status && strstr(last.body, rows[i].says) &&
            !strstr(last.body, rows[i].not ))
            continue;
        printf("\n    %s %s %s -> %d %s ", rows[i].method, path, rows[i].body ? rows[i].body : "",
            last.status, last.body);
        CU_FAIL("otherwise");
    }
    /* With the world's prefix it may let money in. */
    fixture_token(&fixture, &(struct token){.scope = "write", .prefixes = both}, 0, text);
    fixture_use(&fixture, text);
    call(&fixture, "POST", MAIN "/accounts/shop:a/deposit", "{\"amount\":1}");
    CU_ASSERT_EQUAL(last.status, 201);
    call(&fixture, "POST", MAIN "/accounts/bank:x/deposit", "{\"amount\":1}");
    CU_ASSERT_EQUAL(last.status, 403);
    call(&fixture, "GET", MAIN "/accounts", NULL); /* which of the two? */
    CU_ASSERT_EQUAL(last.status, 403);
    fixture_stop(&fixture);
}

static const struct unit_test tests[] = {
    {"every_route_declares_its_reach", test_every_route_declares_its_reach},
    {"every_route_scope_and_binding", test_every_route_scope_and_binding},
    {"bound_to_accounts", test_bound_to_accounts}, {0}};
const struct unit_suite reach_suite = {"reach", 0, tests};
