/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys. A key stays with the first entry that claims it. Keys of entries that
 * are being decided, or are near the journal's end, are here exactly; of all older ones there is a
 * filter, which can say "never used"; where it cannot, the database is asked (by the caller), and
 * so it is for all of them until the filter is filled (recall.h).
 *
 * Every function may be called from any worker; none parks.
 */
#ifndef LEDGER_MEMORY_KEYS_H
#define LEDGER_MEMORY_KEYS_H

#include "ledger/domain/entry.h"
#include "ledger/domain/hash.h"

struct keys;

/* The secret, the ledger's own, keys the hashes: what a start brings (keys_restore()) has been made
 * with the same. NULL: memory is short. */
CO_MUST_CHECK struct keys *keys_make(const uint8_t secret[HASH_SECRET]);
const uint8_t *keys_secret(const struct keys *keys);
void keys_free(struct keys **keys);

enum keys_claim {
    KEYS_CLAIMED, /* the key is the entry's now */
    KEYS_TAKEN,   /* another entry has it: *first, held for the caller */
    KEYS_ASK,     /* it may be an old one: look in the database, then claim again */
};

/*
 * Claim entry->key for the entry. `asked` is the position up to which the database was found not to
 * have the key (read before asking); 0: it was not asked.
 */
CO_MUST_CHECK enum keys_claim keys_claim(
    struct keys *keys, struct entry *entry, uint64_t asked, struct entry **first);

/* The entry that has the key, held for the caller; NULL: none that is here. */
CO_MUST_CHECK struct entry *keys_find(struct keys *keys, const char *key);

/* False: no entry of before this process has that key. */
bool keys_may_be_old(struct keys *keys, const char *key);

/* The entry is given up without an effect: its key is free again. Wakes those that wait for it. */
void keys_give_up(struct keys *keys, struct entry *entry);

/* The entry leaves the journal's end for the database: from here on the filter knows its key. */
void keys_retire(struct keys *keys, struct entry *entry);

/*
 * At start-up the database may have more keys than a start should wait for. From keys_recall()
 * until keys_recalled() a key that is not here is one to ask for; keys_restore() brings the old
 * ones, as what is kept of their hashes (segment.h), a few at a time. False: memory is short.
 * keys_expect(): about that many will come.
 */
void keys_recall(struct keys *keys);
void keys_expect(struct keys *keys, uint64_t count);
CO_MUST_CHECK bool keys_restore(struct keys *keys, const uint64_t *hashes, size_t count);
void keys_recalled(struct keys *keys);

#endif
