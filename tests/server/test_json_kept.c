/* SPDX-License-Identifier: MIT */
/* Metadata in a body: kept as it was given, and what it means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/text/json_in.h"
#include "tests/server/suites.h"
#include "tests/unit.h"

/* Read {"metadata": GIVEN}, with members around it; NULL: it is not JSON. */
static const struct json_in *read_kept(struct arena *arena, const char *given)
{
    static const char form[] =
        " { \"a\":[1,{\"x\":\"metadata\"}], \"metadata\" :\n%s\t, \"b\" : 7 }";
    char error[JSON_IN_ERROR];
    size_t room = sizeof form + strlen(given);
    char *text = arena_alloc(arena, room);
    snprintf(text, room, form, given);
    const struct json_in *body =
        json_in_read(arena, text, strlen(text), JSON_IN_VALUES, "metadata", error);
    return body ? json_in_member(body, "metadata") : NULL;
}

static void as_given(void)
{
    static const struct {
        const char *given, *text; /* text NULL: as given */
    } rows[] = {
        {"{}", NULL},
        {"null", NULL},
        {"7", NULL},
        {"\"{}\"", NULL},
        {"[1.50]", NULL},
        {"{\"a\":7.6}", NULL},
        {"{\"a\":1e3,\"b\":1E+3,\"c\":-0,\"d\":-0.0,\"e\":1.10}", NULL},
        {"{\"a\":0.1000000000000000055511151231257827021181583404541015625}", NULL},
        {"{\"a\":12345678901234567890123456789012345678901234567890}", NULL},
        {"{\"a\":1e999,\"b\":-1e-999}", NULL},
        {"{\"z\":1,\"a\":2,\"m\":{\"y\":[3,1,2],\"x\":null}}", NULL},
        {"{\"a\":\"\\u00e9\\/\\n\\\\\\\"\xc3\xa9 1.50 , {}\"}", NULL},
        {"{\"metadata\":{\"metadata\":1.0},\"b\":[{\"metadata\":2.0}]}", NULL},
        {" { \"a\" :\t[ 1.0 ,\n2.50 ] ,\r\n\"b c\" : \" d \" } ",
            "{\"a\":[1.0,2.50],\"b c\":\" d \"}"},
    };
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json_in *kept = read_kept(&arena, rows[i].given);
        const char *wanted = rows[i].text ? rows[i].text : rows[i].given;
        CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
        CU_ASSERT_STRING_EQUAL(json_in_kept(kept, JSON_IN_KEPT_TEXT), wanted);
        CU_ASSERT_EQUAL(json_in_kept(kept, JSON_IN_KEPT_MEANING) != NULL, *wanted == '{');
    }
    arena_clear(&arena);
}

/* Strict as elsewhere: numbers by their grammar, names once, text that is UTF-8. */
static void what_is_none(void)
{
    static const char *const rows[] = {"{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}",
        "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":-}", "{\"a\":0x10}", "{\"a\":1_0}", "{\"a\":NaN}",
        "{\"a\":1.5.5}", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "{\"a\":\"\xff\"}",
        "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\" 1}", "{\"a\":1", "{\"a\":[1,]}", "",
        "{a:1}", "{\"a\":\"\t\"}", "{}}", "{\"a\":1 2}", "{\"a\":--1}"};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (read_kept(&arena, rows[i])) {
            printf("\n    %s ", rows[i]);
            CU_FAIL("taken");
        }
    arena_clear(&arena);
}

static void meanings(void)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{}", " { } ", true},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":\"\\u00e9\\/\"}", "{\"a\":\"\xc3\xa9/\"}", true},
        {"{\"a\":1.0}", "{\"a\":1.00}", false},
        {"{\"a\":1e3}", "{\"a\":1000.0}", false},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":12345678901234567890.1}", "{\"a\":12345678901234567890.2}", false},
        {"{\"a\":1e999}", "{\"a\":1e999}", true},
        {"{\"a\":{\"c\":1.50,\"b\":-2}}", "{\"a\":{\"b\":-2,\"c\":1.50}}", true},
        {"{\"a\":[1,2]}", "{\"a\":[2,1]}", false},
        {"[]", "[]", false},
        {"{\"a\":1}", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool same = json_in_means_same(rows[i].a, rows[i].b);
        CU_ASSERT_EQUAL(same, rows[i].same);
        if (same != rows[i].same)
            printf("\n    %s %s ", rows[i].a, rows[i].b);
    }
    char *longest = malloc(JSON_IN_KEPT_MAX + 1), *end = longest;
    co_ensure(longest); /* each number takes more room when it is marked */
    for (end = stpcpy(end, "{\"a\":[9"); end - longest < JSON_IN_KEPT_MAX - 4; end += 2)
        memcpy(end, ",9", 2);
    stpcpy(end, "]}");
    CU_ASSERT(json_in_means_same(longest, longest));
    free(longest);
}

/* What earlier versions made of it: numbers as doubles, members sorted, the shortest escapes. */
static void before(void)
{
    static const char *const rows[][2] = {
        {"{\"b\":7.6,\"a\":1e3}", "{\"a\":1000.0,\"b\":7.5999999999999996}"},
        {"{\"b\":-0,\"a\":\"\\u00e9\\/\"}", "{\"a\":\"\xc3\xa9/\",\"b\":0}"},
        {"{\"b\":[ true ],\"a\":{}}", "{\"a\":{},\"b\":[true]}"},
        {"{\"a\":1e999}", ""},
        {"{\"a\":12345678901234567890}", ""},
    };
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json_in *kept = read_kept(&arena, rows[i][0]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
        CU_ASSERT_STRING_EQUAL(json_in_kept(kept, JSON_IN_KEPT_DOUBLES), rows[i][1]);
    }
    arena_clear(&arena);
}

/* However its name is spelt, and in each of many places, each with its own. */
static void in_many_places(void)
{
    static const char text[] =
        "[{\"metadata\":1.0},{\"x\":{\"m\\u0065tadata\":2.0}},{\"Metadata\":3,\"metadat\":4,"
        "\"metadata\":5.0},{\"metadata\" : {\"metadata\":6.0}},[\"metadata\",\"metadata\"],"
        "{\"metad\\u0061t\\u0061\":7.0}]";
    char error[JSON_IN_ERROR];
    struct arena arena;
    arena_init(&arena, NULL, 0);
    const struct json_in *all =
        json_in_read(&arena, text, sizeof text - 1, JSON_IN_VALUES, "metadata", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    const struct json_in *const kept[] = {json_in_member(json_in_at(all, 0), "metadata"),
        json_in_member(json_in_member(json_in_at(all, 1), "x"), "metadata"),
        json_in_member(json_in_at(all, 2), "metadata"),
        json_in_member(json_in_at(all, 3), "metadata"),
        json_in_member(json_in_at(all, 5), "metadata")};
    static const char *const texts[] = {"1.0", "2.0", "5.0", "{\"metadata\":6.0}", "7.0"};
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT_STRING_EQUAL(json_in_kept(kept[i], JSON_IN_KEPT_TEXT), texts[i]);
    CU_ASSERT_STRING_EQUAL(json_in_text(json_in_at(json_in_at(all, 4), 1)), "metadata");
    arena_clear(&arena);
}

const struct unit_suite json_kept_suite = {"json_kept", 1,
    (const struct unit_test[]){{"as_given", as_given}, {"what_is_none", what_is_none},
        {"meanings", meanings}, {"before", before}, {"in_many_places", in_many_places}, {0}}};
