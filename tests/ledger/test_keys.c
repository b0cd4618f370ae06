/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ledger/filter.h"
#include "ledger/hash.h"
#include "ledger/keys.h"
#include "tests/unit.h"

/* ---- the filter ---------------------------------------------------------------------------- */

static uint64_t hash_of_number(int number)
{
    char text[20];
    return hash_text(text, (size_t)snprintf(text, sizeof text, "key-%d", number));
}

static void forgets_nothing(void)
{
    enum { ADDED = 600000, ASKED = 100000 };
    struct filter filter = {0};
    int missed = 0, wrong = 0;
    hash_init();
    CU_ASSERT_FALSE(filter_perhaps(&filter, 1));
    for (int i = 0; i < ADDED; i++)
        CU_ASSERT_TRUE_FATAL(filter_add(&filter, hash_of_number(i)));
    CU_ASSERT(filter.levels > 1);
    for (int i = 0; i < ADDED; i++)
        missed += !filter_perhaps(&filter, hash_of_number(i));
    for (int i = 0; i < ASKED; i++)
        wrong += filter_perhaps(&filter, hash_of_number(ADDED + i));
    CU_ASSERT_EQUAL(missed, 0);
    CU_ASSERT(wrong < ASKED / 50); /* 2 % over all its levels */
    filter_free(&filter);
}

static const struct unit_test filter_tests[] = {{"forgets_nothing", forgets_nothing}, {0}};
const struct unit_suite filter_suite = {.name = "filter", .tests = filter_tests};

/* ---- the keys ------------------------------------------------------------------------------ */

static struct entry *entry_with(const char *key, uint64_t seq)
{
    struct entry *entry = entry_make(ENTRY_TRANSFER, key, NULL, 0);
    ensure(entry != NULL);
    entry->seq = seq;
    return entry;
}

