/* SPDX-License-Identifier: MIT */
/* All but known_ns is guarded by the lease's lock. */
#include "ledger/lease/lease_interest.h"

#include "ledger/lease/lease_private.h"

void lease_interest(struct lease *lease, struct lease_interest *interest, int ledger, uint64_t has,
    int64_t known_ns)
{
    *interest = (struct lease_interest){.ledger = ledger, .has = has, .known_ns = known_ns};
    co_lock_take(&lease->lock);
    interest->next = lease->interests;
    lease->interests = interest;
    co_lock_drop(&lease->lock);
}

void lease_interest_end(struct lease *lease, const struct lease_interest *interest)
{
    co_lock_take(&lease->lock);
    struct lease_interest **at = &lease->interests;
    while (*at && *at != interest)
        at = &(*at)->next;
    if (*at)
        *at = interest->next;
    co_lock_drop(&lease->lock);
}

/* Under the lock. A look may end later than one that has said more. */
static void note_known(struct lease_interest *interest, int64_t known_ns)
{
    if (known_ns > atomic_load(&interest->known_ns))
        atomic_store(&interest->known_ns, known_ns);
}

void lease_tell_interests(struct lease *lease)
{
    co_lock_take(&lease->lock);
    int64_t asked_ns = lease->rows_asked_ns;
    for (struct lease_interest *each = lease->interests; each; each = each->next) {
        const struct lease_known *row = lease_search(lease, each->ledger);
        if (!each->asked || !row)
            continue;
        each->told_ns = asked_ns;
        if (each->has >= row->batch)
            note_known(each, asked_ns);
        /* Rows that are as they were do not come. */
        if (row->asked_ns == asked_ns)
            co_eventcount_advance(&each->moved, ++each->moves);
    }
    co_lock_drop(&lease->lock);
}

bool lease_interest_told(struct lease *lease, const struct lease_interest *interest,
    struct lease_row *row, int64_t *told_ns)
{
    co_lock_take(&lease->lock);
    const struct lease_known *known = lease_search(lease, interest->ledger);
    *told_ns = interest->told_ns;
    bool is_told = known && *told_ns != 0;
    if (is_told)
        lease_copy_row(lease, known, row);
    co_lock_drop(&lease->lock);
    return is_told;
}

void lease_interest_has(
    struct lease *lease, struct lease_interest *interest, uint64_t batch, int64_t known_ns)
{
    co_lock_take(&lease->lock);
    interest->has = batch;
    note_known(interest, known_ns);
    co_lock_drop(&lease->lock);
}

int64_t lease_interest_known_ns(const struct lease_interest *interest)
{
    return atomic_load(&interest->known_ns);
}

bool lease_interest_await(
    struct co_context *context, struct lease_interest *interest, uint64_t *seen)
{
    enum co_eventcount_status status = co_eventcount_await(context, &interest->moved, *seen + 1);
    *seen = co_eventcount_read(&interest->moved);
    return status == CO_EVENTCOUNT_REACHED;
}
