/* SPDX-License-Identifier: MIT */
#include "ledger/domain/entry.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/domain/hash.h"

/* One allocation: the entry, its postings, then the two texts. */
struct entry *entry_make(
    enum entry_kind kind, const char *key, const char *metadata, size_t postings)
{
    co_ensure(postings <= ENTRY_POSTINGS_MAX);
    size_t key_size = key ? strlen(key) + 1 : 0;
    size_t metadata_size = metadata ? strlen(metadata) + 1 : 0;
    size_t fixed = sizeof(struct entry) + postings * sizeof(struct posting);
    struct entry *entry = calloc(1, fixed + key_size + metadata_size);
    if (!entry)
        return NULL;
    atomic_init(&entry->references, 1);
    entry->kind = kind;
    entry->size = (uint32_t)(fixed + key_size + metadata_size);
    entry->posting_count = (uint32_t)postings;

    /* Texts need no alignment, so they come last. */
    char *texts = (char *)entry + fixed;
    if (key)
        entry->key = memcpy(texts, key, key_size);
    if (metadata)
        entry->metadata = memcpy(texts + key_size, metadata, metadata_size);
    return entry;
}

void entry_take_results(struct entry *entry, char *results)
{
    co_ensure(entry->kind == ENTRY_BATCH && entry->seq == 0 && !entry->results);
    /* It counts where memory is bounded by the bytes of entries. */
    entry->metadata = entry->results = results;
    entry->size += (uint32_t)strlen(results) + 1;
}

struct entry *entry_hold(struct entry *entry)
{
    /* Relaxed: whoever can hold it once more has it already. */
    atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
    return entry;
}

void entry_drop(struct entry **entry)
{
    struct entry *dropped = *entry;
    *entry = NULL;
    if (!dropped)
        return;
    /* The last to let go must see all that others did with it. */
    uint32_t before = atomic_fetch_sub_explicit(&dropped->references, 1, memory_order_acq_rel);
    co_ensure(before > 0);
    if (before != 1)
        return;
    free(dropped->results);
    free(dropped);
}

static void finish_fingerprint(const struct hash *asked, const char *metadata, uint8_t *digest)
{
    /* A copy: what was asked, apart from the metadata, goes into both fingerprints. */
    struct hash hash = *asked;
    hash_add_text(&hash, metadata);
    hash_finish(&hash, digest);
}

void entry_fingerprint(
    struct entry *entry, const struct hash *asked, const struct entry_meaning *meaning)
{
    const char *now = meaning->now ? meaning->now : entry->metadata;
    const char *before = meaning->before ? meaning->before : now;
    /* No metadata and an object without members mean the same. Earlier versions told them apart,
     * and keys outlive versions. */
    bool none = !now || strcmp(now, "{}") == 0;
    finish_fingerprint(asked, none ? NULL : now, entry->fingerprint);
    finish_fingerprint(asked, none ? "{}" : before, entry->fingerprint_before);
}

bool entry_is_again(const struct entry *fresh, const struct entry *first)
{
    return memcmp(fresh->fingerprint, first->fingerprint, ENTRY_FINGERPRINT) == 0 ||
           memcmp(fresh->fingerprint_before, first->fingerprint, ENTRY_FINGERPRINT) == 0;
}

bool entry_moves_money(const struct entry *entry)
{
    return entry->kind == ENTRY_TRANSFER || entry->kind == ENTRY_CAPTURE ||
           entry->kind == ENTRY_REVERSAL;
}

bool entry_is_about_hold(enum entry_kind kind)
{
    return kind == ENTRY_HOLD || kind == ENTRY_CAPTURE || kind == ENTRY_RELEASE ||
           kind == ENTRY_EXPIRY;
}

/* Rows may be damaged: what all others rely on is checked here, once. */
bool entry_is_whole(const struct entry *entry)
{
    bool has_postings = entry_moves_money(entry) || entry->kind == ENTRY_HOLD;
    return entry->kind >= ENTRY_ACCOUNT && entry->kind <= ENTRY_BATCH &&
           entry->code < LEDGER_STATUS_COUNT && (entry->account || entry->kind != ENTRY_ACCOUNT) &&
           (entry->posting_count > 0 || !has_postings);
}

const char *entry_kind_name(enum entry_kind kind)
{
    static const char *const names[] = {
        [ENTRY_ACCOUNT] = "account",
        [ENTRY_TRANSFER] = "transfer",
        [ENTRY_REJECTED] = "rejected",
        [ENTRY_HOLD] = "hold",
        [ENTRY_CAPTURE] = "capture",
        [ENTRY_RELEASE] = "release",
        [ENTRY_EXPIRY] = "expiry",
        [ENTRY_REVERSAL] = "reversal",
        [ENTRY_FREEZE] = "freeze",
        [ENTRY_UNFREEZE] = "unfreeze",
        [ENTRY_BATCH] = "batch",
    };
    co_ensure(kind < sizeof names / sizeof names[0] && names[kind]);
    return names[kind];
}
