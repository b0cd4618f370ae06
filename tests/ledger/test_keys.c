/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/memory/filter.h"
#include "ledger/domain/hash.h"
#include "ledger/memory/keys.h"
#include "ledger/memory/segment.h"
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

/* It finds room for what is expected in one level, and grows as before when more comes. */
static void takes_what_is_expected(void)
{
    enum { EXPECTED = 1000000 };
    struct filter filter = {0};
    int missed = 0;
    CU_ASSERT_TRUE(filter_expect(&filter, EXPECTED));
    for (int i = 0; i < EXPECTED; i++)
        CU_ASSERT_TRUE_FATAL(filter_add(&filter, hash_of_number(i)));
    CU_ASSERT_EQUAL(filter.levels, 1);
    for (int i = EXPECTED; i < EXPECTED * 3 / 2; i++)
        CU_ASSERT_TRUE_FATAL(filter_add(&filter, hash_of_number(i)));
    CU_ASSERT_EQUAL(filter.levels, 2);
    for (int i = 0; i < EXPECTED * 3 / 2; i++)
        missed += !filter_perhaps(&filter, hash_of_number(i));
    CU_ASSERT_EQUAL(missed, 0);
    filter_free(&filter);
}

static const struct unit_test filter_tests[] = {
    {"forgets_nothing", forgets_nothing}, {"takes_what_is_expected", takes_what_is_expected}, {0}};
const struct unit_suite filter_suite = {.name = "filter", .tests = filter_tests};

/* ---- segments ------------------------------------------------------------------------------ */

static int in_order(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Whatever the hashes are, they come back, sorted. */
static void packs_and_unpacks(void)
{
    enum { MOST = 5000 };
    static uint64_t hashes[MOST], sorted[MOST], room[MOST], back[MOST];
    static char bytes[MOST * SEGMENT_BYTES];
    static const size_t counts[] = {0, 1, 2, 255, 256, 257, MOST};
    hash_init();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t count = counts[i];
        for (size_t k = 0; k < count; k++) /* near each other, twice the same, and at both ends */
            hashes[k] = (k % 5 == 0      ? UINT64_MAX - k
                            : k % 5 == 1 ? (uint64_t)(k / 10) << 24
                                         : hash_of_number((int)k)) &
                        SEGMENT_KEPT;
        memcpy(sorted, hashes, count * sizeof *hashes);
        qsort(sorted, count, sizeof *sorted, in_order);
        segment_sort(hashes, count, room);
        CU_ASSERT_EQUAL(memcmp(hashes, sorted, count * sizeof *hashes), 0);
        struct segment segment = {.keys = count, .bytes = bytes};
        segment.size = segment_pack(hashes, count, bytes);
        CU_ASSERT(segment.size <= count * SEGMENT_BYTES);
        CU_ASSERT_TRUE(segment_unpack(&segment, back));
        CU_ASSERT_EQUAL(memcmp(back, hashes, count * sizeof *hashes), 0);
    }
}

static void refuses_what_is_no_segment(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        uint64_t keys;
    } wrong[] = {
        {"", 0, 1}, {"\1", 1, 0}, {"\1\1", 2, 1}, {"\1", 1, 2}, {"\x81", 1, 1},
        {"\x80\x80\x80\x80\x80\x20", 6, 1},     /* 2^40 */
        {"\xFF\xFF\xFF\xFF\xFF\x1F\1", 7, 2},   /* 2^40 - 1, and one more */
        {"\x80\x80\x80\x80\x80\x80\x01", 7, 1}, /* seven groups */
    };
    uint64_t hashes[2];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct segment segment = {
            .keys = wrong[i].keys, .bytes = wrong[i].bytes, .size = wrong[i].size};
        CU_ASSERT_FALSE(segment_unpack(&segment, hashes));
    }
}

