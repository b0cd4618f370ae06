/* SPDX-License-Identifier: MIT */
/* Every list is paged in one way: what a page says under `next` is the `page` of the one after. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

enum { MOVES = 7, ITEMS = 64, TEXT = 200 };

/* A ledger of its own with one account, `p.0`, that took MOVES deposits, and six others. */
static void make_ledger(struct visit *visit, const char *ledger)
{
    char body[TEXT];
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", ledger);
    visit_post(visit, "/v1/ledgers", NULL, body);
    EXPECT_STATUS(visit, 201);
    visit->api.ledger = ledger;
    for (int i = 0; i < MOVES; i++) {
        snprintf(body, sizeof body, "{\"id\":\"p.%d\",\"asset\":\"USD/2\"}", i);
        CU_ASSERT(
            api_post(&visit->api, "/accounts", NULL, body, &visit->response) == CLIENT_ANSWERED);
    }
    for (int i = 0; i < MOVES; i++)
        CU_ASSERT(
            api_deposit(&visit->api, "p.0", 10 + i, NULL, &visit->response) == CLIENT_ANSWERED);
}

/* The values of a member of a list's items, by pages of two. Returns how many. */
static size_t walk_pages(
    struct visit *visit, const char *list, const char *member, char found[ITEMS][32])
{
    char path[TEXT], page[64] = "";
    size_t count = 0;
    do {
        snprintf(path, sizeof path, "%slimit=2%s%s", list, *page ? "&page=" : "", page);
        visit->got = api_get(&visit->api, path, &visit->response);
        visit->body = json_view_read(visit->response.body, visit->response.body_length);
        EXPECT_STATUS(visit, 200);
        struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
        struct json_view item, next = json_view_member(visit->body, "next");
        while (json_view_next(&walk, &item) && count < ITEMS) {
            struct json_view value = json_view_member(item, member);
            snprintf(found[count++], 32, "%.*s", (int)value.length, value.at);
        }
        page[0] = '\0';
        if (!json_view_says_null(next) && !json_view_copy(next, page, sizeof page))
            snprintf(page, sizeof page, "%.*s", (int)next.length, next.at);
    } while (*page && count < ITEMS);
    return count;
}

static void one_way(const char *strategy)
{
    static const struct {
        const char *list, *member, *first, *last;
        size_t items;
    } rows[] = {
        {"/accounts?prefix=p.&", "id", "\"p.0\"", "\"p.6\"", MOVES},
        {"/accounts/p.0/entries?", "amount", "\"16\"", "\"10\"", MOVES},
        {"/transfers?", "id", "9", "15", MOVES},
        {"/transfers?account=p.0&", "id", "15", "9", MOVES},
        {"/journal?", "seq", "1", "15", 2 * MOVES + 1},
    };
    struct visit visit;
    char found[ITEMS][32];
    visit_begin_shared(&visit, strategy);
    make_ledger(&visit, "paged");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = walk_pages(&visit, rows[i].list, rows[i].member, found);
        if (count != rows[i].items)
            printf("\n    %s: %zu items, not %zu\n    ", rows[i].list, count, rows[i].items);
        CU_ASSERT_EQUAL_FATAL(count, rows[i].items);
        CU_ASSERT_STRING_EQUAL(found[0], rows[i].first);
        CU_ASSERT_STRING_EQUAL(found[count - 1], rows[i].last);
    }
    visit_end(&visit);
}
BOTH_STRATEGIES(one_way)

static void two_beginnings(void)
{
    static const char *const paths[] = {
        "/accounts?page=a&after=b",
        "/accounts/x/entries?page=1&before=2",
        "/transfers?page=1&after=2",
        "/transfers?account=x&page=1&before=2",
        "/journal?page=1&after=2",
        "/journal?page=one",
        "/transfers?account=x&page=0",
    };
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        visit_get(&visit, paths[i]);
        EXPECT_PROBLEM(&visit, 400, "invalid_request");
        CU_ASSERT(visit_is(&visit, "member", "\"page\""));
    }
    visit_end(&visit);
}

const struct unit_suite pages_suite = {"pages", 2,
    (const struct unit_test[]){BOTH_ROWS(one_way), {"two_beginnings", two_beginnings}, {0}}};
