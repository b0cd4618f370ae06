/* SPDX-License-Identifier: MIT */
/*
 * How the accounts' shared state is kept safe. A section is a function that reads and changes some
 * accounts; the strategy sees to it that no two sections which share an account run concurrently,
 * and that all sections are in one order that each account's history agrees with.
 *
 *   owner    one coroutine runs every section, in the order in which a channel brings them
 *   sharded  each account belongs to one of 256 mutexes; a section runs under those of its accounts
 *
 * Both are held to the same tests, and give the same answers.
 */
#ifndef LEDGER_STRATEGY_STRATEGY_H
#define LEDGER_STRATEGY_STRATEGY_H

#include <stddef.h>

#include "coro/ensure.h"
#include "ledger/domain/account.h"

struct strategy;

enum { STRATEGY_BUSIEST = 8 };

/* What waits for its turn, and where. Figures of places that go on meanwhile. */
struct strategy_figures {
    uint32_t waiting;  /* sections that wait: in the queue, or for one of their mutexes */
    uint32_t capacity; /* of the queue, beyond which senders wait too; 0: there is none */
    uint32_t places;   /* mutexes; 0: there are none */
    uint32_t held;     /* of those */
    size_t busiest_count;
    struct {
        uint32_t place, waiting;
    } busiest[STRATEGY_BUSIEST]; /* the mutexes that most wait for, most first */
};

/* What each of the two provides (owner.c, sharded.c). */
struct strategy_kind {
    const char *name;
    const char *how;                /* in one sentence, for people */
    struct strategy *(*make)(void); /* NULL when memory is short */
    void (*run)(struct strategy *strategy, struct account *const *accounts, size_t count,
        void (*section)(void *arg), void *arg);
    void (*free)(struct strategy *strategy);
    void (*read_figures)(struct strategy *strategy, struct strategy_figures *figures);
};

extern const struct strategy_kind owner_strategy, sharded_strategy;

struct strategy {
    const struct strategy_kind *kind;
};

/* The one whose name these `length` bytes are; NULL: there is none. Thread-safe. */
const struct strategy_kind *strategy_find(const char *name, size_t length);

/* By name; NULL: there is no such strategy, or memory is short. */
CO_MUST_CHECK struct strategy *strategy_make(const char *name);

/* No section may be running or waiting. */
void strategy_free(struct strategy **strategy);

/* Run section(arg), which touches these accounts and no others (NULL: it may touch all of them, and
 * what every section reads), and return when it has run. May park; the section itself must not.
 * Only from coroutines. */
void strategy_run(struct strategy *strategy, struct account *const *accounts, size_t count,
    void (*section)(void *arg), void *arg);

/* Never parks. */
void strategy_read_figures(struct strategy *strategy, struct strategy_figures *figures);

#endif