/* The digest is of all that a segment says, and of whose it is. */
static void the_digest_covers_all(void)
{
    static const uint8_t secret[HASH_SECRET] = "a", other[HASH_SECRET] = "b";
    const struct segment segment = {
        .first_seq = 1, .last_seq = 9, .keys = 2, .bytes = "\1\2", .size = 2};
    struct segment changed[5] = {segment, segment, segment, segment, segment};
    uint8_t digest[HASH_CHAIN], another[HASH_CHAIN];
    changed[0].first_seq++;
    changed[1].last_seq++;
    changed[2].keys++;
    changed[3].bytes = "\2\2";
    changed[4].size--;
    segment_digest(&segment, secret, 1, digest);
    for (int i = 0; i < 7; i++) {
        segment_digest(
            i < 5 ? &changed[i] : &segment, i == 5 ? other : secret, i == 6 ? 2 : 1, another);
        CU_ASSERT_NOT_EQUAL(memcmp(digest, another, sizeof digest), 0);
    }
}

static const struct unit_test segment_tests[] = {{"packs_and_unpacks", packs_and_unpacks},
    {"refuses_what_is_no_segment", refuses_what_is_no_segment},
    {"the_digest_covers_all", the_digest_covers_all}, {0}};
const struct unit_suite segment_suite = {.name = "segment", .tests = segment_tests};

/* ---- the keys ------------------------------------------------------------------------------ */

static const uint8_t secret[HASH_SECRET] = "0123456789abcde";

static bool restore(struct keys *keys, const char *key)
{
    uint64_t hash = hash_text_with(secret, key, strlen(key)) & SEGMENT_KEPT;
    return keys_restore(keys, &hash, 1);
}

static struct entry *entry_with(const char *key, uint64_t seq)
{
    struct entry *entry = entry_make(ENTRY_TRANSFER, key, NULL, 0);
    co_ensure(entry != NULL);
    entry->seq = seq;
    return entry;
}

static void gives_a_key_to_one(void)
{
    struct keys *keys = keys_make(secret);
    struct entry *a = entry_with("k", 0), *b = entry_with("k", 0), *other = entry_with("l", 0);
    struct entry *first = NULL;
    CU_ASSERT_EQUAL(keys_claim(keys, a, 0, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(keys_claim(keys, b, 0, &first), KEYS_TAKEN);
    CU_ASSERT_PTR_EQUAL(first, a);
    entry_drop(&first);
    CU_ASSERT_EQUAL(keys_claim(keys, other, 0, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(co_eventcount_read(&a->decided), 0);
    keys_give_up(keys, a);
    CU_ASSERT_EQUAL(co_eventcount_read(&a->decided), 1); /* what waited for it goes on */
    CU_ASSERT_EQUAL(keys_claim(keys, b, 0, &first), KEYS_CLAIMED);
    keys_give_up(keys, b);
    keys_give_up(keys, other);
    entry_drop(&a);
    entry_drop(&b);
    entry_drop(&other);
    keys_free(&keys);
}

/* Once a key has left the table, only the database can say which entry has it. */
static void asks_for_old_keys(void)
{
    struct keys *keys = keys_make(secret);
    struct entry *old = entry_with("k", 5), *again = entry_with("k", 0);
    struct entry *first = NULL;
    CU_ASSERT_EQUAL(keys_claim(keys, old, 0, &first), KEYS_CLAIMED);
    keys_retire(keys, old);
    CU_ASSERT_EQUAL(keys_claim(keys, again, 0, &first), KEYS_ASK);
    /* An answer from before it was retired proves nothing; a later one does. */
    CU_ASSERT_EQUAL(keys_claim(keys, again, 4, &first), KEYS_ASK);
    CU_ASSERT_EQUAL(keys_claim(keys, again, 5, &first), KEYS_CLAIMED);
    keys_give_up(keys, again);
    CU_ASSERT_TRUE(restore(keys, "from the database"));
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
    struct keys *keys = keys_make(secret);
    struct entry *a = entry_with("a", 0), *again = entry_with("a", 0), *b = entry_with("b", 0);
    struct entry *old = entry_with("old", 0), *first = NULL;
    keys_recall(keys);
    CU_ASSERT_EQUAL(keys_claim(keys, a, 0, &first), KEYS_ASK);
    CU_ASSERT_EQUAL(keys_claim(keys, a, 7, &first), KEYS_CLAIMED);
    CU_ASSERT_EQUAL(keys_claim(keys, again, 0, &first), KEYS_TAKEN);
    entry_drop(&first);
    CU_ASSERT_TRUE(restore(keys, "old"));
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
    co_ensure(entry != NULL);
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
