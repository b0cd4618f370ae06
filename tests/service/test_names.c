/* SPDX-License-Identifier: MIT */
/* Accounts and assets are called what people call them, and an id in a path is that account. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

enum { TEXT = 1200 };

/* An id as JSON has it, and as a path has it. */
static const struct {
    const char *json, *path;
} names[] = {
    {"Bank of Kyoto: Ch\xc3\xa8ques", "Bank%20of%20Kyoto%3A%20Ch%C3%A8ques"},
    {"a/b?c#d%2F", "a%2Fb%3Fc%23d%252F"},
    {"\\\"quoted\\\" \\\\ +&=;", "%22quoted%22%20%5C%20%2B%26%3D%3B"},
    {"\xe6\x97\xa5\xe6\x9c\xac", "%E6%97%A5%E6%9C%AC"},
    {"\\u00e9", "%C3%A9"},
    {"...", "..."},
    {" ", "%20"},
};

enum { NAMES = sizeof names / sizeof names[0] };

static void open_one(struct visit *visit, const char *name, const char *asset)
{
    char body[TEXT];
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"%s\"}", name, asset);
    visit_post(visit, "/accounts", NULL, body);
}

static size_t members_of(struct json_view object)
{
    struct json_view_walk walk = {.rest = object};
    struct json_view name, value;
    size_t count = 0;
    while (json_view_next_member(&walk, &name, &value))
        count++;
    return count;
}

/* Opened, paid to, read, listed: each answer is about that very account. */
static void any_text(const char *strategy)
{
    struct visit visit;
    char text[TEXT], location[TEXT / 2];
    visit_begin_shared(&visit, strategy);
    for (size_t i = 0; i < NAMES; i++) {
        open_one(&visit, names[i].json, "\xe2\x82\xac/2");
        EXPECT_STATUS(&visit, 201);
        snprintf(location, sizeof location, "/v1/ledgers/main/accounts/%s", names[i].path);
        CU_ASSERT(visit_header_is(&visit, "Location", location));
        snprintf(text, sizeof text, "%s/deposit", location);
        visit_post(&visit, text, NULL, "{\"amount\":150}");
        EXPECT_STATUS(&visit, 201);
        CU_ASSERT_EQUAL(members_of(json_view_member(visit.body, "balances")), 2);
        visit_get(&visit, location);
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(visit_is(&visit, "balance", "\"150\""));
        CU_ASSERT(visit_is(&visit, "asset", "\"\xe2\x82\xac/2\""));
        snprintf(text, sizeof text, "%s/entries", location);
        visit_get(&visit, text);
        EXPECT_STATUS(&visit, 200);
        snprintf(text, sizeof text, "/transfers?account=%s", names[i].path);
        visit_get(&visit, text);
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT_PTR_NOT_NULL(memmem(visit.response.body, visit.response.body_length, "150", 3));
        snprintf(text, sizeof text, "/accounts?prefix=%s", names[i].path);
        visit_get(&visit, text);
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT_PTR_NOT_NULL(memmem(visit.response.body, visit.response.body_length, "150", 3));
    }
    visit_end(&visit);
}
BOTH_STRATEGIES(any_text)

static void longest(const char *strategy)
{
    enum { LETTERS = 127 };
    char name[2 * LETTERS + 3], path[TEXT], *in_name = name, *in_path = stpcpy(path, "/accounts/");
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    for (int i = 0; i < LETTERS; i++) {
        in_name = stpcpy(in_name, "\xc3\xa9");
        in_path = stpcpy(in_path, "%c3%a9");
    }
    strcpy(in_name, "x");
    strcpy(in_path, "x");
    open_one(&visit, name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345/38");
    EXPECT_STATUS(&visit, 201);
    visit_get(&visit, path);
    EXPECT_STATUS(&visit, 200);
    strcpy(in_name, "xy");
    open_one(&visit, name, "USD/2");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    CU_ASSERT(visit_is(&visit, "member", "\"id\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(longest)

static void refused(void)
{
    static const char *const ids[] = {
        ".", "..", "a\\u0301", "a\\nb", "\\u007f", "\\u2028", "", "world:x"};
    static const char *const assets[] = {"USD", "a/b/2", "\\\"/2", " x/2", "e\\u0301/2", "USD/39"};
    static const char *const paths[] = {
        "/accounts/a%CC%81", "/accounts/%0A", "/accounts?prefix=%C2%85", "/accounts?asset=U%2F99"};
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        open_one(&visit, ids[i], "USD/2");
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        CU_ASSERT(visit_is(&visit, "member", "\"id\""));
    }
    for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++) {
        open_one(&visit, "named", assets[i]);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        CU_ASSERT(visit_is(&visit, "member", "\"asset\""));
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        visit_get(&visit, paths[i]);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
    }
    visit_end(&visit);
}

/* What a client makes of "accounts/../freeze" is the ledger's own path: no account may be called
 * that. */
static void no_way_up(void)
{
    static const char *const names_up[] = {".", ".."};
    struct visit visit;
    char body[TEXT];
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < 2; i++) {
        snprintf(body, sizeof body, "{\"name\":\"%s\"}", names_up[i]);
        visit_post(&visit, "/v1/ledgers", NULL, body);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        snprintf(body, sizeof body, "/accounts/%s/freeze", names_up[i]);
        visit_post(&visit, body, NULL, "{}");
        CU_ASSERT(visit.response.status == 404 || visit.response.status == 400);
    }
    visit_get(&visit, "");
    CU_ASSERT(visit_is(&visit, "frozen", "false"));
    visit_end(&visit);
}

const struct unit_suite names_suite = {"names", 2,
    (const struct unit_test[]){BOTH_ROWS(any_text), BOTH_ROWS(longest), {"refused", refused},
        {"no_way_up", no_way_up}, {0}}};
