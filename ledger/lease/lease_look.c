/* SPDX-License-Identifier: MIT */
/* What the database says of all ledgers, and of all servers that live. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"

/* ---- looking ------------------------------------------------------------------------------- */

static const char peers_sql[] =
    "SELECT no, url, (extract(epoch FROM entered_at) * 1000000)::bigint, beat, load,"
    " pg_try_advisory_xact_lock(" LEASE_SESSION(
        "no") "), leaving"
              " FROM server WHERE left_at IS NULL ORDER BY no";

enum peer_column { PEER_NO, PEER_URL, PEER_SINCE, PEER_BEAT, PEER_LOAD, PEER_PARTED, PEER_LEAVES };

/*
 * Of all ledgers those rows that have changed since the look before ($1: 0 if there was none), and
 * of those of $2, with their last batches, the rows of which that is not the one of $3: ASK_ALWAYS,
 * or ASK_NEVER. A row has the number of the transaction that changed it last. One that was not over
 * when that look was made is at the snapshot's xmin of then or later, so nothing is missed; nor is
 * anything told that a database brought along in which numbers were higher. If none that was not
 * over then is over now, there is no other batch. There is one row at least, with the xmin, and
 * when that PostgreSQL began.
 */
#define ASK_ALWAYS "-1"
#define ASK_NEVER "9223372036854775807"
static const char rows_sql[] =
    "SELECT r.*, n.xmin, n.began FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
    " AS xmin, pg_postmaster_start_time()::text AS began) n LEFT JOIN ("
    "SELECT l.no, l.name, l.strategy, w.epoch, coalesce(w.server, 0) AS owner, w.stopped,"
    " coalesce(w.wanted, 0) AS wanted, CASE WHEN w.opens_at IS NULL THEN -1"
    " WHEN isfinite(w.opens_at) THEN (extract(epoch FROM w.opens_at) * 1000000)::bigint"
    " ELSE 0 END AS opens, b.no AS batch, b.last_seq, encode(b.hash, 'hex') AS hash"
    " FROM writer w JOIN ledger l ON l.no = w.ledger"
    " LEFT JOIN LATERAL (SELECT x.no, x.last_seq, x.hash FROM batch x WHERE x.ledger = w.ledger"
    " AND w.ledger = ANY ($2::int[]) ORDER BY x.no DESC LIMIT 1) b ON true"
    " WHERE w.ledger IN (SELECT y.ledger FROM writer y WHERE y.changed >= $1::bigint"
    " AND ($1::bigint = 0"
    " OR y.changed < pg_snapshot_xmax(pg_current_snapshot())::text::bigint)"
    " UNION ALL SELECT k.ledger FROM unnest($2::int[], $3::bigint[]) k (ledger, batch)"
    " WHERE k.batch = " ASK_ALWAYS " OR (k.batch <> " ASK_NEVER
    " AND pg_snapshot_xmax(pg_current_snapshot())::text::bigint <> $1::bigint"
    " AND coalesce((SELECT x.no FROM batch x WHERE x.ledger = k.ledger"
    " ORDER BY x.no DESC LIMIT 1), 0) <> k.batch))"
    ") r ON true ORDER BY r.no";

enum row_column {
    NO,
    NAME,
    STRATEGY,
    EPOCH,
    OWNER,
    STOPPED,
    WANTED,
    OPENS,
    BATCH,
    SEQ,
    HASH,
    XMIN,
    BEGAN,
};

/* How long a beat has stood still, and its session been gone: what was seen of that server before
 * goes on. */
static void go_on(const struct lease *lease, struct lease_peer *peer, bool parted, int64_t now_ns)
{
    struct lease_peer before = {.beat = 0};
    for (size_t i = 0; i < lease->peer_count; i++)
        if (lease->peers[i].no == peer->no)
            before = lease->peers[i];
    peer->since_ns = before.no && before.beat == peer->beat ? before.since_ns : now_ns;
    peer->met = before.met || !parted;
    if (peer->met && parted)
        peer->parted_ns = before.parted_ns ? before.parted_ns : now_ns;
}

