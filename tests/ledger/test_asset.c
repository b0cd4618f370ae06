/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/domain/account.h"
#include "ledger/domain/asset.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"
#include "tests/unit.h"

static void validates_assets(void)
{
    static const char *const good[] = {"USD/2", "X/0", "BTC/8", "A_B9/38", "usd/2", "$/2",
        "\xe2\x82\xac/2", "Green Apples/0", "ETH-USD.X/4", "9A/2",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345/38"};
    static const char *const bad[] = {"", "USD", "USD/", "/2", "USD/02", "USD/39", "USD/-1",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456/2", "USD/2 ", "U/D/2", "USD/100", "USD/:", " USD/2",
        "USD /2", "U\"D/2", "U\tD/2",
        "U\x7f"
        "D/2",
        "\xe2\x82/2", "e\xcc\x81/2"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT_TRUE(asset_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(asset_is_valid(bad[i]));
}

static void names_the_world(void)
{
    char id[ASSET_WORLD_TEXT], asset[ASSET_TEXT];
    asset_world_id("USD/2", id);
    CU_ASSERT_STRING_EQUAL(id, "world:USD.2");
    CU_ASSERT_TRUE(asset_of_world_id(id, asset));
    CU_ASSERT_STRING_EQUAL(asset, "USD/2");
    asset_world_id("ABCDEFGHIJKLMNOPQ/38", id);
    CU_ASSERT_TRUE(account_id_is_valid(id));
    CU_ASSERT_FALSE(asset_of_world_id("world:USD", asset));
    CU_ASSERT_TRUE(asset_of_world_id("world:A.B.2", asset));
    CU_ASSERT_STRING_EQUAL(asset, "A.B/2");
    CU_ASSERT_FALSE(asset_of_world_id("world:A/B.2", asset));
    CU_ASSERT_FALSE(asset_of_world_id("alice", asset));
    CU_ASSERT_FALSE(asset_of_world_id("world:ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456.2", asset));
    CU_ASSERT_FALSE(asset_of_world_id("world:ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.2", asset));
}

static void validates_account_ids(void)
{
    char longest[ACCOUNT_ID_MAX + 2];
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = 'a';
    longest[ACCOUNT_ID_MAX + 1] = '\0';
    CU_ASSERT_FALSE(account_id_is_valid(longest));
    longest[ACCOUNT_ID_MAX] = '\0';
    CU_ASSERT_TRUE(account_id_is_valid(longest));
    CU_ASSERT_TRUE(account_id_is_valid("a.B-9_:@"));
    CU_ASSERT_FALSE(account_id_is_valid(""));
    static const char *const good[] = {"a b", "a/b", "?#%", "\xc3\xa4", "\xe6\x97\xa5\xe6\x9c\xac",
        "\xf0\x9f\x92\xb6", "\xd7\xa9\xd7\x9c", "~", "..."};
    static const char *const bad[] = {"a\nb", "\t", "a\x01", "a\x7f", "\xc2\x85", /* controls */
        "a\xe2\x80\xa8"
        "b",
        "\xe2\x80\xa9",              /* separators of lines */
        "a\xcc\x88", "\xe2\x84\xab", /* not in normal form */
        "\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80",
        "a\xf8"
        "b"}; /* not UTF-8 */
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT(account_id_is_valid(good[i]) && account_id_is_free(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(account_id_is_valid(bad[i]));
    CU_ASSERT(account_id_is_valid(".") && !account_id_is_free("."));
    CU_ASSERT(account_id_is_valid("..") && !account_id_is_free(".."));
    for (int i = 0; i < ACCOUNT_ID_MAX - 1; i += 2)
        memcpy(longest + i, "\xc3\xa9", 2); /* as long as one may be, and each to be normalized */
    CU_ASSERT(account_id_is_valid(longest));
}

static void shares_texts(void)
{
    char twice[] = "EUR/2";
    const char *one = asset_intern("EUR/2");
    CU_ASSERT_STRING_EQUAL(one, "EUR/2");
    CU_ASSERT_PTR_EQUAL(asset_intern(twice), one);
    CU_ASSERT_PTR_NOT_EQUAL(asset_intern("EUR/3"), one);
}

/* Ids of every length lie side by side without touching each other. */
static void packs_accounts(void)
{
    enum { MANY = 20000 };
    struct account_table *table = account_table_make();
    struct account **made = calloc(MANY, sizeof *made);
    co_ensure(table && made);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < MANY; i++) {
            char id[ACCOUNT_ID_MAX + 1];
            snprintf(id, sizeof id, "%0*d", 5 + i % (ACCOUNT_ID_MAX - 4), i);
            struct account *account = account_find_or_add(table, id);
            co_ensure(account != NULL);
            if (pass == 0) {
                made[i] = account;
                CU_ASSERT_TRUE(account->balance == 0 && account->opened == 0 && !account->metadata);
                CU_ASSERT_EQUAL(account->place, (unsigned)i);
                account->balance = -i;
                account->draft = i;
                co_ensure(account_number(table, account));
            }
            CU_ASSERT_TRUE(made[i] == account && strcmp(account->id, id) == 0);
            CU_ASSERT_TRUE(account->balance == -i && account->draft == i);
            CU_ASSERT_PTR_EQUAL(account_by_number(table, (uint64_t)i + 1), account);
            CU_ASSERT_STRING_EQUAL(account->asset, "");
        }
    CU_ASSERT_EQUAL(account_count(table), MANY);
    free(made);
    account_table_free(&table);
}

static const struct unit_test tests[] = {{"validates_assets", validates_assets},
    {"names_the_world", names_the_world}, {"validates_account_ids", validates_account_ids},
    {"shares_texts", shares_texts}, {"packs_accounts", packs_accounts}, {0}};
const struct unit_suite asset_suite = {.name = "asset", .tests = tests};
