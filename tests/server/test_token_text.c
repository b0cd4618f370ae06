/* SPDX-License-Identifier: MIT */
/* What tokens look like, and what they are good for. */
#include <string.h>

#include "server/auth/token_grant.h"
#include "server/auth/token_text.h"
#include "tests/server/suites.h"

static void test_a_fresh_one(void)
{
    char text[TOKEN_TEXT], other[TOKEN_TEXT];
    uint8_t hash[TOKEN_HASH], again[TOKEN_HASH];
    token_text_make(text, hash);
    token_text_make(other, again);
    CU_ASSERT_EQUAL(strlen(text), 56);
    CU_ASSERT_NSTRING_EQUAL(text, "teller_", 7);
    CU_ASSERT_STRING_NOT_EQUAL(text, other);
    CU_ASSERT_TRUE(token_text_hash(text, again));
    CU_ASSERT_EQUAL(memcmp(hash, again, TOKEN_HASH), 0);
}

/* Made by another program from the rule that token_text.h states. */
static void test_the_check_is_what_is_said(void)
{
    CU_ASSERT_TRUE(token_text_is_valid("teller_56789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl3a1FXB"));
}

/* A mistyped character, two that changed places, one that is missing: none is taken. */
static void test_mistyped(void)
{
    char text[TOKEN_TEXT], wrong[TOKEN_TEXT + 1];
    uint8_t hash[TOKEN_HASH];
    token_text_make(text, hash);
    for (size_t i = 0; i < strlen(text); i++) {
        memcpy(wrong, text, sizeof text);
        wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
        CU_ASSERT_FALSE(token_text_is_valid(wrong));
        CU_ASSERT_FALSE(token_text_hash(wrong, hash));
    }
    for (size_t i = 0; i + 1 < strlen(text); i++) {
        memcpy(wrong, text, sizeof text);
        wrong[i] = text[i + 1];
        wrong[i + 1] = text[i];
        CU_ASSERT_EQUAL(token_text_is_valid(wrong), text[i] == text[i + 1]);
    }
    memcpy(wrong, text, sizeof text);
    wrong[55] = '\0';
    CU_ASSERT_FALSE(token_text_is_valid(wrong));
    memcpy(wrong, text, sizeof text);
    memcpy(wrong + 56, "x", 2);
    CU_ASSERT_FALSE(token_text_is_valid(wrong));
    CU_ASSERT_FALSE(token_text_is_valid(""));
    CU_ASSERT_FALSE(token_text_is_valid("teller_"));
}

/* Those of before have no check, and stay good. */
static void test_earlier_ones(void)
{
    char text[] = "teller_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    uint8_t hash[TOKEN_HASH];
    CU_ASSERT_TRUE(token_text_hash(text, hash));
    text[30] = 'g';
    CU_ASSERT_FALSE(token_text_hash(text, hash));
    text[30] = 'A';
    CU_ASSERT_FALSE(token_text_hash(text, hash));
}

static void test_what_a_grant_has(void)
{
    const struct token_grant all = {.scope = TOKEN_READ};
    const struct token_grant bound = {.ledgers = "main\nsavings", .prefixes = "shop:\ntill"};
    CU_ASSERT_FALSE(token_grant_is_bound(&all));
    CU_ASSERT_TRUE(token_grant_has_ledger(&all, "any"));
    CU_ASSERT_TRUE(token_grant_has_account(&all, ""));
    CU_ASSERT_TRUE(token_grant_is_bound(&bound));
    CU_ASSERT_TRUE(token_grant_has_ledger(&bound, "main"));
    CU_ASSERT_TRUE(token_grant_has_ledger(&bound, "savings"));
    CU_ASSERT_FALSE(token_grant_has_ledger(&bound, "mai"));
    CU_ASSERT_FALSE(token_grant_has_ledger(&bound, "main2"));
    CU_ASSERT_FALSE(token_grant_has_ledger(&bound, ""));
    CU_ASSERT_TRUE(token_grant_has_account(&bound, "shop:1"));
    CU_ASSERT_TRUE(token_grant_has_account(&bound, "till"));
    CU_ASSERT_FALSE(token_grant_has_account(&bound, "shop"));
    CU_ASSERT_FALSE(token_grant_has_account(&bound, ""));
    CU_ASSERT_PTR_NULL(token_grant_only_prefix(&bound));
}

static const struct unit_test tests[] = {{"a_fresh_one", test_a_fresh_one},
    {"the_check_is_what_is_said", test_the_check_is_what_is_said}, {"mistyped", test_mistyped},
    {"earlier_ones", test_earlier_ones}, {"what_a_grant_has", test_what_a_grant_has}, {0}};
const struct unit_suite token_text_suite = {"token_text", 0, tests};