/* NULL: memory is short. */
static struct lease_peer *read_peers(const struct lease *lease, const struct pg_result *result)
{
    size_t count = pg_rows(result);
    int64_t now_ns = co_clock_boot_ns();
    struct lease_peer *peers = calloc(count + 1, sizeof *peers);
    for (size_t i = 0; peers && i < count; i++) {
        struct lease_peer *peer = &peers[i];
        peer->no = (uint64_t)pg_number(result, i, PEER_NO);
        snprintf(peer->url, sizeof peer->url, "%s", pg_text(result, i, PEER_URL));
        peer->entered_us = pg_number(result, i, PEER_SINCE);
        peer->beat = (uint64_t)pg_number(result, i, PEER_BEAT);
        peer->load = (uint64_t)pg_number(result, i, PEER_LOAD);
        peer->leaving = *pg_text(result, i, PEER_LEAVES) == 't';
        go_on(lease, peer, *pg_text(result, i, PEER_PARTED) == 't', now_ns);
    }
    return peers;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static int compare_known(const void *one, const void *other)
{
    int a = ((const struct lease_known *)one)->ledger;
    int b = ((const struct lease_known *)other)->ledger;
    return (a > b) - (a < b);
}

struct lease_known *lease_search(const struct lease *lease, int ledger)
{
    const struct lease_known key = {.ledger = ledger};
    if (lease->row_count == 0)
        return NULL;
    return bsearch(&key, lease->rows, lease->row_count, sizeof key, compare_known);
}

void lease_free_rows(struct lease *lease)
{
    for (size_t i = 0; i < lease->row_count; i++) {
        free(lease->rows[i].name);
        free(lease->rows[i].stopped);
    }
    free(lease->rows);
    lease->rows = NULL;
    lease->row_count = lease->row_room = 0;
}

bool lease_set_stopped(struct lease_known *row, const char *why)
{
    if (strcmp(row->stopped ? row->stopped : "", why) == 0)
        return true;
    char *copy = *why ? strndup(why, LEASE_WHY - 1) : NULL;
    if (*why && !copy)
        return false;
    free(row->stopped);
    row->stopped = copy;
    return true;
}

/* NULL: memory is short. */
static struct lease_known *add_row(struct lease *lease, int ledger, const char *name)
{
    if (lease->row_count == lease->row_room) {
        size_t room = lease->row_room ? 2 * lease->row_room : 64;
        struct lease_known *longer = realloc(lease->rows, room * sizeof *longer);
        if (!longer)
            return NULL;
        lease->rows = longer;
        lease->row_room = room;
    }
    char *copy = strdup(name);
    if (!copy)
        return NULL;
    struct lease_known *row = &lease->rows[lease->row_count++];
    *row = (struct lease_known){.ledger = ledger, .name = copy};
    return row;
}

/* But for how far it has come. */
static bool is_as_before(
    const struct lease_known *row, const struct lease_known *before, const char *stopped)
{
    return row->epoch == before->epoch && row->owner == before->owner &&
           row->wanted == before->wanted && row->opens_us == before->opens_us &&
           strcmp(before->stopped ? before->stopped : "", stopped) == 0;
}

static bool read_row(const struct pg_result *rows, size_t i, struct lease_known *row, bool *changed)
{
    const struct lease_known before = *row;
    row->epoch = (uint64_t)pg_number(rows, i, EPOCH);
    row->owner = (uint64_t)pg_number(rows, i, OWNER);
    row->wanted = (uint64_t)pg_number(rows, i, WANTED);
    row->opens_us = pg_number(rows, i, OPENS);
    row->batch = (uint64_t)pg_number(rows, i, BATCH);
    row->seq = (uint64_t)pg_number(rows, i, SEQ);
    snprintf(row->strategy, sizeof row->strategy, "%s", pg_text(rows, i, STRATEGY));
    hash_of_hex(pg_text(rows, i, HASH), row->hash, sizeof row->hash);
    *changed = *changed || !is_as_before(row, &before, pg_text(rows, i, STOPPED));
    return lease_set_stopped(row, pg_text(rows, i, STOPPED));
}

/* Under the lock: what has come, into what is known. Those that are new come in their order, and
 * mostly behind all others. False: memory is short. */
static bool merge_rows(struct lease *lease, const struct pg_result *result, int64_t asked_ns)
{
    size_t known = lease->row_count;
    bool good = true;
    for (size_t i = 0; good && i < pg_rows(result); i++) {
        if (pg_is_null(result, i, NO))
            continue;
        int ledger = (int)pg_number(result, i, NO);
        const struct lease_known key = {.ledger = ledger};
        struct lease_known *row =
            known ? bsearch(&key, lease->rows, known, sizeof key, compare_known) : NULL;
        lease->changed = lease->changed || !row;
        if (!row)
            row = add_row(lease, ledger, pg_text(result, i, NAME));
        good = row && read_row(result, i, row, &lease->changed);
        if (row)
            row->asked_ns = asked_ns;
    }
    if (known > 0 && lease->row_count > known &&
        lease->rows[known].ledger < lease->rows[known - 1].ledger)
        qsort(lease->rows, lease->row_count, sizeof *lease->rows, compare_known);
    return good;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* The ledgers whose ends are asked for, and which batch is known of each, as two arrays. */
struct asked {
    char *ledgers, *batches;
    size_t ledgers_at, batches_at;
};

enum { LEDGER_TEXT = 12, BATCH_TEXT = 22 };

static void add_asked(struct asked *asked, int ledger, const char *batch)
{
    const char *comma = asked->ledgers_at == 0 ? "{" : ",";
    asked->ledgers_at += (size_t)snprintf(
        asked->ledgers + asked->ledgers_at, LEDGER_TEXT + 1, "%s%d", comma, ledger);
    asked->batches_at +=
        (size_t)snprintf(asked->batches + asked->batches_at, BATCH_TEXT + 1, "%s%s", comma, batch);
}

/* Only what was acknowledged before the question can be missed in the answer. */
static void add_claims(struct lease *lease, struct asked *asked, bool beats)
{
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next) {
        claim->asked = claim->acknowledged;
        add_asked(asked, claim->ledger, beats ? ASK_ALWAYS : ASK_NEVER);
    }
}

/* Of each that was told of, whether that has changed. */
static void add_interests(struct lease *lease, struct asked *asked)
{
    char batch[BATCH_TEXT];
    for (struct lease_interest *each = lease->interests; each; each = each->next) {
        const struct lease_known *row = lease_search(lease, each->ledger);
        each->asked = true;
        snprintf(batch, sizeof batch, "%lu", row ? row->batch : 0);
        add_asked(asked, each->ledger, row && each->told_ns ? batch : ASK_ALWAYS);
    }
}

/* For the caller to free; false: no memory. */
static bool list_asked(struct lease *lease, bool beats, struct asked *asked)
{
    size_t count = 0;
    co_lock_take(&lease->lock);
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next)
        count++;
    for (struct lease_interest *interest = lease->interests; interest; interest = interest->next)
        count++;
    *asked = (struct asked){
        .ledgers = malloc(count * LEDGER_TEXT + 3), .batches = malloc(count * BATCH_TEXT + 3)};
    bool good = asked->ledgers && asked->batches;
    if (good) {
        add_claims(lease, asked, beats);
        add_interests(lease, asked);
        strcpy(asked->ledgers + asked->ledgers_at, count > 0 ? "}" : "{}");
        strcpy(asked->batches + asked->batches_at, count > 0 ? "}" : "{}");
    }
    co_lock_drop(&lease->lock);
    return good;
}

