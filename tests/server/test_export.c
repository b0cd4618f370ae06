/* SPDX-License-Identifier: MIT */
/* How an export spells amounts, names and comments. */
#include <stdlib.h>
#include <string.h>

#include "ledger/domain/account.h"
#include "server/export/export.h"
#include "server/export/export_text.h"
#include "server/export/export_types.h"
#include "server/export/export_words.h"
#include "tests/server/suites.h"

static void test_amounts(void)
{
    static const struct {
        const char *amount, *asset, *text;
    } rows[] = {
        {"0", "USD/2", "0.00"},
        {"5", "USD/2", "0.05"},
        {"-5", "USD/2", "-0.05"},
        {"99", "USD/2", "0.99"},
        {"100", "USD/2", "1.00"},
        {"-123456", "USD/2", "-1234.56"},
        {"0", "JPY/0", "0"},
        {"-7", "JPY/0", "-7"},
        {"1", "E/38", "0.00000000000000000000000000000000000001"},
        {"-99999999999999999999999999999999999999", "E/38",
            "-0.99999999999999999999999999999999999999"},
        {"99999999999999999999999999999999999999", "E/37",
            "9.9999999999999999999999999999999999999"},
        {"-99999999999999999999999999999999999999", "E/0",
            "-99999999999999999999999999999999999999"},
    };
    char text[EXPORT_TEXT_AMOUNT];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        money amount;
        CU_ASSERT_FATAL(money_parse(rows[i].amount, strlen(rows[i].amount), true, &amount));
        export_text_amount(amount, rows[i].asset, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void test_days(void)
{
    char day[EXPORT_TEXT_DAY];
    export_text_day(INT64_C(1795305599999999), day);
    CU_ASSERT_STRING_EQUAL(day, "2026-11-21");
    export_text_day(INT64_C(1795305600000000), day);
    CU_ASSERT_STRING_EQUAL(day, "2026-11-22");
}

/* ---- names --------------------------------------------------------------------------------- */

static void test_names(void)
{
    static const struct {
        const char *id, *name, *beancount;
    } rows[] = {
        {"alice", "alice", "Assets:Alice"},
        {"Alice", "Alice", "Assets:X--Alice"},
        {"users:7:EUR", "users:7:EUR", "Assets:Users:7:X--EUR"},
        {"a::b", "a:~:b", "Assets:A:X--:B"},
        {":", "~:~", "Assets:X--:X--"},
        {"a:", "a:~", "Assets:A:X--"},
        {"@-_.", "@-_.", "Assets:X---40-2d-5f-2e"},
        {"x--A", "x--A", "Assets:X-2d-2dA"},
        {"X--A", "X--A", "Assets:X--X-2d-2dA"},
        {"world:USD.2", "world:USD.2", "Income:World:USD-2e2"},
        {"world:A_B.38", "world:A_B.38", "Income:World:A-5fB-2e38"},
        {"world", "world", "Assets:World"},
        {"my:world:USD.2", "my:world:USD.2", "Assets:My:World:X--USD-2e2"},
    };
    char name[EXPORT_TEXT_NAME], beancount[EXPORT_TEXT_BEANCOUNT];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        export_text_name(rows[i].id, name);
        CU_ASSERT_STRING_EQUAL(name, rows[i].name);
        export_text_beancount(rows[i].id, "", beancount);
        CU_ASSERT_STRING_EQUAL(beancount, rows[i].beancount);
    }
}

static void test_types(void)
{
    static const char list[] =
        "customer:=liability,customer:us:=equity,fees=revenue,world:=expense";
    static const struct {
        const char *list, *id;
        char letter;
        const char *root;
    } rows[] = {
        {"", "alice", 'A', "Assets"},
        {"", "world:USD.2", 'R', "Income"},
        {"", "world", 'A', "Assets"},
        {list, "customer:7", 'L', "Liabilities"},
        {list, "customer:us:7", 'E', "Equity"},
        {list, "customer", 'A', "Assets"},
        {list, "fees.card", 'R', "Income"},
        {list, "world:EUR.2", 'X', "Expenses"},
    };
    static const char *const bad[] = {
        "a", "=asset", "a=", "a=assets", "a=asset,", ",a=asset", "a==asset"};
    CU_ASSERT(export_types_are_valid("") && export_types_are_valid(list));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(export_types_are_valid(bad[i]));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum export_type type = export_type_of(rows[i].list, rows[i].id);
        CU_ASSERT_EQUAL(export_type_letter(type), rows[i].letter);
        CU_ASSERT_STRING_EQUAL(export_type_root(type), rows[i].root);
    }
}

