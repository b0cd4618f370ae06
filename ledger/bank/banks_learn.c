/* SPDX-License-Identifier: MIT */
/* A name that no bank knows: another server may have made that ledger a moment ago. The first
 * database says whose the name is, and that one whether it has it. */
#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks_private.h"
#include "ledger/lease/lease_ask.h"

/* That database has it, so a look brings it. */
static enum banks_learned await_known(
    struct co_context *context, struct bank *bank, const char *name)
{
    return bank_await_known(context, bank, name) ? BANKS_KNOWN : BANKS_UNSURE;
}

/* By the word of the first it is in that one, or will be: a name may be reserved, and not made. */
static enum banks_learned learn_there(
    struct co_context *context, struct banks *banks, size_t home, const char *name)
{
    struct lease_named named;
    struct bank *bank = banks_at(banks, home);
    if (!bank || !lease_ask(context, bank->lease, name, &named))
        return BANKS_UNSURE;
    return named.is_there ? await_known(context, bank, name) : BANKS_NONE;
}

enum banks_learned banks_learn(struct co_context *context, struct banks *banks, const char *name)
{
    struct bank *first = banks_at(banks, 0);
    struct lease_named named;
    size_t home;
    if (banks_home(banks, name, &home))
        return BANKS_KNOWN;
    if (!bank_name_is_valid(name))
        return BANKS_NONE;
    if (!first->lease || !lease_ask(context, first->lease, name, &named))
        return BANKS_UNSURE;
    if (!*named.home)
        return named.is_there ? await_known(context, first, name) : BANKS_NONE;
    if (!banks_index(banks, named.home, &home))
        return BANKS_ABROAD;
    return learn_there(context, banks, home, name);
}
