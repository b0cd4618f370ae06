/* SPDX-License-Identifier: MIT */
/*
 * An entry of the journal: one thing that was decided, at one position (seq). Once it has a seq it
 * never changes. It is counted, because the requester, the committer and readers of the journal's
 * end share it.
 */
#ifndef LEDGER_DOMAIN_ENTRY_H
#define LEDGER_DOMAIN_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/eventcount.h"
#include "ledger/domain/money.h"
#include "ledger/domain/status.h"

struct account;

/* The numbers are stored: they never change. */
enum entry_kind {
    ENTRY_ACCOUNT = 1,
    ENTRY_TRANSFER = 2,
    ENTRY_REJECTED = 3,
    ENTRY_HOLD = 4,     /* reserves postings[0].amount on its `from`; moves nothing */
    ENTRY_CAPTURE = 5,  /* moves at most what the hold `ref` reserved, and ends the hold */
    ENTRY_RELEASE = 6,  /* ends the hold `ref` */
    ENTRY_EXPIRY = 7,   /* the same, because its time had come */
    ENTRY_REVERSAL = 8, /* moves back what the entry `ref` moved */
    ENTRY_FREEZE = 9,   /* of `account`, or of the whole ledger (NULL) */
    ENTRY_UNFREEZE = 10,
    ENTRY_BATCH = 11, /* the key of a batch; its metadata says what became of it (results.h) */
};

enum { ENTRY_KEY_MAX = 255, ENTRY_POSTINGS_MAX = 1000, ENTRY_FINGERPRINT = 16 };

/* One movement. The accounts' fields that are read through it (id, asset) never change. */
struct posting {
    struct account *from, *to;
    money amount;                    /* 1 .. money_max() */
    money from_after, to_after;      /* the balances right after this posting */
    uint64_t from_prev, to_prev;     /* seq of the entry that moved money of each account before */
    bool from_waypoint, to_waypoint; /* this posting is a waypoint of that account (account.h) */
};

struct entry {
    _Atomic uint32_t references;
    enum entry_kind kind;
    uint32_t size;        /* bytes of memory; in a batch an entry takes about as many */
    uint64_t seq;         /* 0 until it is decided */
    int64_t at_us;        /* microseconds since 1970 UTC; rises strictly with seq */
    const char *key;      /* NULL: none. Owned by the entry, as is metadata */
    const char *metadata; /* a JSON object in compact form; NULL: none. ENTRY_ACCOUNT: its own */
    char *results;        /* ENTRY_BATCH: what metadata points to, if not NULL; freed with it */
    uint8_t fingerprint[ENTRY_FINGERPRINT];        /* of the request, when there is a key */
    uint8_t fingerprint_before[ENTRY_FINGERPRINT]; /* as earlier versions made it; not stored */

    struct account
        *account; /* the one opened, frozen or unfrozen; ENTRY_REJECTED: whose rule broke */
    enum ledger_status code; /* ENTRY_REJECTED: which rule; else LEDGER_OK */
    money available;         /* ENTRY_REJECTED: what the account could have given */

    uint64_t ref;       /* the hold that it settles, or the entry that it reverses; 0: none */
    int64_t lasts_us;   /* ENTRY_HOLD, as asked for: how long from its own time on; 0: no end */
    int64_t expires_us; /* ENTRY_HOLD: when it ends by itself, at_us + lasts_us; 0: never */
    money held;         /* entries about a hold: what `from` has held after it */
    bool linked;        /* durable together with the entry after it, or not at all */

    struct co_eventcount decided; /* 1 once seq is set or the request was given up */
    uint64_t key_hash;            /* of the key, once it was claimed (keys.h) */
    struct entry *next_of_key;    /* chain in the table of keys (keys.h) */
    struct entry *next_in_batch;  /* chain of what waits for the committer (journal.h) */
    uint32_t posting_count;
    struct posting
        postings[]; /* its movements, in order; of an entry about a hold: the hold's one */
};

/* A fresh entry with one reference; NULL when memory is short. key and metadata are copied. */
CO_MUST_CHECK struct entry *entry_make(
    enum entry_kind kind, const char *key, const char *metadata, size_t postings);

/* Before it is decided: what became of a batch's items, from malloc(), is its metadata now. */
void entry_take_results(struct entry *entry, char *results);

struct entry *entry_hold(struct entry *entry); /* one more reference */
void entry_drop(struct entry **entry);         /* one less; nulls the caller's pointer */

/*
 * What a request's metadata means, where that is not its very text: the same text for all that mean
 * the same, and the one that earlier versions made of it. NULL: the metadata as it is. An object
 * without members means the same as none.
 */
struct entry_meaning {
    const char *now, *before;
};
struct hash;

/* Fingerprint a request that has a key: `asked` has been given all of it but the metadata. */
void entry_fingerprint(
    struct entry *entry, const struct hash *asked, const struct entry_meaning *meaning);

/* Is this fresh entry of the request that the first entry with its key is of? */
bool entry_is_again(const struct entry *fresh, const struct entry *first);

/* True for transfers, captures and reversals: the kinds whose postings move money. */
bool entry_moves_money(const struct entry *entry);

/* True for the kinds that make a hold, or end one. */
bool entry_is_about_hold(enum entry_kind kind);

/* Of one that comes from the database: is it of a kind that there is, with the account and the
 * postings that this kind has, and a rejection for a reason that there is? */
bool entry_is_whole(const struct entry *entry);

const char *entry_kind_name(enum entry_kind kind); /* "account", "transfer", "rejected" … */

#endif
