/* SPDX-License-Identifier: MIT */
/* Where a new ledger is to live. */
#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks_private.h"

/* Not one that went away since, or has lost something. */
static bool takes_more(struct bank *bank)
{
    return bank && !bank_is_lost(bank) && lease_is_good(bank->lease);
}

/* The open one that has the fewest; of those the first. */
static size_t emptiest(struct banks *banks)
{
    size_t best = 0;
    for (size_t i = 1; i < banks->count; i++)
        if (takes_more(banks_at(banks, i)) &&
            bank_count(banks_at(banks, i)) < bank_count(banks_at(banks, best)))
            best = i;
    return best;
}

enum ledger_status banks_create(struct co_context *context, struct banks *banks,
    const struct banks_wanted *wanted, struct ledger **ledger, bool *created)
{
    size_t index, chosen;
    *ledger = NULL;
    *created = false;
    if (wanted->database && !banks_index(banks, wanted->database, &chosen))
        return LEDGER_UNAVAILABLE;
    if (!wanted->database)
        chosen = emptiest(banks);
    if (!banks_home(banks, wanted->name, &index)) {
        index = chosen;
        if (!banks_reserve(context, banks, wanted->name, &index))
            return LEDGER_UNAVAILABLE;
    }
    /* The same name in another database would not be the same. */
    if (wanted->database && index != chosen)
        return LEDGER_LEDGER_EXISTS;
    struct bank *bank = index < banks->count ? banks_at(banks, index) : NULL;
    if (!bank)
        return LEDGER_UNAVAILABLE;
    return bank_create(context, bank, wanted->name, wanted->strategy, ledger, created);
}
