/* SPDX-License-Identifier: MIT */
#include "server/api/sight.h"

#include "ledger/ledger.h"

bool sight_may_touch(
    struct call *call, const struct call_place *place, const char *member, const char *account)
{
    if (token_grant_has_account(&call->grant, account))
        return true;
    call_refuse(call, place, member, "is not below one of the prefixes that the token is bound to");
    /* Nothing is wrong with the request itself. */
    call->refusal.problem = &problem_forbidden;
    return false;
}

bool sight_has(const struct call *call, const struct entry *entry)
{
    const struct token_grant *grant = &call->grant;
    if (!grant->prefixes)
        return true;
    /* One that names no account tells nothing of any: a batch names entries by their positions. */
    if (entry->account && !token_grant_has_account(grant, entry->account->id))
        return false;
    for (uint32_t i = 0; i < entry->posting_count; i++)
        if (!token_grant_has_account(grant, entry->postings[i].from->id) ||
            !token_grant_has_account(grant, entry->postings[i].to->id))
            return false;
    return true;
}

bool sight_of(struct call *call, uint64_t position, enum ledger_status missing)
{
    struct entry *entry = NULL;
    uint64_t seq = 0;
    if (!call->grant.prefixes)
        return true;
    enum ledger_status status =
        ledger_entry(call_context(call), call->ledger, position, &entry, &seq);
    /* The accounts of an entry never change, so what is seen here holds for what follows. */
    if (status == LEDGER_TRANSFER_NOT_FOUND || (status == LEDGER_OK && !sight_has(call, entry)))
        status = missing;
    if (entry)
        entry_drop(&entry);
    if (status != LEDGER_OK)
        call_refuse_status(call, status, seq);
    return status == LEDGER_OK;
}
