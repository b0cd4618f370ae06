/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys. A key belongs to the first entry that claims it, for ever. Keys of entries that
 * are being decided, or are near the journal's end, are here exactly; of all older ones there is a
 * filter, which can say "never used"; where it cannot, the database is asked (by the caller).
 *
 * Every function may be called from any worker; none parks.
 */
#ifndef LEDGER_KEYS_H
#define LEDGER_KEYS_H

#include "ledger/entry.h"

struct keys;

MUST_CHECK struct keys *keys_make(void);
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
MUST_CHECK enum keys_claim keys_claim(
    struct keys *keys, struct entry *entry, uint64_t asked, struct entry **first);

/* The entry is given up without an effect: its key is free again. Wakes those who wait for it. */
void keys_give_up(struct keys *keys, struct entry *entry);

/* The entry leaves the journal's end for the database: from here on the filter knows its key. */
void keys_retire(struct keys *keys, struct entry *entry);

/* A key that the database has, at start-up. False: memory is short. */
MUST_CHECK bool keys_restore(struct keys *keys, const char *key);

#endif
