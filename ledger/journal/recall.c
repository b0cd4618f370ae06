/* SPDX-License-Identifier: MIT */
/*
 * The segments are believed as long as each begins where the one before ended and has its digest;
 * what follows the last good one is read from the journal, key by key. A key that comes twice,
 * after a failure on the way, does no harm.
 */
#include "ledger/journal/recall.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/row.h"
#include "ledger/db/tables.h"
#include "ledger/journal/record.h"
#include "ledger/memory/segment.h"
#include "ledger/notice.h"

enum { RETRY_S = 5, AT_ONCE = 4096 }; /* keys brought in one go, under their lock */

/* Bring what has been gathered. */
static bool restore(struct recall *recall, const uint64_t *hashes, size_t count)
{
    for (size_t done = 0; done < count; done += AT_ONCE) {
        size_t some = count - done < AT_ONCE ? count - done : AT_ONCE;
        if (co_context_err(recall->duty.running) != CO_CONTEXT_OK ||
            !keys_restore(recall->keys, hashes + done, some))
            return false;
        co_yield();
    }
    return true;
}

/* ---- segments ------------------------------------------------------------------------------ */

static bool is_right(const struct recall *recall, const struct segment *segment)
{
    return segment->first_seq == recall->covered + 1 && segment->last_seq >= segment->first_seq &&
           segment->keys <= segment->last_seq - recall->covered &&
           segment_is_whole(segment, keys_secret(recall->keys), recall->store->ledger);
}

/* False: memory is short, or it is to stop. */
static bool take_up(struct recall *recall, const struct segment *segment)
{
    if (!is_right(recall, segment)) {
        recall->damaged = true;
        return true;
    }
    uint64_t *hashes = malloc((segment->keys + 1) * sizeof *hashes);
    bool good = hashes != NULL;
    recall->damaged = good && !segment_unpack(segment, hashes);
    if (good && !recall->damaged && (good = restore(recall, hashes, segment->keys)))
        recall->covered = segment->last_seq;
    free(hashes);
    return good;
}

static bool take_segment(const struct row *row, void *arg)
{
    struct recall *recall = arg;
    struct segment segment;
    if (recall->damaged)
        return true;

    /* One that cannot be read is all zeros, and so does not follow the one before. */
    if (record_read_segment(&segment, row))
        segment.bytes = row_bytes(row, TABLE_SEGMENT_HASHES, &segment.size);
    bool good = take_up(recall, &segment);
    if (recall->damaged)
        notice(NOTICE_TROUBLE,
            "the keys kept behind seq %lu are damaged; they are read from the journal",
            recall->covered);
    return good;
}

/* ---- the journal --------------------------------------------------------------------------- */

static bool take_key(const struct row *row, void *arg)
{
    struct recall *recall = arg;
    size_t length;
    const char *key = row_bytes(row, 0, &length);
    uint64_t hash = hash_text_with(keys_secret(recall->keys), key, length) & SEGMENT_KEPT;
    return co_context_err(recall->duty.running) == CO_CONTEXT_OK &&
           keys_restore(recall->keys, &hash, 1);
}

static bool take_expected(const struct row *row, void *arg)
{
    struct recall *recall = arg;
    keys_expect(recall->keys, row_is_null(row, 0) ? recall->upto : row_bigint(row, 0));
    return true;
}

__attribute__((format(printf, 4, 5))) static bool ask(struct recall *recall, struct pg *pg,
    bool (*take)(const struct row *row, void *arg), const char *select, ...)
{
    char text[300], sql[360];
    va_list values;
    va_start(values, select);
    vsnprintf(text, sizeof text, select, values);
    va_end(values);
    snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT (FORMAT binary)", text);
    return pg_unload(recall->duty.running, pg, sql, take, recall) == PG_OK;
}

static bool read_keys(struct recall *recall)
{
    char error[300];
    int ledger = recall->store->ledger;
    uint64_t upto = recall->upto;
    struct errands *errands = recall->store->errands;
    struct pg *pg =
        errands_begin(recall->duty.running, errands, ERRAND_IN_BACKGROUND, error, sizeof error);
    if (!pg)
        return false;
    recall->covered = 0;
    recall->damaged = false;
    bool all = ask(recall, pg, take_expected,
                   "SELECT greatest(0, least(%lu, sum(keys) + %lu - max(last_seq)))::bigint"
                   " FROM key_segment WHERE ledger = %d",
                   upto, upto, ledger) &&
               ask(recall, pg, take_segment,
                   "SELECT " TABLES_COLUMNS(SEGMENT) " FROM key_segment"
                                                     " WHERE ledger = %d ORDER BY first_seq",
                   ledger);
    /* OFFSET 0: by position, not along the index on keys, whatever the statistics say. */
    all = all && ask(recall, pg, take_key,
                     "SELECT key FROM (SELECT key FROM entry WHERE ledger = %d AND seq > %lu"
                     " AND seq <= %lu OFFSET 0) e WHERE key IS NOT NULL",
                     ledger, recall->covered, upto);
    errands_end(errands, ERRAND_IN_BACKGROUND, &pg);
    return all;
}

static void recall_main(void *arg)
{
    struct recall *recall = arg;
    bool all = read_keys(recall);
    while (!all && co_duty_rest(&recall->duty, RETRY_S * CO_CLOCK_S))
        all = read_keys(recall);
    if (all)
        keys_recalled(recall->keys);
}

bool recall_start(struct recall *recall, struct store *store, struct keys *keys, uint64_t upto)
{
    if (upto == 0) /* there are no entries, so no key was ever used */
        return true;
    recall->store = store;
    recall->keys = keys;
    recall->upto = upto;
    keys_recall(keys);
    return co_duty_start("recall", &recall->duty, recall_main, recall);
}
