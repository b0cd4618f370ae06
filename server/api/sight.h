/* SPDX-License-Identifier: MIT */
/* What a token that is bound to accounts may touch and see. A token that is not costs nothing. */
#ifndef SERVER_API_SIGHT_H
#define SERVER_API_SIGHT_H

#include "server/api/call.h"

/* The account that the member of the object at `place` (NULL: the body, or a parameter) names;
 * false: refused. What it says does not depend on whether there is such an account. */
CO_MUST_CHECK bool sight_may_touch(
    struct call *call, const struct call_place *place, const char *member, const char *account);

/* All accounts of an entry: else it is for this token as if it were not there. */
bool sight_has(const struct call *call, const struct entry *entry);

/* Before the transfer or hold at that position is changed; false: refused, as one that is not there
 * (`missing`) is. Parks. */
CO_MUST_CHECK bool sight_of(struct call *call, uint64_t position, enum ledger_status missing);

#endif