/* Whose answer is of another PostgreSQL than the one before, or is the first one, starts over. */
static bool goes_on(const struct lease *lease, const struct pg_result *rows)
{
    return lease->looks_on && strcmp(lease->began, pg_text(rows, 0, BEGAN)) == 0;
}

static enum pg_status ask_rows(struct co_context *context, struct lease *lease,
    const struct asked *asked, struct pg_result **rows)
{
    static const struct pg_statement ask = {3, rows_sql};
    const char *values[] = {lease->looks_on ? lease->xmin : "0", asked->ledgers, asked->batches};
    enum pg_status status = pg_run(context, lease->pg, &ask, values, rows);
    if (status != PG_OK || !lease->looks_on || goes_on(lease, *rows))
        return status;
    pg_free(rows);
    lease->looks_on = false;
    values[0] = "0";
    return pg_run(context, lease->pg, &ask, values, rows);
}

static bool are_as_before(const struct lease *lease, const struct lease_peer *peers, size_t count)
{
    bool same = count == lease->peer_count;
    for (size_t i = 0; i < count && same; i++)
        same = peers[i].no == lease->peers[i].no && peers[i].leaving == lease->peers[i].leaving;
    return same;
}

/* Both at the same time, so that nobody sees an owner of whom it is not known that it lives. */
static bool keep(struct lease *lease, const struct pg_result *rows, struct lease_peer *peers,
    size_t peer_count, int64_t asked_ns)
{
    co_lock_take(&lease->lock);
    lease->changed = !lease->looks_on || !are_as_before(lease, peers, peer_count);
    if (!lease->looks_on)
        lease_free_rows(lease);
    bool good = merge_rows(lease, rows, asked_ns);
    lease->rows_asked_ns = asked_ns;
    struct lease_peer *before = lease->peers;
    lease->peers = peers;
    lease->peer_count = peer_count;
    if (peer_count > 0 && peers[peer_count - 1].no > lease->newest_peer)
        lease->newest_peer = peers[peer_count - 1].no; /* they are in that order */
    co_lock_drop(&lease->lock);
    free(before);
    /* What could not be kept is asked for again, with all the rest. */
    lease->looks_on = good;
    snprintf(lease->xmin, sizeof lease->xmin, "%s", pg_text(rows, 0, XMIN));
    snprintf(lease->began, sizeof lease->began, "%s", pg_text(rows, 0, BEGAN));
    return good;
}

