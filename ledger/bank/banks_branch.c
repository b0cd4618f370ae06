/* SPDX-License-Identifier: MIT */
/* The databases of the service: by number and name, how each is, and which has a ledger. */
#include <stdio.h>
#include <string.h>

#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks_private.h"

size_t banks_count(struct banks *banks)
{
    return banks->count;
}

const char *banks_database(struct banks *banks, size_t index)
{
    return banks->branches[index].name;
}

bool banks_index(struct banks *banks, const char *database, size_t *index)
{
    for (*index = 0; *index < banks->count; (*index)++)
        if (strcmp(banks->branches[*index].name, database) == 0)
            return true;
    return false;
}

struct bank *banks_at(struct banks *banks, size_t index)
{
    return atomic_load(&banks->branches[index].bank);
}

bool banks_is_open(struct banks *banks, char why[LEDGER_REASON])
{
    return bank_is_open(banks_at(banks, 0), why);
}

bool banks_is_well(struct banks *banks, size_t index, char why[LEDGER_REASON])
{
    struct branch *branch = &banks->branches[index];
    *why = '\0';
    if (!atomic_load(&branch->is_open)) {
        co_lock_take(&branch->lock);
        if (!branch->opening)
            memcpy(why, branch->why, LEDGER_REASON);
        else if (bank_is_open(branch->opening, why) || !*why)
            snprintf(why, LEDGER_REASON, "the database is being opened");
        co_lock_drop(&branch->lock);
        return false;
    }
    if (!bank_is_lost(banks_at(banks, index)))
        return true;
    snprintf(why, LEDGER_REASON, "the database has lost what was acknowledged");
    return false;
}

bool banks_is_lost(struct banks *banks)
{
    return bank_is_lost(banks_at(banks, 0));
}

uint64_t banks_server_id(size_t database, uint64_t server)
{
    return server * DATABASE_LIST_MAX + database;
}

uint64_t banks_server_of(uint64_t id, size_t *database)
{
    *database = id % DATABASE_LIST_MAX;
    return id / DATABASE_LIST_MAX;
}

bool banks_home(struct banks *banks, const char *name, size_t *index)
{
    for (*index = 0; *index < banks->count; (*index)++) {
        struct bank *bank = banks_at(banks, *index);
        if (bank && bank_slot_find(bank, name))
            return true;
    }
    *index = 0;
    return false;
}