static void gives_a_key_to_one(void)
{
    struct keys *keys = keys_make();
    struct entry *a = entry_with("k", 0), *b = entry_with("k", 0), *other = entry_with("l", 0);
    struct entry *first = NULL;
    CU_ASSERT_EQUAL(keys_claim(keys, a, 0, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(keys_claim(keys, b, 0, &first), KEYS_TAKEN);
    CU_ASSERT_PTR_EQUAL(first, a);
    entry_drop(&first);
    CU_ASSERT_EQUAL(keys_claim(keys, other, 0, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(eventcount_read(&a->decided), 0);
    keys_give_up(keys, a);
    CU_ASSERT_EQUAL(eventcount_read(&a->decided), 1); /* whoever waited for it goes on */
    CU_ASSERT_EQUAL(keys_claim(keys, b, 0, &first), KEYS_CLAIMED);
    keys_give_up(keys, b);
    keys_give_up(keys, other);
    entry_drop(&a);
    entry_drop(&b);
    entry_drop(&other);
    keys_free(&keys);
}

/* Once a key has left the table, only the database can say who has it. */
static void asks_for_old_keys(void)
{
    struct keys *keys = keys_make();
    struct entry *old = entry_with("k", 5), *again = entry_with("k", 0);
    struct entry *first = NULL;
    CU_ASSERT_EQUAL(keys_claim(keys, old, 0, &first), KEYS_CLAIMED);
    keys_retire(keys, old);
    CU_ASSERT_EQUAL(keys_claim(keys, again, 0, &first), KEYS_ASK);
    /* An answer from before it was retired proves nothing; a later one does. */
    CU_ASSERT_EQUAL(keys_claim(keys, again, 4, &first), KEYS_ASK);
    CU_ASSERT_EQUAL(keys_claim(keys, again, 5, &first), KEYS_CLAIMED);
    keys_give_up(keys, again);
    CU_ASSERT_TRUE(keys_restore(keys, "from the database", 17));
    struct entry *third = entry_with("from the database", 0);
    CU_ASSERT_EQUAL(keys_claim(keys, third, 0, &first), KEYS_ASK);
    entry_drop(&old);
    entry_drop(&again);
    entry_drop(&third);
    keys_free(&keys);
}

/* Until all old keys are known, the database is asked for each that is not here. */
static void asks_while_it_recalls(void)
{
    struct keys *keys = keys_make();
    struct entry *a = entry_with("a", 0), *again = entry_with("a", 0), *b = entry_with("b", 0);
    struct entry *old = entry_with("old", 0), *first = NULL;
    keys_recall(keys);
    CU_ASSERT_EQUAL(keys_claim(keys, a, 0, &first), KEYS_ASK);
    CU_ASSERT_EQUAL(keys_claim(keys, a, 7, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(keys_claim(keys, again, 0, &first), KEYS_TAKEN);
    entry_drop(&first);
    CU_ASSERT_TRUE(keys_restore(keys, "old", 3));
    keys_recalled(keys);
    CU_ASSERT_EQUAL(keys_claim(keys, b, 0, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(keys_claim(keys, old, 0, &first), KEYS_ASK);
    entry_drop(&a);
    entry_drop(&again);
    entry_drop(&b);
    entry_drop(&old);
    keys_free(&keys);
}

/* The entry that a request makes, of this version; or (old) as earlier ones fingerprinted it, which
 * hashed what they made of the metadata. */
static struct entry *asked_with(const char *metadata, const char *now, const char *before, bool old)
{
    struct hash hash;
    struct entry *entry = entry_make(ENTRY_TRANSFER, "k", metadata, 0);
    ensure(entry != NULL);
    hash_start(&hash, HASH_REQUEST);
    hash_add_text(&hash, "alice");
    if (!old) {
        entry_fingerprint(entry, &hash, &(struct entry_meaning){now, before});
        return entry;
    }
    hash_add_text(&hash, before ? before : metadata);
    hash_finish(&hash, entry->fingerprint);
    return entry;
}

static void knows_its_request_again(void)
{
    static const struct {
        const char *metadata, *now, *before;
    } forms[] = {
        {NULL, NULL, NULL},
        {"{}", "{}", "{}"},
        {"{\"a\":1e3}", "{\"a\":\"#1e3\"}", "{\"a\":1000.0}"},
        {"{\"a\":1000.0}", "{\"a\":\"#1000.0\"}", "{\"a\":1000.0}"},
        {"{\"b\":\"x\",\"a\":\"y\"}", "{\"a\":\"y\",\"b\":\"x\"}", "{\"a\":\"y\",\"b\":\"x\"}"},
    };
    static const char *const same[] = {"AA---", "AA---", "--B--", "---C-", "----D"};
    static const char *const same_as_old[] = {"AA---", "AA---", "--BB-", "--BB-", "----D"};
    enum { FORMS = sizeof forms / sizeof forms[0] };
    for (size_t i = 0; i < FORMS; i++)
        for (size_t j = 0; j < FORMS; j++) {
            struct entry *fresh =
                asked_with(forms[i].metadata, forms[i].now, forms[i].before, false);
            struct entry *first =
                asked_with(forms[j].metadata, forms[j].now, forms[j].before, false);
            struct entry *old = asked_with(forms[j].metadata, forms[j].now, forms[j].before, true);
            CU_ASSERT_EQUAL(entry_is_again(fresh, first), same[i][j] != '-');
            CU_ASSERT_EQUAL(entry_is_again(fresh, old), same_as_old[i][j] != '-');
            entry_drop(&fresh);
            entry_drop(&first);
            entry_drop(&old);
        }
}

static const struct unit_test keys_tests[] = {{"knows_its_request_again", knows_its_request_again},
    {"asks_while_it_recalls", asks_while_it_recalls}, {"gives_a_key_to_one", gives_a_key_to_one},
    {"asks_for_old_keys", asks_for_old_keys}, {0}};
const struct unit_suite keys_suite = {.name = "keys", .tests = keys_tests};
