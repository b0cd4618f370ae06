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
 * - slots 0 .. count-1 (bank_slot_at()) never go away, and but for what a slot's lock guards they
 *   never change; a slot is filled before `count` includes it and its place leads to it, so that
 *   look-ups need no lock. A table of places that has become too small stays, for those that look.
 * - Only the holder of `making` fills a slot.
 * - slot.ledger is given and taken by the slot's keeper alone; whoever finds it there enters it
 *   under the lock, so that the keeper knows of all who use it.
 * - A slot has a keeper while `kept`; one that is at rest (bank_rest.c) has none, and is CLOSED.
 *
 * Lock order: making, opening or taking -> whatever ledger_open() takes; a slot's lock -> nothing.
 */

enum {
    BANK_SLOTS = 1024, /* in a piece of them */
    BANK_WAKES = 3,    /* leaves a session (errands.h) for those that are closed */
    BANK_GIVES = 8,    /* how many are on their way at the same time */
};

struct bank_slot {
    struct bank *bank;
    int number; /* in the database */
    char name[LEASE_NAME];
    const char *strategy; /* of its kind, static */
    int64_t free_ns;      /* the keeper's own: since when it has seen nobody have it; 0: not now */
    int64_t given_ns, refused_ns; /* the same: on its way since, could not be given at; 0: not */
    uint64_t told_seq; /* the load duty's own: how far it was when that looked last; 0: not open */

    _Atomic bool kept;         /* it has a keeper; set and unset under the lock */
    _Atomic bool rests;        /* its keeper shall close it, if nobody uses it */
    bool has_rested;           /* the keeper's own: it has */
    _Atomic bool has_room;     /* set by the keeper: it is one of those that may be open */
    _Atomic int64_t rested_ns; /* when; 0: never */

    struct co_lock lock;     /* guards what follows */
    struct ledger *ledger;   /* NULL: not open here */
    enum ledger_state state; /* then: CLOSED, OPENING, ELSEWHERE, LOST */
    bool asked;              /* somebody waits for it */
    unsigned given_up;       /* how often whoever waited for it was told that it does not open */
    uint64_t uses;           /* how often it was entered for a request, and when last */
    int64_t used_ns;
    char why[LEDGER_REASON];
    bool settled; /* it has been open, or could not be */
    bool given;   /* it is not open any more, and has yet to be given free */
    bool moves; /* it goes from one server that lives to another: whoever wants it waits a while */
    struct ledger *followed;   /* another server's, as it is followed here; NULL: it is not */
    char wrong[LEDGER_REASON]; /* with what was followed; "": nothing */
    struct lease_place had;    /* what was followed, and the database has lost; batch 0: nothing */
    bool follows;              /* the keeper's: `following` was started */
    struct co_duty following;
};

struct bank_places {            /* by name: the number of a slot, from 1; 0: none */
    struct bank_places *before; /* the one that it replaced */
    size_t size;                /* a power of 2, four times as many as there are slots at least */
    _Atomic uint32_t at[];
};

struct bank {
    char *conninfo, *read_conninfo, *strategies, *follow, *url, *place, *witness, *main_is_in;
    enum bank_admission (*admits)(void *arg, const char *name);
    void *admits_arg;
    bool accepts_lost;
    int64_t patience_ms, rebalance_ms, idle_ms, leave_ms;
    size_t max_ledgers, max_open;
    struct co_duty load_duty, rest_duty;
    struct co_semaphore room; /* for those that are open */
    _Atomic size_t resting;   /* how many are about to make some */
    struct readers *readers;
    _Atomic(struct replica *) replica; /* NULL: none */
    struct duties *duties;
    struct lease *lease;         /* NULL: not yet */
    struct committer *committer; /* the same */
    struct co_context *running;  /* ends when it is to be closed */
    struct co_waitgroup keepers;
    void (*keeper)(void *slot); /* the work of each: bank_keeper() */
    struct co_eventcount progress;
    struct co_mutex making, opening; /* opening: one journal is folded at a time */
    struct co_semaphore waking;      /* of those at rest BANK_WAKES: somebody waits for each */
    struct co_mutex taking;          /* one that is followed is taken at a time */
    struct co_semaphore reading;     /* and one is read in order to follow it */
    struct co_semaphore giving;      /* and BANK_GIVES are given to others: what waits for them must
                                        not wait until those others have taken all */
    _Atomic size_t catching_up, count; /* catching_up: for those that follow */
    _Atomic bool open, lost, is_read;  /* is_read: what there was at the start is known */
    _Atomic bool leaving; /* what it has goes to other servers, and nothing is taken any more */
    _Atomic(struct bank_slot *) slots[BANK_LEDGERS_MAX / BANK_SLOTS];
    _Atomic(struct bank_places *) places;

    struct co_lock lock;     /* guards what follows */
    uint64_t steps;          /* of progress */
    char why[LEDGER_REASON]; /* it is not open */
};

/* The slot of that index, below `count`. */
struct bank_slot *bank_slot_at(struct bank *bank, size_t index);

/* The slot of a ledger; NULL: there is none. Never parks. */
struct bank_slot *bank_slot_find(struct bank *bank, const char *name);

void bank_slot_free(struct bank *bank); /* all of them, with their places */

/* Enter the ledger of that slot; NULL: it is not open. That is not a use of it. Never parks. */
struct ledger *bank_slot_enter(struct bank_slot *slot);

/* As bank_find_moving(), but one that is at rest does not move. */
enum ledger_status bank_slot_use(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves);

/* What follows the colon of a reason is for the log. */
void bank_cut_reason(char why[LEDGER_REASON]);

/* Give a slot a keeper, unless it has one; `asked`: whoever calls waits for the ledger. False:
 * memory is short. Never parks. */
CO_MUST_CHECK bool bank_keep(struct bank_slot *slot, bool asked);

/* Take a slot for a ledger, which has no keeper yet (bank_keep()), and is found by its name from
 * now on; the caller holds `making`. NULL: memory is short. */
struct bank_slot *bank_slot_add(
    struct bank *bank, int number, const char *name, const char *strategy);

/* The works of keepers, and of `load_duty`. */
void bank_keeper(void *slot);
void bank_tell_load(void *bank);

/* How its ledger is opened. */
void bank_slot_options(const struct bank_slot *slot, struct ledger_options *options);

/* Tell whoever waits for it that something has changed. */
void bank_step(struct bank *bank);

#endif
