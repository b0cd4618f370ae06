/* SPDX-License-Identifier: MIT */
/* What a ledger does with the database besides writing: checkpoints and reads. */
#include "ledger/journal/store.h"

#include <stdio.h>
#include <string.h>

#include "ledger/lease/lease_wait.h"

#define STATE_WRONG_SUMS "TL003" /* a checkpoint finds other sums than were written */

void store_vouch(struct store *store, const struct replica_place *place)
{
    co_lock_take(&store->lock);
    store->vouched = *place;
    co_lock_drop(&store->lock);
}

/* Where that can be, of the replica: but not what it does not have yet. */
static enum pg_status read_followed(struct co_context *context, struct store *store,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result)
{
    if (replica_is_good(store->replica)) {
        co_lock_take(&store->lock);
        struct replica_place place = store->vouched;
        co_lock_drop(&store->lock);
        if (replica_run(context, store->replica, &place, statement, values, result) == PG_OK)
            return PG_OK;
    }
    return readers_run(context, store->readers, statement, values, result);
}

enum pg_status store_read(struct co_context *context, struct store *store,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result)
{
    struct lease_wait wait;
    if (result)
        *result = NULL;
    if (atomic_load(&store->standing) == STORE_FOLLOWED)
        return read_followed(context, store, statement, values, result);
    if (atomic_load(&store->standing) == STORE_BROKEN)
        return PG_LOST;
    if (lease_await(context, &store->claim) != CO_EVENTCOUNT_REACHED ||
        !lease_wait_begin(&wait, context, store->lease))
        return PG_LOST;
    enum pg_status status = readers_run(wait.context, store->readers, statement, values, result);
    lease_wait_end(&wait);
    return status;
}

void store_acknowledge(struct store *store, uint64_t seq)
{
    struct lease_place place = {.epoch = store->epoch, .batch = store->batch, .seq = seq};
    memcpy(place.hash, store->hash, sizeof place.hash);
    lease_acknowledge(&store->claim, &place);
}

/* ---- checkpoints --------------------------------------------------------------------------- */

/* Any other refusal (rights, a full disk) says nothing about the journal. */
static bool adds_up(const char *state)
{
    return strcmp(state, STATE_WRONG_SUMS) != 0 && strncmp(state, "22", 2) != 0 &&
           strncmp(state, "23", 2) != 0;
}

enum store_outcome store_checkpoint(
    struct co_context *context, struct pg *pg, int ledger, uint64_t seq, char *why, size_t size)
{
    static const struct pg_statement advance = {
        2, "SELECT checkpoint_advance($1::int, $2::bigint)" STORE_LOCK_BOUND};
    char number[16], upto[24];
    const char *values[] = {number, upto};
    snprintf(number, sizeof number, "%d", ledger);
    snprintf(upto, sizeof upto, "%lu", seq);
    enum pg_status status = pg_run(context, pg, &advance, values, NULL);
    if (status == PG_OK)
        return STORE_COMMITTED;
    snprintf(why, size, "%s", pg_message(pg));
    return status == PG_LOST || adds_up(pg_sqlstate(pg)) ? STORE_RETRY : STORE_REFUSED;
}
