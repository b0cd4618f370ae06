/* SPDX-License-Identifier: MIT */
#include "ledger/domain/account.h"

#include <string.h>

#include "ledger/domain/name.h"

/* Known by its address; to a reader of JSON it is a text, too. */
const char account_far[] = "null";

bool account_id_is_valid(const char *id)
{
    return name_is_valid(id, ACCOUNT_ID_MAX);
}

bool account_id_is_free(const char *id)
{
    return account_id_is_valid(id) && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

money account_available_with(const struct account *account, money balance, money held)
{
    /* Without a floor, or beyond the range of amounts, anything can be taken: capped at the
     * largest. */
    money available;
    if (!account->has_floor || !money_add(balance, -(account->floor + held), &available))
        return money_max();
    return available;
}

money account_available(const struct account *account)
{
    return account_available_with(account, account->balance, account->held);
}
