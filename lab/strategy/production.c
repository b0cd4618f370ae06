/* SPDX-License-Identifier: MIT */
/*
 * The two strategies that the ledger itself uses, as they are: ledger/strategy/owner.c and
 * sharded.c, the very objects that serve real money. Here the accounts stand for cells, and the
 * section checks and acts on those.
 */
#include "lab/strategy/strategies.h"

#include <stdlib.h>

#include "lab/machine/operation.h"
#include "lab/machine/trial.h"
#include "lab/strategy/check_and_act.h"
#include "ledger/strategy/strategy.h"

struct job {
    struct operation *op;
    bool may;
};

struct production {
    struct strategy *strategy;
    struct job *jobs; /* one for each client: a strategy that is broken may run one too late */
    size_t count;
    struct account *accounts[]; /* one for each cell */
};

static void free_all(void *state)
{
    struct production *production = state;
    for (size_t i = 0; production && i < production->count; i++)
        free(production->accounts[i]);
    if (production)
        free(production->jobs);
    free(production);
}

static void *make(struct trial *trial, const char *name)
{
    size_t count = (size_t)trial->cell_count;
    struct production *production =
        calloc(1, sizeof *production + count * sizeof *production->accounts);
    if (!production)
        return NULL;
    production->jobs = calloc((size_t)trial->clients, sizeof *production->jobs);
    for (size_t i = 0; i < count; i++) {
        struct account *account = aligned_alloc(_Alignof(struct account), sizeof *account);
        if (!account)
            break;
        *account = (struct account){.number = i + 1, .place = (uint32_t)i};
        production->accounts[production->count++] = account;
    }
    if (production->count == count && production->jobs)
        production->strategy = strategy_make(name);
    if (production->strategy)
        return production;
    free_all(production);
    return NULL;
}

static void *make_owner(struct trial *trial)
{
    return make(trial, "owner");
}

static void *make_sharded(struct trial *trial)
{
    return make(trial, "sharded");
}

/* Runs while nobody else touches the accounts of its operation; the strategy sees to that. */
static void section(void *arg)
{
    struct job *job = arg;
    job->may = check_and_act(job->op);
}

static bool carry_out(void *state, struct operation *op)
{
    struct production *production = state;
    /* The strategy knows accounts alone: it is given the ones that stand for the cells. */
    struct account *accounts[OPERATION_CELLS];
    for (int i = 0; i < op->count; i++)
        accounts[i] = production->accounts[op->cells[i]->number];
    struct job *job = &production->jobs[op->number];
    *job = (struct job){.op = op};
    strategy_run(production->strategy, accounts, (size_t)op->count, section, job);
    return job->may;
}

static void stop(void *state)
{
    struct production *production = state;
    strategy_free(&production->strategy);
}

const struct lab_strategy production_owner_strategy = {
    .name = "owner",
    .title = "Owner",
    .safe = true,
    .why = "One coroutine owns all accounts and carries out one request after the other, as they "
           "come over its channel.",
    .go = "jobs <- job{section, done}\n"
          "<-done\n"
          "\n"
          "for j := range jobs {\n"
          "    j.section()\n"
          "    close(j.done)\n"
          "}",
    .files = {"ledger/strategy/owner.c", __FILE__},
    .make = make_owner,
    .carry_out = carry_out,
    .stop = stop,
    .free = free_all,
};

const struct lab_strategy production_sharded_strategy = {
    .name = "sharded",
    .title = "Sharded mutexes",
    .safe = true,
    .why = "Each account belongs to one of 256 mutexes; a request takes those of all its accounts, "
           "always in the same order.",
    .go = "for _, s := range sortedShards(accounts) {\n"
          "    shards[s].Lock()\n"
          "    defer shards[s].Unlock()\n"
          "}\n"
          "section()",
    .files = {"ledger/strategy/sharded.c", __FILE__},
    .make = make_sharded,
    .carry_out = carry_out,
    .stop = stop,
    .free = free_all,
};
