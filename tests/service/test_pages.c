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
        if (strncmp(list, "/v1/", 4) == 0) {
            visit_get(visit, path);
        } else {
            visit->got = api_get(&visit->api, path, &visit->response);
            visit->body = json_view_read(visit->response.body, visit->response.body_length);
        }
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

struct row {
    const char *list, *member, *first, *last;
    size_t items;
};

/* Found in the order of the list, and with `order` in either. */
static void expect_rows(struct visit *visit, const struct row *row)
{
    static const char *const orders[] = {"", "order=asc&", "order=desc&"};
    static char found[3][ITEMS][32];
    size_t counts[3];
    char list[TEXT];
    for (int i = 0; i < 3; i++) {
        snprintf(list, sizeof list, "%s%s", row->list, orders[i]);
        counts[i] = walk_pages(visit, list, row->member, found[i]);
        if (counts[i] != row->items)
            printf("\n    %s: %zu items, not %zu\n    ", list, counts[i], row->items);
        CU_ASSERT_EQUAL_FATAL(counts[i], row->items);
    }
    CU_ASSERT_STRING_EQUAL(found[0][0], row->first);
    CU_ASSERT_STRING_EQUAL(found[0][row->items - 1], row->last);
    bool descends = strcmp(found[0][0], found[2][0]) == 0;
    for (size_t i = 0; i < row->items; i++) {
        CU_ASSERT_STRING_EQUAL(found[1][i], found[2][row->items - 1 - i]);
        CU_ASSERT_STRING_EQUAL(found[0][i], found[descends ? 2 : 1][i]);
    }
}

static void one_way(const char *strategy)
{
    static const struct row rows[] = {
        {"/accounts?prefix=p.&", "id", "\"p.0\"", "\"p.6\"", MOVES},
        {"/accounts?prefix=p.&after=p.1&before=p.5&", "id", "\"p.2\"", "\"p.4\"", 3},
        {"/accounts/p.0/entries?", "amount", "\"16\"", "\"10\"", MOVES},
        {"/accounts/p.0/entries?after=9&before=15&", "amount", "\"15\"", "\"11\"", 5},
        {"/transfers?", "id", "9", "15", MOVES},
        {"/transfers?after=10&before=14&", "id", "11", "13", 3},
        {"/transfers?account=p.0&", "id", "15", "9", MOVES},
        {"/transfers?account=p.0&after=9&before=15&", "id", "14", "10", 5},
        {"/journal?", "seq", "1", "15", 2 * MOVES + 1},
        {"/journal?after=3&before=8&", "seq", "4", "7", 4},
        {"/v1/tokens?after=0&before=2&", "id", "1", "1", 1},
    };
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    make_ledger(&visit, "paged");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_rows(&visit, &rows[i]);
    visit_end(&visit);
}
BOTH_STRATEGIES(one_way)

/* Lists that grow while the tests go on: as many as there are, in both orders. */
static void of_the_service(void)
{
    static const struct {
        const char *list, *member;
    } rows[] = {{"/v1/ledgers?", "name"}, {"/v1/tokens?", "id"}, {"/v1/tokens/acts?", "no"}};
    static char found[2][ITEMS][32];
    struct visit visit;
    char list[TEXT];
    visit_begin_shared(&visit, "owner");
    for (int i = 0; i < 3; i++) {
        visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"read\"}");
        EXPECT_STATUS(&visit, 201);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = walk_pages(&visit, rows[i].list, rows[i].member, found[0]);
        snprintf(list, sizeof list, "%sorder=desc&", rows[i].list);
        CU_ASSERT(count >= 1 && count < ITEMS);
        CU_ASSERT_EQUAL_FATAL(walk_pages(&visit, list, rows[i].member, found[1]), count);
        for (size_t j = 0; j < count; j++)
            CU_ASSERT_STRING_EQUAL(found[0][j], found[1][count - 1 - j]);
    }
    visit_end(&visit);
}

static void no_order(void)
{
    static const char *const lists[] = {"/accounts", "/accounts/x/entries", "/transfers",
        "/transfers?account=x", "/journal", "/v1/ledgers", "/v1/tokens", "/v1/tokens/acts"};
    static const char *const values[] = {"", "up", "ASC", "desc ", "1"};
    struct visit visit;
    char path[TEXT];
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++) {
            snprintf(path, sizeof path, "%s%corder=%.4s%s", lists[i],
                strchr(lists[i], '?') ? '&' : '?', values[j], strlen(values[j]) > 4 ? "%20" : "");
            visit_get(&visit, path);
            EXPECT_PROBLEM(&visit, 400, "invalid_request");
            CU_ASSERT(visit_is(&visit, "member", "\"order\""));
        }
    visit_end(&visit);
}

/* What is no place in the list; and a cursor beyond the bounds, where nothing is. */
static void no_page(void)
{
    static const struct {
        const char *path;
        int status;
    } rows[] = {
        {"/journal?page=one", 400},
        {"/transfers?account=x&page=0", 400},
        {"/journal?order=desc&page=0", 400},
        {"/accounts?page=%0A", 400},
        {"/accounts?page=", 400},
        {"/journal?page=", 400},
        {"/v1/ledgers?page=a", 400},
        {"/v1/tokens?page=-1", 400},
        {"/accounts?prefix=none.&page=b&after=c", 200},
        {"/accounts?prefix=none.&order=desc&page=b&before=a", 200},
        {"/journal?order=desc&page=5&before=1", 200},
        {"/v1/tokens?order=desc&page=1&before=2", 200},
        {"/v1/ledgers?page=64&after=1", 200},
    };
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        visit_get(&visit, rows[i].path);
        EXPECT_STATUS(&visit, rows[i].status);
        CU_ASSERT(rows[i].status == 200 ? visit_is(&visit, "items", "[]")
                                        : visit_is(&visit, "member", "\"page\""));
    }
    visit_end(&visit);
}

const struct unit_suite pages_suite = {"pages", 2,
    (const struct unit_test[]){BOTH_ROWS(one_way), {"of_the_service", of_the_service},
        {"no_order", no_order}, {"no_page", no_page}, {0}}};
