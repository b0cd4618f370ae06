/* SPDX-License-Identifier: MIT */
/* In which database a ledger lives, and then: as the bank says. */
#include "coro/clock.h"
#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks_private.h"

enum { UNSURE_MS = 10000 }; /* each look asks again, and may have to wait for an answer */

/* One that nobody has is looked for in the first, which says so. */
static struct bank *home_of(struct banks *banks, const char *name)
{
    size_t index;
    (void)banks_home(banks, name, &index);
    return banks_at(banks, index);
}

/* Could the first not be asked, lately? Then there may be ledgers here that nobody knows yet. */
static bool is_unsure(const struct branch *branch)
{
    int64_t since_ns = atomic_load(&branch->unsure_ns);
    return since_ns && co_clock_now_ns() - since_ns < UNSURE_MS * CO_CLOCK_MS;
}

/* Is it known of each database what ledgers it has? */
static bool knows_all(struct banks *banks)
{
    for (size_t i = 0; i < banks->count; i++)
        if (!banks_at(banks, i) || is_unsure(&banks->branches[i]))
            return false;
    return true;
}

static enum ledger_status unless_unknown(struct banks *banks, enum ledger_status status)
{
    return status == LEDGER_LEDGER_NOT_FOUND && !knows_all(banks) ? LEDGER_UNAVAILABLE : status;
}

enum ledger_status banks_find(struct banks *banks, const char *name, struct ledger **ledger)
{
    return unless_unknown(banks, bank_find(home_of(banks, name), name, ledger));
}

enum ledger_status banks_await(
    struct co_context *context, struct banks *banks, const char *name, struct ledger **ledger)
{
    enum banks_learned learned = banks_learn(context, banks, name);
    *ledger = NULL;
    if (learned == BANKS_ABROAD || learned == BANKS_UNSURE)
        return LEDGER_UNAVAILABLE;
    return unless_unknown(banks, bank_await(context, home_of(banks, name), name, ledger));
}

enum ledger_status banks_find_moving(
    struct banks *banks, const char *name, struct ledger **ledger, bool *moves)
{
    return unless_unknown(banks, bank_find_moving(home_of(banks, name), name, ledger, moves));
}

enum ledger_status banks_find_followed(
    struct banks *banks, const char *name, struct ledger **ledger)
{
    return unless_unknown(banks, bank_find_followed(home_of(banks, name), name, ledger));
}

bool banks_owner(struct banks *banks, const char *name, struct bank_owner *owner)
{
    size_t index;
    (void)banks_home(banks, name, &index);
    bool known = bank_owner(banks_at(banks, index), name, owner);
    owner->database = index;
    return known;
}

enum bank_want banks_want(
    struct co_context *context, struct banks *banks, const char *name, uint64_t server)
{
    enum bank_want want = bank_want(context, home_of(banks, name), name, server);
    return want == BANK_NO_LEDGER && !knows_all(banks) ? BANK_AWAY : want;
}
