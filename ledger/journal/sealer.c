/* SPDX-License-Identifier: MIT */
/*
 * The newest segment is taken up again as long as it has fewer than SEGMENT_KEYS keys, so that many
 * small checkpoints do not make many segments, and is put back longer. Then the journal's keys are
 * read SEGMENT_KEYS entries at a time, and whenever SEGMENT_KEYS keys have gathered the segment is
 * full and the next one begins: so no segment reaches twice as many.
 *
 * If the newest segment is damaged it is left as it is, for the audit to find.
 */
#include "ledger/journal/sealer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/failpoint.h"
#include "ledger/db/row.h"
#include "ledger/db/tables.h"
#include "ledger/journal/record.h"
#include "ledger/journal/store.h"
#include "ledger/memory/segment.h"

enum { ROOM = 2 * SEGMENT_KEYS };

struct sealer {
    struct co_context *context;
    struct pg *pg;
    const uint8_t *secret;
    int ledger;
    uint64_t first_seq, last_seq; /* of the segment that is being made, so far */
    size_t count;
    uint64_t hashes[ROOM], room[ROOM];
    char bytes[ROOM * SEGMENT_BYTES], hex[2 * ROOM * SEGMENT_BYTES + 3]; /* "\x..." */
};

static bool ask(
    struct sealer *s, const char *select, bool (*take)(const struct row *row, void *arg))
{
    char sql[300];
    snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT (FORMAT binary)", select);
    return pg_unload(s->context, s->pg, sql, take, s) == PG_OK;
}

/* The newest segment: where the next one begins, and its keys if it can be made longer. */
static bool take_newest(const struct row *row, void *arg)
{
    struct sealer *s = arg;
    struct segment segment;
    if (!record_read_segment(&segment, row))
        return false;
    segment.bytes = row_bytes(row, TABLE_SEGMENT_HASHES, &segment.size);

    /* Begin behind it; or with it again, if it has room and is sound. */
    s->last_seq = segment.last_seq;
    s->first_seq = segment.last_seq + 1;
    if (segment.keys < SEGMENT_KEYS && segment_is_whole(&segment, s->secret, s->ledger) &&
        segment_unpack(&segment, s->hashes)) {
        s->first_seq = segment.first_seq;
        s->count = segment.keys;
    }
    return true;
}

static bool take_key(const struct row *row, void *arg)
{
    struct sealer *s = arg;
    size_t length;
    const char *key = row_bytes(row, 0, &length);
    co_ensure(s->count < ROOM);
    s->hashes[s->count++] = hash_text_with(s->secret, key, length) & SEGMENT_KEPT;
    return true;
}

/* Put the segment as it is into the database. */
static bool put(struct sealer *s)
{
    static const struct pg_statement statement = {6,
        "SELECT key_segment_put($1::int, $2::bigint, $3::bigint, $4::bigint, $5::bytea,"
        " $6::bytea)" STORE_LOCK_BOUND};
    char numbers[4][24], digest[2 * HASH_CHAIN + 3] = "\\x";
    const char *values[] = {numbers[0], numbers[1], numbers[2], numbers[3], s->hex, digest};
    struct segment segment = {
        .first_seq = s->first_seq, .last_seq = s->last_seq, .keys = s->count, .bytes = s->bytes};

    /* Each step takes milliseconds: let others run in between. */
    segment_sort(s->hashes, s->count, s->room);
    co_yield();
    segment.size = segment_pack(s->hashes, s->count, s->bytes);
    segment_digest(&segment, s->secret, s->ledger, segment.digest);
    co_yield();
    memcpy(s->hex, "\\x", 3);
    hash_to_hex((const uint8_t *)s->bytes, segment.size, s->hex + 2);
    hash_to_hex(segment.digest, sizeof segment.digest, digest + 2);
    snprintf(numbers[0], sizeof numbers[0], "%d", s->ledger);
    snprintf(numbers[1], sizeof numbers[1], "%lu", s->first_seq);
    snprintf(numbers[2], sizeof numbers[2], "%lu", s->last_seq);
    snprintf(numbers[3], sizeof numbers[3], "%zu", s->count);
    return !failpoint("seal.before") &&
           pg_run(s->context, s->pg, &statement, values, NULL) == PG_OK && !failpoint("seal.after");
}

/* Add the keys of the next entries, up to `seq` at the most. */
static bool extend(struct sealer *s, uint64_t seq)
{
    char sql[200];
    uint64_t after = s->last_seq;
    s->last_seq = seq - after < SEGMENT_KEYS ? seq : after + SEGMENT_KEYS;
    /* OFFSET 0: by position, not along the index on keys, whatever the statistics say. */
    snprintf(sql, sizeof sql,
        "SELECT key FROM (SELECT key FROM entry WHERE ledger = %d AND seq > %lu AND seq <= %lu"
        " OFFSET 0) e WHERE key IS NOT NULL",
        s->ledger, after, s->last_seq);
    if (!ask(s, sql, take_key))
        return false;
    if (s->count < SEGMENT_KEYS && s->last_seq < seq)
        return true;
    if (!put(s))
        return false;
    s->first_seq = s->last_seq + 1;
    s->count = 0;
    return true;
}

static bool seal(struct sealer *s, uint64_t seq)
{
    char sql[200];
    s->first_seq = 1;
    snprintf(sql, sizeof sql,
        "SELECT " TABLES_COLUMNS(SEGMENT) " FROM key_segment WHERE ledger = %d"
                                          " ORDER BY first_seq DESC LIMIT 1",
        s->ledger);
    bool good = ask(s, sql, take_newest);
    while (good && s->last_seq < seq)
        good = extend(s, seq);
    return good;
}

bool sealer_seal(
    struct co_context *context, const struct sealer_task *task, char *error, size_t size)
{
    struct sealer *s = calloc(1, sizeof *s); /* pages that are never touched take no memory */
    if (!s) {
        snprintf(error, size, "out of memory");
        return false;
    }
    s->context = context;
    s->secret = keys_secret(task->keys);
    s->ledger = task->ledger;
    s->pg = task->pg;
    bool good = seal(s, task->seq);
    if (!good)
        snprintf(error, size, "%s", pg_message(task->pg));
    free(s);
    return good;
}