/* The servers last: an owner that is not among them has gone since, and none has come. */
enum pg_status lease_look(struct co_context *context, struct lease *lease, bool beats)
{
    static const struct pg_statement ask_peers = {.sql = peers_sql};
    struct pg_result *rows = NULL, *servers = NULL;
    struct lease_peer *peers = NULL;
    struct asked asked;
    int64_t asked_ns = co_clock_boot_ns();
    bool listed = list_asked(lease, beats, &asked);
    enum pg_status status = listed ? ask_rows(context, lease, &asked, &rows) : PG_LOST;
    if (status == PG_OK)
        status = pg_run(context, lease->pg, &ask_peers, NULL, &servers);
    if (status == PG_OK && !(peers = read_peers(lease, servers)))
        status = PG_LOST;
    lease->tells_claims = beats || !lease->looks_on;
    if (status == PG_OK && !keep(lease, rows, peers, pg_rows(servers), asked_ns))
        status = PG_LOST;
    pg_free(&rows);
    pg_free(&servers);
    free(asked.ledgers);
    free(asked.batches);
    return status;
}

/* ---- what others see ----------------------------------------------------------------------- */

static const struct lease_peer *find_peer(const struct lease *lease, uint64_t server)
{
    for (size_t i = 0; server && i < lease->peer_count; i++)
        if (lease->peers[i].no == server)
            return &lease->peers[i];
    return NULL;
}

/* One that is leaving has what it has open; others may open the rest. To itself that is its own: it
 * gives it to others when it is asked. */
const struct lease_peer *lease_owner(const struct lease *lease, const struct lease_known *known)
{
    const struct lease_peer *owner = find_peer(lease, known->owner);
    bool is_left = owner && owner->leaving && known->opens_us != 0 &&
                   known->owner != atomic_load(&lease->server);
    return is_left ? NULL : owner;
}

