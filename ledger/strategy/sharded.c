/* SPDX-License-Identifier: MIT */
/*
 * The sharded strategy: share memory under locks. Each account belongs to one of 256 mutexes, by
 * its place in the table; a section takes the mutexes of all its accounts, in rising order of their
 * index, and each once. A set of bits does both the sorting and the removal of doubles.
 *
 * Why the place: it is there before the account is open, unlike the number, and never changes. It
 * spreads accounts evenly, nobody can choose ids that meet, and two runs that add accounts in the
 * same order share the same mutexes, which would not be so of an address.
 *
 * Lock order: mutex[0] -> mutex[1] -> ... -> mutex[255] -> the journal's spin lock.
 */
#include "ledger/strategy/strategy.h"

#include <stdlib.h>
#include <string.h>

#include "coro/mutex.h"
#include "coro/schedule.h"

enum { SHARDS = 256, WORD = 64 };

struct sharded {
    struct strategy strategy;
    struct co_mutex mutexes[SHARDS];
};

struct shard_set {
    uint64_t bits[SHARDS / WORD];
};

static unsigned shard_of(const struct account *account)
{
    return account->place % SHARDS;
}

static struct shard_set shards_of(struct account *const *accounts, size_t count)
{
    struct shard_set set = {{0}};
    if (!accounts)
        memset(&set, 0xff, sizeof set);
    for (size_t i = 0; accounts && i < count; i++) {
        unsigned shard = shard_of(accounts[i]);
        set.bits[shard / WORD] |= UINT64_C(1) << (shard % WORD);
    }
    return set;
}

static void for_each_shard(
    struct sharded *sharded, const struct shard_set *set, void (*act)(struct co_mutex *mutex))
{
    for (unsigned word = 0; word < SHARDS / WORD; word++)
        for (uint64_t bits = set->bits[word]; bits; bits &= bits - 1)
            act(&sharded->mutexes[word * WORD + (unsigned)__builtin_ctzll(bits)]);
}

static struct strategy *sharded_make(void)
{
    struct sharded *sharded = calloc(1, sizeof *sharded);
    if (!sharded)
        return NULL;
    sharded->strategy.kind = &sharded_strategy;
    return &sharded->strategy;
}

static void sharded_run(struct strategy *strategy, struct account *const *accounts, size_t count,
    void (*section)(void *arg), void *arg)
{
    struct sharded *sharded = (struct sharded *)strategy;
    struct shard_set set = shards_of(accounts, count);
    co_schedule_mark("the mutexes");
    for_each_shard(sharded, &set, co_mutex_lock);
    section(arg);
    co_schedule_mark("in the same order");
    for_each_shard(sharded, &set, co_mutex_unlock);
}

static void sharded_free(struct strategy *strategy)
{
    free(strategy);
}

/* Into the list of the busiest ones, if it is one of them. */
static void rank(struct strategy_figures *figures, uint32_t place, uint32_t waiting)
{
    size_t at = figures->busiest_count;
    while (at > 0 && figures->busiest[at - 1].waiting < waiting)
        at--;
    if (at == STRATEGY_BUSIEST)
        return;
    if (figures->busiest_count < STRATEGY_BUSIEST)
        figures->busiest_count++;
    /* Those that fewer wait for move down, the last one out of the list. */
    memmove(&figures->busiest[at + 1], &figures->busiest[at],
        (figures->busiest_count - 1 - at) * sizeof figures->busiest[0]);
    figures->busiest[at].place = place;
    figures->busiest[at].waiting = waiting;
}

static void sharded_read_figures(struct strategy *strategy, struct strategy_figures *figures)
{
    struct sharded *sharded = (struct sharded *)strategy;
    figures->places = SHARDS;
    for (uint32_t i = 0; i < SHARDS; i++) {
        uint32_t waiting = co_mutex_waiting(&sharded->mutexes[i]);
        figures->held += co_mutex_is_held(&sharded->mutexes[i]);
        figures->waiting += waiting;
        if (waiting > 0)
            rank(figures, i, waiting);
    }
}

const struct strategy_kind sharded_strategy = {.name = "sharded",
    .how = "Each account belongs to one of 256 mutexes; what is to be decided takes those of its "
           "accounts in rising order, and holds them while it decides.",
    .make = sharded_make,
    .run = sharded_run,
    .free = sharded_free,
    .read_figures = sharded_read_figures};
