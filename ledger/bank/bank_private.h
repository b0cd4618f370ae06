/* SPDX-License-Identifier: MIT */
/* What a bank is made of: for the files of the bank only. */
#ifndef LEDGER_BANK_BANK_PRIVATE_H
#define LEDGER_BANK_BANK_PRIVATE_H

#include <stdatomic.h>

#include "coro/duty.h"
#include "coro/eventcount.h"
#include "coro/lock.h"
#include "coro/mutex.h"
#include "coro/semaphore.h"
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
 * Lock order: making, opening or taking -> whatever ledger_open() takes; a slot's lock -> nothing.
 */

enum {
    BANK_PLACES = 4 * BANK_LEDGERS_MAX, /* a power of 2: a look-up meets a free one soon */
    BANK_HOLD_MS = 2000,                /* how long a request waits for a ledger on its way */
    BANK_GIVES = 8,                     /* how many are on their way at the same time */
};

struct bank_slot {
    struct bank *bank;
    int number; /* in the database */
    char name[LEASE_NAME];
    const char *strategy; /* of its kind, static */
    int64_t free_ns;      /* the keeper's own: since when it has seen nobody have it; 0: not now */
    int64_t given_ns, refused_ns; /* the same: on its way since, could not be given at; 0: not */
    uint64_t told_seq; /* the load duty's own: how far it was when that looked last; 0: not open */

    struct co_lock lock;     /* guards what follows */
    struct ledger *ledger;   /* NULL: not open here */
    enum ledger_state state; /* then: OPENING, ELSEWHERE, LOST */
    char why[LEDGER_REASON];
    bool settled; /* it has been open, or could not be */
    bool given;   /* it is not open any more, and has yet to be given free */
    bool moves; /* it goes from one server that lives to another: whoever wants it waits a while */
    struct ledger *followed;   /* another server's, as it is followed here; NULL: it is not */
    char wrong[LEDGER_REASON]; /* with what was followed; "": nothing */
    struct lease_place had;    /* what was followed, and the database has lost; batch 0: nothing */

    bool follows; /* the keeper's: `following` was started */
    struct co_duty following;
};

struct bank {
    char *conninfo, *strategies, *follow, *url, *place, *witness, *main_is_in;
    enum bank_admission (*admits)(void *arg, const char *name);
    void *admits_arg;
    bool accepts_lost;
    int64_t patience_ms, rebalance_ms;
    struct co_duty load_duty;
    struct readers *readers;
    struct duties *duties;
    struct lease *lease;         /* NULL: not yet */
    struct committer *committer; /* the same */
    struct co_context *running;  /* ends when it is to be closed */
    struct co_waitgroup keepers;
    struct co_eventcount progress;
    struct co_mutex making, opening; /* opening: one journal is folded at a time */
    struct co_mutex taking;          /* one that is followed is taken at a time */
    struct co_semaphore reading;     /* and one is read in order to follow it */
    struct co_semaphore giving;      /* and BANK_GIVES are given to others: what waits for them must
                                        not wait until those others have taken all */
    _Atomic size_t followers, count;
    _Atomic bool open, lost, is_read; /* is_read: what there was at the start is known */
    _Atomic bool leaving; /* what it has goes to other servers, and nothing is taken any more */
    struct bank_slot slots[BANK_LEDGERS_MAX];
    _Atomic uint16_t places[BANK_PLACES]; /* by name: the number of a slot, from 1; 0: none */

    struct co_lock lock;     /* guards what follows */
    uint64_t steps;          /* of progress */
    char why[LEDGER_REASON]; /* it is not open */
};

/* The slot of a ledger; NULL: there is none. Never parks. */
struct bank_slot *bank_slot_find(struct bank *bank, const char *name);

/* Have a slot found by its name from now on; the caller holds `making`. */
void bank_slot_show(struct bank_slot *slot);

/* Enter the ledger of that slot; NULL: it is not open. Never parks. */
struct ledger *bank_slot_enter(struct bank_slot *slot);

/* It is on its way from one server that lives to another, or is not any more. */
void bank_set_moves(struct bank_slot *slot, bool moves);

/* Take a slot for a ledger, with a keeper; the caller holds `making`. NULL: memory is short. */
struct bank_slot *bank_slot_add(
    struct bank *bank, int number, const char *name, const char *strategy);

/* The servers that live, as of the last look; `count` of them. For the caller to free; NULL: memory
 * is short, or there are none. */
struct lease_peer *bank_list_servers(struct bank *bank, size_t *count);

/* Does that server live? 0 never does. */
bool bank_has_server(struct bank *bank, uint64_t server);

/* The server that an open ledger shall go to now; 0: it stays. */
uint64_t bank_next_owner(struct bank_slot *slot);

/* Does any other server live? */
bool bank_has_others(struct bank *bank);

/* By the last look: is it for this server to take the ledger now? */
bool bank_may_take(struct bank_slot *slot);

/*
 * Give the open ledger to that server, when it is its turn: it is closed, and what is asked for
 * meanwhile waits. False: nothing was done, as things have changed while it waited, or the bank is
 * to be closed. Parks, as the next does.
 */
CO_MUST_CHECK bool bank_give(struct bank_slot *slot, uint64_t next);

/* It has ended, and is not given to anybody: close it. False: it is not to be opened again. */
CO_MUST_CHECK bool bank_vacate(struct bank_slot *slot);

/* The same of one that is this server's, and is not open: it could not be, or not yet. */
void bank_give_unopened(struct bank_slot *slot, uint64_t next);

/* It is on its way no more if that is what the row says, or it has taken too long; NULL: in any
 * case. Then it is another one's turn. */
void bank_give_settle(struct bank_slot *slot, const struct lease_row *row);

/* Whom it is left to for a while, if it is free; 0: nobody but this server. */
uint64_t bank_heir(struct bank_slot *slot, const struct lease_row *row);

/* The work of `load_duty`. */
void bank_tell_load(void *bank);

/* How its ledger is opened. */
void bank_slot_options(const struct bank_slot *slot, struct ledger_options *options);

/* Tell whoever waits for it that something has changed. */
void bank_step(struct bank *bank);

#endif
