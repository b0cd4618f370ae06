/* SPDX-License-Identifier: MIT */
/* What a bank is made of: for the files of the bank only. */
#ifndef LEDGER_BANK_BANK_PRIVATE_H
#define LEDGER_BANK_BANK_PRIVATE_H

#include <stdatomic.h>

#include "coro/eventcount.h"
#include "coro/lock.h"
#include "coro/mutex.h"
#include "coro/waitgroup.h"
#include "ledger/bank/bank.h"
#include "ledger/lease/lease.h"

/*
 * Invariants
 * - slots[0 .. count) never go away, and but for what a slot's lock guards they never change; a
 *   slot is filled before `count` includes it and its place leads to it, so that look-ups need no
 *   lock.
 * - Only the holder of `making` fills a slot.
 * - slot.ledger is given and taken by the slot's keeper alone; whoever finds it there enters it
 *   under the lock, so that the keeper knows of all who use it.
 *
 * Lock order: making or opening -> whatever ledger_open() takes; a slot's lock -> nothing.
 */

enum { BANK_PLACES = 4 * BANK_LEDGERS_MAX }; /* a power of 2: a look-up meets a free one soon */

struct bank_slot {
    struct bank *bank;
    int number; /* in the database */
    char name[LEASE_NAME];
    const char *strategy; /* of its kind, static */
    int64_t free_ns;      /* the keeper's own: since when it has seen nobody have it; 0: not now */

    struct co_lock lock;     /* guards what follows */
    struct ledger *ledger;   /* NULL: not open here */
    enum ledger_state state; /* then: OPENING, ELSEWHERE, LOST */
    char why[LEDGER_REASON];
    bool settled; /* it has been open, or could not be */
};

struct bank {
    char *conninfo, *strategies, *url, *place, *witness;
    bool accepts_lost;
    int64_t patience_ms;
    struct readers *readers;
    struct lease *lease;         /* NULL: not yet */
    struct committer *committer; /* the same */
    struct co_context *running;  /* ends when it is to be closed */
    struct co_waitgroup keepers;
    struct co_eventcount progress;
    struct co_mutex making, opening; /* opening: one journal is folded at a time */
    _Atomic bool open, lost;
    _Atomic size_t count;
    struct bank_slot slots[BANK_LEDGERS_MAX];
    _Atomic uint16_t places[BANK_PLACES]; /* by name: the number of a slot, from 1; 0: none */

    struct co_lock lock;     /* guards what follows */
    uint64_t steps;          /* of progress */
    char why[LEDGER_REASON]; /* it is not open */
};

/* Take a slot for a ledger, with a keeper; the caller holds `making`. NULL: memory is short. */
struct bank_slot *bank_slot_add(
    struct bank *bank, int number, const char *name, const char *strategy);

/* The servers that live, as of the last look; `count` of them. For the caller to free; NULL: memory
 * is short, or there are none. */
struct lease_peer *bank_list_servers(struct bank *bank, size_t *count);

/* Tell whoever waits for it that something has changed. */
void bank_step(struct bank *bank);

#endif
