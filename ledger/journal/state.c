/* SPDX-License-Identifier: MIT */
#include "ledger/journal/state.h"

#include <stdio.h>

#include "coro/clock.h"
#include "ledger/journal/restore.h"

static bool read_end(
    struct co_context *context, struct store *store, struct state *state, char *error, size_t size)
{
    static const struct pg_statement last = {1,
        "SELECT no, last_seq, epoch, encode(hash, 'hex'), hash IS NOT NULL FROM batch"
        " WHERE ledger = $1 ORDER BY no DESC LIMIT 1"};
    enum { NO, LAST_SEQ, EPOCH, HASH, CHAINED };
    char number[16];
    const char *values[] = {number};
    struct pg_result *rows = NULL;
    snprintf(number, sizeof number, "%d", store->ledger);
    bool good = pg_run(context, store->opener, &last, values, &rows) == PG_OK;
    if (!good)
        snprintf(error, size, "%s", pg_message(store->opener));
    if (good && pg_rows(rows) == 1) {
        struct lease_place *end = &state->end;
        end->batch = (uint64_t)pg_number(rows, 0, NO);
        end->seq = (uint64_t)pg_number(rows, 0, LAST_SEQ);
        end->epoch = (uint64_t)pg_number(rows, 0, EPOCH);
        hash_of_hex(pg_text(rows, 0, HASH), end->hash, sizeof end->hash);
        state->chained = *pg_text(rows, 0, CHAINED) == 't';
    }
    pg_free(&rows);
    return good;
}

static bool read_all(
    struct co_context *context, struct store *store, struct state *state, char *error, size_t size)
{
    if (!fold_journal(context, store, state->accounts, &state->fold, error, size))
        return false;
    const struct restore restore = {.accounts = state->accounts,
        .holds = state->holds,
        .checkpoint = state->fold.checkpoint,
        .frozen = state->frozen,
        .freeze_seq = state->freeze_seq};
    return restore_state(context, store, &restore, error, size) &&
           read_end(context, store, state, error, size);
}

bool state_read(
    struct co_context *context, struct store *store, struct state *state, char *error, size_t size)
{
    struct pg *pg = store->opener;
    state->end = (struct lease_place){0};
    state->chained = false;
    state->asked_ns = co_clock_boot_ns();
    if (pg_script(context, pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") != PG_OK) {
        snprintf(error, size, "%s", pg_message(pg));
        return false;
    }
    if (!read_all(context, store, state, error, size))
        return false;
    if (pg_script(context, pg, "COMMIT") == PG_OK)
        return true;
    snprintf(error, size, "%s", pg_message(pg));
    return false;
}