static void test_words(void)
{
    static const struct {
        const char *metadata, *payee, *note;
    } rows[] = {
        {NULL, "", ""},
        {"{}", "", ""},
        {"{\"payee\":\"Shop\",\"note\":\"tea; and | cake\"}", "Shop", "tea; and | cake"},
        {"{\"narration\":\" two\\nlines \",\"note\":\"n\"}", "", "two lines"},
        {"{\"description\":7,\"note\":\"n\"}", "", "n"},
        {"{\"n\":1e999,\"payee\":\"Shop\",\"i\":12345678901234567890}", "Shop", ""},
        {"{\"payee\":[\"a\"]}", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct export_words words;
        struct entry *entry = entry_make(ENTRY_TRANSFER, NULL, rows[i].metadata, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
        export_words_of(entry, &words);
        CU_ASSERT_STRING_EQUAL(words.payee, rows[i].payee);
        CU_ASSERT_STRING_EQUAL(words.note, rows[i].note);
        entry_drop(&entry);
    }
}

/* Cut at 200 bytes, and not within a character. */
static void test_long_words(void)
{
    char metadata[400] = "{\"note\":\"x", *at = metadata + strlen(metadata);
    struct export_words words;
    for (int i = 0; i < 150; i++)
        at = stpcpy(at, "\xc3\xa9");
    strcpy(at, "\"}");
    struct entry *entry = entry_make(ENTRY_TRANSFER, NULL, metadata, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
    export_words_of(entry, &words);
    CU_ASSERT_EQUAL(strlen(words.note), 199);
    CU_ASSERT_STRING_EQUAL(words.note + 197, "\xc3\xa9");
    entry_drop(&entry);
}

static void test_longest_names(void)
{
    char id[ACCOUNT_ID_MAX + 1] = "", name[EXPORT_TEXT_NAME], beancount[EXPORT_TEXT_BEANCOUNT];
    memset(id, ':', ACCOUNT_ID_MAX);
    export_text_name(id, name);
    CU_ASSERT_EQUAL(strlen(name), 2 * ACCOUNT_ID_MAX + 1);
    memset(id, '~', ACCOUNT_ID_MAX);
    export_text_name(id, name);
    CU_ASSERT_EQUAL(strlen(name), EXPORT_TEXT_NAME - 1);
    memset(id, ':', ACCOUNT_ID_MAX);
    export_text_beancount(id, "", beancount);
    CU_ASSERT(strlen(beancount) < EXPORT_TEXT_BEANCOUNT);
    memset(id, '-', ACCOUNT_ID_MAX);
    export_text_beancount(id, "", beancount);
    CU_ASSERT(strlen(beancount) < EXPORT_TEXT_BEANCOUNT);
}

/* What Beancount takes: each part begins with a capital or a digit. */
static bool is_good(const char *name)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (;; name++) {
        if (!*name || !strchr(first, *name))
            return false;
        name += strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
        if (*name != ':')
            return *name == '\0';
    }
}

enum { SIZE = 48 }; /* room for the name of a short id */

static void keep(char kept[SIZE], const char *name)
{
    CU_ASSERT_FATAL(strlen(name) < SIZE);
    memcpy(kept, name, strlen(name) + 1);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All ids of up to five of the characters that matter, and no two with the same name. */
static void test_no_two_alike(void)
{
    static const char letters[] = "aAxX-2d:";
    enum { LONGEST = 5, COUNT = 8 + 64 + 512 + 4096 + 32768 };
    char(*names)[SIZE] = calloc(COUNT, SIZE), (*beancount)[SIZE] = calloc(COUNT, SIZE);
    CU_ASSERT_FATAL(names && beancount);
    size_t count = 0;
    for (unsigned length = 1, many = 8; length <= LONGEST; length++, many *= 8)
        for (unsigned n = 0; n < many; n++, count++) {
            char id[LONGEST + 1] = "", name[EXPORT_TEXT_BEANCOUNT];
            for (unsigned i = 0, rest = n; i < length; i++, rest /= 8)
                id[i] = letters[rest % 8];
            export_text_name(id, name);
            keep(names[count], name);
            export_text_beancount(id, "", name);
            CU_ASSERT(is_good(name));
            keep(beancount[count], name);
        }
    CU_ASSERT_EQUAL_FATAL(count, COUNT);
    qsort(names, COUNT, SIZE, compare);
    qsort(beancount, COUNT, SIZE, compare);
    size_t alike = 0;
    for (size_t i = 1; i < COUNT; i++)
        alike += strcmp(names[i - 1], names[i]) == 0 || strcmp(beancount[i - 1], beancount[i]) == 0;
    CU_ASSERT_EQUAL(alike, 0);
    free(names);
    free(beancount);
}

/* ---- comments ------------------------------------------------------------------------------ */

static void written(const char *json, char *text, size_t size)
{
    FILE *out = fmemopen(text, size, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    export_text_json(out, "  ", "metadata", json);
    fclose(out);
}

static void test_comments(void)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"{\"a\":1}", "  ; metadata: {\"a\":1}\n"},
        {"[[1],\"[2026-01-01]\"]", "  ; metadata: [ [ 1],\"\\u005b2026-01-01]\"]\n"},
        {"\"\\\"[\\\\\",[2]", "  ; metadata: \"\\\"\\u005b\\\\\",[ 2]\n"},
        {"{\n\"a\":\r\t1}", "  ; metadata: { \"a\":  1}\n"},
    };
    char text[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        written(rows[i].json, text, sizeof text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

/* No line is too long for ledger, each is a comment, and no character is cut in two. */
static void test_long_comments(void)
{
    enum { TWO_BYTES = 5000, ROOM = 2 * TWO_BYTES + 1 };
    char *json = malloc(ROOM), *text = malloc(2 * ROOM);
    CU_ASSERT_FATAL(json && text);
    for (size_t i = 0; i < TWO_BYTES; i++)
        memcpy(json + 2 * i, "\xc3\xa9", 3);
    written(json, text, 2 * ROOM);
    size_t lines = 0, characters = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        CU_ASSERT(strlen(line) < 4096);
        CU_ASSERT(strncmp(line, lines ? "  ; ... \xc3\xa9" : "  ; metadata: \xc3\xa9", 9) == 0);
        CU_ASSERT((unsigned char)line[strlen(line) - 1] == 0xa9);
        for (const char *c = line; *c; c++)
            characters += (unsigned char)*c == 0xc3;
    }
    CU_ASSERT_EQUAL(lines, 4);
    CU_ASSERT_EQUAL(characters, TWO_BYTES);
    free(json);
    free(text);
}

static void test_formats(void)
{
    static const char *const names[] = {"hledger", "beancount", "ledger", "csv", "jsonl"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct export_format *format = export_find(names[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(format);
        CU_ASSERT_STRING_EQUAL(format->name, names[i]);
    }
    CU_ASSERT_PTR_NULL(export_find("xml"));
    CU_ASSERT_PTR_NULL(export_find(""));
}

static const struct unit_test tests[] = {{"amounts", test_amounts}, {"days", test_days},
    {"names", test_names}, {"types", test_types}, {"words", test_words},
    {"long_words", test_long_words}, {"longest_names", test_longest_names},
    {"no_two_alike", test_no_two_alike}, {"comments", test_comments},
    {"long_comments", test_long_comments}, {"formats", test_formats}, {0}};
const struct unit_suite export_suite = {"export", 1, tests};