/* Copies, as the next look changes the rows. */
void lease_copy_row(
    const struct lease *lease, const struct lease_known *known, struct lease_row *row)
{
    const struct lease_peer *owner = lease_owner(lease, known);
    *row = (struct lease_row){.ledger = known->ledger,
        .ours = owner && known->owner == atomic_load(&lease->server),
        .free = !owner,
        .epoch = known->epoch,
        .owner = known->owner,
        .wanted = known->wanted,
        .opens_us = known->opens_us,
        .batch = known->batch,
        .seq = known->seq};
    snprintf(row->name, sizeof row->name, "%s", known->name);
    memcpy(row->strategy, known->strategy, sizeof row->strategy);
    snprintf(row->owner_url, sizeof row->owner_url, "%s", owner ? owner->url : "");
    snprintf(row->stopped, sizeof row->stopped, "%s", known->stopped ? known->stopped : "");
    memcpy(row->hash, known->hash, sizeof row->hash);
}

bool lease_row(struct lease *lease, size_t index, struct lease_row *row)
{
    co_lock_take(&lease->lock);
    bool there = index < lease->row_count;
    if (there)
        lease_copy_row(lease, &lease->rows[index], row);
    co_lock_drop(&lease->lock);
    return there;
}

size_t lease_row_count(struct lease *lease)
{
    co_lock_take(&lease->lock);
    size_t count = lease->row_count;
    co_lock_drop(&lease->lock);
    return count;
}

static bool is_due(const struct lease *lease, const struct lease_known *known, int64_t now_us)
{
    uint64_t me = atomic_load(&lease->server);
    bool opens = known->opens_us >= 0 && known->opens_us <= now_us;
    if (!opens && known->wanted == 0)
        return false;
    bool is_owned = lease_owner(lease, known) != NULL;
    if (is_owned)
        return known->owner == me && (opens || known->wanted != me);
    return opens || known->wanted == me;
}

bool lease_next_due(struct lease *lease, size_t *at, int64_t now_us, struct lease_row *row)
{
    bool found = false;
    co_lock_take(&lease->lock);
    for (; *at < lease->row_count && !found; ++*at) {
        const struct lease_known *known = &lease->rows[*at];
        found = is_due(lease, known, now_us);
        if (found)
            lease_copy_row(lease, known, row);
    }
    co_lock_drop(&lease->lock);
    return found;
}

bool lease_find(struct lease *lease, int ledger, struct lease_row *row)
{
    co_lock_take(&lease->lock);
    const struct lease_known *known = lease_search(lease, ledger);
    if (known)
        lease_copy_row(lease, known, row);
    co_lock_drop(&lease->lock);
    return known != NULL;
}

bool lease_peer(struct lease *lease, size_t index, struct lease_peer *peer)
{
    co_lock_take(&lease->lock);
    bool there = index < lease->peer_count;
    if (there)
        *peer = lease->peers[index];
    co_lock_drop(&lease->lock);
    return there;
}

bool lease_find_peer(struct lease *lease, uint64_t server, struct lease_peer *peer)
{
    co_lock_take(&lease->lock);
    const struct lease_peer *found = find_peer(lease, server);
    if (found)
        *peer = *found;
    co_lock_drop(&lease->lock);
    return found != NULL;
}

int64_t lease_looked_ns(struct lease *lease)
{
    co_lock_take(&lease->lock);
    int64_t looked_ns = lease->rows_asked_ns;
    co_lock_drop(&lease->lock);
    return looked_ns;
}

bool lease_is_gone(struct lease *lease, uint64_t server)
{
    co_lock_take(&lease->lock);
    bool gone = !find_peer(lease, server) && server <= lease->newest_peer;
    co_lock_drop(&lease->lock);
    return gone;
}

/* Several of them may be one step: whoever waits looks at all there is. */
static bool await_next(struct co_context *context, struct co_eventcount *events, uint64_t *seen)
{
    enum co_eventcount_status status = co_eventcount_await(context, events, *seen + 1);
    *seen = co_eventcount_read(events);
    return status == CO_EVENTCOUNT_REACHED;
}

bool lease_await_news(struct co_context *context, struct lease *lease, uint64_t *seen)
{
    return await_next(context, &lease->news, seen);
}

bool lease_await_changes(struct co_context *context, struct lease *lease, uint64_t *seen)
{
    return await_next(context, &lease->changes, seen);
}
