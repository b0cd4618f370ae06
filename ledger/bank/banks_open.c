/* SPDX-License-Identifier: MIT */
/* How the bank of a branch is made; and the databases behind the first: each is opened by a
 * coroutine of its own, which goes on trying for as long as it takes. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "ledger/bank/banks_private.h"
#include "ledger/notice.h"

enum {
    AWAY_MS = 5000,  /* how long a start waits for a database of which nothing has been read, */
    FOLD_MS = 60000, /* and for one whose ledgers are being opened */
    LOOK_MS = 20,
    AGAIN_MS = 5000, /* before one that has refused is tried again: someone may mend it */
};

struct bank *banks_make_branch(struct branch *branch, char *error, size_t size)
{
    struct bank_options options = branch->banks->each;
    options.conninfo = branch->conninfo;
    options.read_conninfo = branch->read_conninfo;
    options.witness = branch->witness;
    if (branch != branch->banks->branches) {
        options.main_is_in = branch->banks->branches[0].name;
        options.admits = banks_admits;
        options.admits_arg = branch;
    }
    return bank_make(&options, error, size);
}

static void set_opening(struct branch *branch, struct bank *bank, const char *why)
{
    co_lock_take(&branch->lock);
    branch->opening = bank;
    snprintf(branch->why, sizeof branch->why, "%s", why);
    co_lock_drop(&branch->lock);
}

/* False: it is not to be tried again. */
static bool note_refusal(struct branch *branch, bool lost, const char *error)
{
    struct co_select_case end = {
        .op = CO_SELECT_RECV, .chan = co_context_done(branch->banks->running)};
    if (co_context_err(branch->banks->running) != CO_CONTEXT_OK)
        return false;
    notice(NOTICE_TROUBLE, "database %s: %s", branch->name,
        lost ? "it has lost what was acknowledged; nothing is served from it" : error);
    atomic_store(&branch->has_refused, true);
    return !lost && co_select_timeout(&end, 1, AGAIN_MS * CO_CLOCK_MS) == CO_SELECT_NONE;
}

/* True: it is open, or is not to be tried again. */
static bool try_once(struct branch *branch)
{
    char error[LEDGER_REASON];
    struct bank *bank = banks_make_branch(branch, error, sizeof error);
    set_opening(branch, bank, "");
    if (bank && bank_open(branch->banks->running, bank, error, sizeof error)) {
        atomic_store(&branch->bank, bank);
        atomic_store(&branch->is_open, true);
        set_opening(branch, NULL, "");
        notice(NOTICE_INFO, "database %s: open", branch->name);
        return true;
    }
    bool lost = bank && bank_is_lost(bank);
    set_opening(branch, NULL,
        lost ? "the database has lost what was acknowledged" : "the database refuses this server");
    bank_close(&bank);
    return !note_refusal(branch, lost, error);
}

static void open_branch(void *arg)
{
    struct branch *branch = arg;
    while (!try_once(branch))
        ;
    co_waitgroup_done(&branch->banks->openers);
}

bool banks_begin_others(struct banks *banks)
{
    for (size_t i = 1; i < banks->count; i++) {
        co_waitgroup_add(&banks->openers, 1);
        if (!co_spawn_named("bank opener", open_branch, &banks->branches[i])) {
            co_waitgroup_done(&banks->openers);
            return false;
        }
    }
    return true;
}

/* Is a start to wait for it? */
static bool is_awaited(struct branch *branch, int64_t waited_ms)
{
    if (atomic_load(&branch->is_open) || atomic_load(&branch->has_refused))
        return false;
    co_lock_take(&branch->lock);
    bool is_read = branch->opening && bank_count(branch->opening) > 0;
    co_lock_drop(&branch->lock);
    return waited_ms < (is_read ? FOLD_MS : AWAY_MS);
}

void banks_await_others(struct co_context *context, struct banks *banks)
{
    int64_t began_ns = co_clock_now_ns();
    for (size_t i = 1; i < banks->count; i++)
        while (co_context_err(context) == CO_CONTEXT_OK &&
               is_awaited(&banks->branches[i], (co_clock_now_ns() - began_ns) / CO_CLOCK_MS))
            co_sleep(LOOK_MS * CO_CLOCK_MS);
}
