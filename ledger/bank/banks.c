/* SPDX-License-Identifier: MIT */
/* The banks of a service from their making to their closing. */
#include "ledger/bank/banks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/bank/bank_turn.h"
#include "ledger/bank/banks_private.h"

/* ---- making -------------------------------------------------------------------------------- */

/* What the first has acknowledged is in the file of that name, as that of one database alone. */
static bool name_witness(const struct banks *banks, struct branch *branch)
{
    const char *path = banks->each.witness;
    bool is_first = branch == banks->branches;
    return !path || asprintf(&branch->witness, "%s%s%s", path, is_first ? "" : ".",
                        is_first ? "" : branch->name) >= 0;
}

static const char *find_read(const struct banks_options *options, const char *name)
{
    size_t index;
    bool there = options->reads && database_list_find(options->reads, name, &index);
    return there ? options->reads->rows[index].conninfo : NULL;
}

struct banks *banks_make(const struct banks_options *options, char *error, size_t size)
{
    struct banks *banks = calloc(1, sizeof *banks);
    bool good = banks && (banks->running = co_context_with_cancel(co_context_background()));
    snprintf(error, size, "out of memory");
    if (banks)
        banks->each = options->each;
    for (size_t i = 0; good && i < options->databases->count; i++) {
        struct branch *branch = &banks->branches[banks->count++];
        branch->banks = banks;
        branch->name = options->databases->rows[i].name;
        branch->conninfo = options->databases->rows[i].conninfo;
        branch->read_conninfo = find_read(options, branch->name);
        snprintf(branch->why, sizeof branch->why, "the database is being opened");
        good = name_witness(banks, branch);
    }
    /* The first says whether the options are good for any. */
    struct bank *first = good ? banks_make_branch(&banks->branches[0], error, size) : NULL;
    if (first) {
        atomic_store(&banks->branches[0].bank, first);
        return banks;
    }
    banks_close(&banks);
    return NULL;
}

bool banks_open(struct co_context *context, struct banks *banks, char *error, size_t size)
{
    struct branch *first = &banks->branches[0];
    if (!bank_open(context, atomic_load(&first->bank), error, size))
        return false;
    atomic_store(&first->is_open, true);
    if (!banks_begin_others(banks)) {
        snprintf(error, size, "out of memory");
        return false;
    }
    banks_await_others(context, banks);
    return true;
}

/* ---- all of them, at the same time ---------------------------------------------------------- */

struct errand {
    struct bank *bank;
    void (*work)(struct bank *bank);
    struct co_waitgroup *done;
};

static void run_errand(void *arg)
{
    const struct errand *errand = arg;
    errand->work(errand->bank);
    co_waitgroup_done(errand->done);
}

/* Those that there are, from that one on. One that is away must not keep the others waiting. */
static void for_each(struct banks *banks, size_t from, void (*work)(struct bank *bank))
{
    struct errand errands[DATABASE_LIST_MAX];
    struct co_waitgroup done = {.state = 0};
    for (size_t i = banks->count; i-- > from;) {
        struct bank *bank = atomic_load(&banks->branches[i].bank);
        if (!bank)
            continue;
        errands[i] = (struct errand){bank, work, &done};
        co_waitgroup_add(&done, 1);
        /* The first, and where memory is short: here. */
        if (i == 0 || !co_spawn_named("bank errand", run_errand, &errands[i]))
            run_errand(&errands[i]);
    }
    co_waitgroup_wait(&done);
}

void banks_leave(struct banks *banks)
{
    for_each(banks, 0, bank_leave);
}

void banks_turn(struct banks *banks)
{
    for_each(banks, 0, bank_turn);
}

static void free_branch(struct branch *branch)
{
    free(branch->witness);
    free(branch->ours.names);
    free(branch->others.names);
    free(branch->ceded.names);
}

static void close_one(struct bank *bank)
{
    bank_close(&bank);
}

void banks_close(struct banks **banks)
{
    struct banks *closed = *banks;
    *banks = NULL;
    if (!closed)
        return;
    /* Those that are still being opened are closed by their openers. */
    if (closed->running) {
        co_context_cancel(closed->running);
        co_waitgroup_wait(&closed->openers);
    }
    /* The attendants of the others ask the first (banks_admits()) until they are closed. */
    for_each(closed, 1, close_one);
    if (closed->count > 0 && atomic_load(&closed->branches[0].bank))
        close_one(atomic_load(&closed->branches[0].bank));
    if (closed->running)
        co_context_release(&closed->running);
    for (size_t i = 0; i < closed->count; i++)
        free_branch(&closed->branches[i]);
    free(closed);
}
