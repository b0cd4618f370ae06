/* SPDX-License-Identifier: MIT */
/* Documents: what is handed on as it was given is read again as the same, by its text and by what
 * it means; amounts are in their range. */
#include <stdlib.h>
#include <string.h>

#include "server/text/json_in.h"
#include "tests/fuzz/fuzz.h"

#define KEPT "metadata"

/* Of {"metadata":TEXT}; NULL: it is not JSON. */
static const struct json_in *read_again(struct arena *arena, const char *kept)
{
    static const char before[] = "{\"" KEPT "\":";
    char error[JSON_IN_ERROR] = "";
    size_t length = strlen(kept), size = sizeof before - 1 + length + 1;
    char *text = arena_alloc(arena, size + 1);
    stpcpy(stpcpy(stpcpy(text, before), kept), "}");
    const struct json_in *again = json_in_read(arena, text, size, JSON_IN_VALUES, KEPT, error);
    return again ? json_in_member(again, KEPT) : NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void expect_kept(struct arena *arena, const struct json_in *value)
{
    const char *text = json_in_kept(value, JSON_IN_KEPT_TEXT),
               *meaning = json_in_kept(value, JSON_IN_KEPT_MEANING),
               *doubles = json_in_kept(value, JSON_IN_KEPT_DOUBLES);
    if (!text)
        return;
    const struct json_in *again = read_again(arena, text);
    co_ensure(again && is_same(json_in_kept(again, JSON_IN_KEPT_TEXT), text));
    co_ensure(is_same(json_in_kept(again, JSON_IN_KEPT_MEANING), meaning));
    co_ensure(is_same(json_in_kept(again, JSON_IN_KEPT_DOUBLES), doubles));
    co_ensure(!meaning || json_in_means_same(text, text));
}

static void expect_amount(const struct json_in *value)
{
    money amount = 0;
    if (value && json_in_money(value, true, &amount)) {
        co_ensure(amount <= money_max() && amount >= -money_max());
        co_ensure(json_in_money(value, false, &amount) == (amount >= 0));
    }
}

static void read_document(const char *text, size_t length)
{
    char error[JSON_IN_ERROR] = "";
    struct arena arena;
    arena_init(&arena, NULL, 0);
    const struct json_in *value = json_in_read(&arena, text, length, JSON_IN_VALUES, KEPT, error);
    co_ensure(!value == (error[0] != '\0'));
    if (json_in_is_object(value)) {
        expect_kept(&arena, json_in_member(value, KEPT));
        expect_amount(json_in_member(value, "amount"));
    }
    /* Texts alone may be asked for. */
    (void)!json_in_read(&arena, text, length, 16, NULL, error);
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    char *text = malloc(length + 1);
    co_ensure(text);
    if (length)
        memcpy(text, input, length);
    read_document(text, length);
    free(text);
    return 0;
}
