/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/tables.h"
#include "ledger/journal/record.h"

enum { ROOM = 2 * SEGMENT_KEYS };

struct audit_keys {
    int ledger;
    uint8_t secret[HASH_SECRET];
    struct segment *segments; /* without their bytes */
    size_t count, room;
    size_t at, looked; /* the one that is being passed; up to the other their bytes were seen */
    uint64_t broken;   /* where they do not follow each other; 0: they do */
    size_t gathered;   /* keys of the one that is being passed */
    uint64_t hashes[ROOM], sorted[ROOM];
    char bytes[ROOM * SEGMENT_BYTES];
};

/* ---- before the first entry ----------------------------------------------------------------- */

static bool take_secret(const struct row *row, void *arg)
{
    struct audit_keys *k = arg;
    size_t size;
    const char *secret = row_bytes(row, 0, &size);
    if (size == sizeof k->secret)
        memcpy(k->secret, secret, size);
    return true;
}

static bool take_segment(const struct row *row, void *arg)
{
    enum { TABLES_PLACES(SEGMENT_HEAD) CHECKPOINT };
    struct audit_keys *k = arg;
    if (k->count == k->room) {
        size_t room = 2 * k->room + 16;
        struct segment *segments = realloc(k->segments, room * sizeof *segments);
        if (!segments)
            return false;
        k->segments = segments;
        k->room = room;
    }
    /* Each segment begins where the one before ended, up to the checkpoint. */
    struct segment segment;
    uint64_t before = k->count ? k->segments[k->count - 1].last_seq : 0;
    bool follows = record_read_segment(&segment, row) && segment.first_seq == before + 1 &&
                   segment.last_seq >= segment.first_seq &&
                   segment.last_seq <= row_bigint(row, CHECKPOINT);

    /* What follows a break is not looked at: a start would not use it either. */
    if (!follows && k->broken == 0)
        k->broken = before + 1;
    if (k->broken == 0)
        k->segments[k->count++] = segment;
    return true;
}

#define HEAD TABLES_COLUMNS(SEGMENT_HEAD)
static enum pg_status read_all(struct co_context *context, struct pg *pg, struct audit_keys *k)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "COPY (SELECT key_secret FROM ledger WHERE no = %d) TO STDOUT (FORMAT binary)", k->ledger);
    enum pg_status status = pg_unload(context, pg, sql, take_secret, k);
    snprintf(sql, sizeof sql,
        "COPY (SELECT " HEAD ",c.seq FROM key_segment s JOIN checkpoint c ON c.ledger = %1$d"
        " WHERE s.ledger = %1$d ORDER BY first_seq) TO STDOUT (FORMAT binary)",
        k->ledger);
    return status == PG_OK ? pg_unload(context, pg, sql, take_segment, k) : status;
}

struct audit_keys *audit_keys_begin(struct co_context *context, struct pg *pg, int ledger)
{
    struct audit_keys *k = calloc(1, sizeof *k); /* pages that are never touched take no memory */
    if (!k)
        return NULL;
    k->ledger = ledger;
    if (read_all(context, pg, k) != PG_OK)
        audit_keys_free(&k);
    return k;
}

void audit_keys_free(struct audit_keys **keys)
{
    if (*keys)
        free((*keys)->segments);
    free(*keys);
    *keys = NULL;
}

/* ---- along the journal ----------------------------------------------------------------------- */

static void note(struct audit_report *report, const struct segment *segment)
{
    audit_note(report, segment->last_seq,
        "the keys that are kept of the entries from %lu to here are not theirs",
        segment->first_seq);
}

/* All entries of the segment have been passed. */
static void compare(struct audit_keys *k, struct audit_report *report)
{
    struct segment *kept = &k->segments[k->at++];
    struct segment due = *kept;
    segment_sort(k->hashes, k->gathered, k->sorted);
    due.keys = k->gathered;
    due.bytes = k->bytes;
    due.size = segment_pack(k->hashes, k->gathered, k->bytes);
    segment_digest(&due, k->secret, k->ledger, due.digest);
    if (memcmp(due.digest, kept->digest, sizeof due.digest) != 0) {
        note(report, kept);
        kept->bytes = k->bytes; /* it is known to be wrong: its own need not be looked at */
    }
    k->gathered = 0;
}

void audit_keys_add(
    struct audit_keys *k, struct audit_report *report, uint64_t seq, const char *key, size_t length)
{
    if (k->broken == seq)
        audit_note(report, seq, "the keys that are kept from here on do not follow each other");
    if (k->at == k->count)
        return;
    if (key && k->gathered < ROOM) /* no segment has more: the digest will differ */
        k->hashes[k->gathered++] = hash_text_with(k->secret, key, length) & SEGMENT_KEPT;
    if (seq >= k->segments[k->at].last_seq)
        compare(k, report);
}

/* ---- their bytes ----------------------------------------------------------------------------- */

struct look {
    const struct audit_keys *keys;
    const struct segment *segment;
    struct audit_report *report;
};

static bool take_bytes(const struct row *row, void *arg)
{
    struct look *look = arg;
    struct segment segment = *look->segment;
    segment.bytes = row_bytes(row, 0, &segment.size);
    segment_digest(&segment, look->keys->secret, look->keys->ledger, segment.digest);
    if (memcmp(segment.digest, look->segment->digest, sizeof segment.digest) != 0)
        note(look->report, look->segment);
    return true;
}

enum pg_status audit_keys_look(
    struct co_context *context, struct pg *pg, struct audit_keys *k, struct audit_report *report)
{
    char sql[200];
    enum pg_status status = PG_OK;
    while (k->looked < k->at && status == PG_OK) {
        struct look look = {k, &k->segments[k->looked], report};
        snprintf(sql, sizeof sql,
            "COPY (SELECT hashes FROM key_segment WHERE ledger = %d AND first_seq = %lu"
            " AND last_seq = %lu) TO STDOUT (FORMAT binary)",
            k->ledger, look.segment->first_seq, look.segment->last_seq);
        if (!look.segment->bytes)
            status = pg_unload(context, pg, sql, take_bytes, &look);
        k->looked += status == PG_OK;
    }
    return status;
}

bool audit_keys_are_passed(const struct audit_keys *k, uint64_t seq)
{
    return k->looked == k->count && (k->broken == 0 || k->broken <= seq);
}
