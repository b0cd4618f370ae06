/* SPDX-License-Identifier: MIT */
/* What the database says of all ledgers, and of all servers that live. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"

/* ---- looking ------------------------------------------------------------------------------- */

static const char peers_sql[] =
    "SELECT no, url, (extract(epoch FROM entered_at) * 1000000)::bigint, beat, load"
    " FROM server WHERE left_at IS NULL ORDER BY no";

enum peer_column { PEER_NO, PEER_URL, PEER_ENTERED, PEER_BEAT, PEER_LOAD };

static const char rows_sql[] =
    "SELECT l.no, l.name, l.strategy, w.epoch, coalesce(w.server, 0), s.no IS NULL, s.url,"
    " w.stopped, b.no, encode(b.hash, 'hex'), coalesce(w.wanted, 0), b.last_seq"
    " FROM ledger l JOIN writer w ON w.ledger = l.no"
    " LEFT JOIN server s ON s.no = w.server AND s.left_at IS NULL"
    " LEFT JOIN LATERAL (SELECT x.no, x.last_seq, x.hash FROM batch x WHERE x.ledger = l.no"
    " ORDER BY x.no DESC LIMIT 1) b ON true ORDER BY l.no";

enum row_column { NO, NAME, STRATEGY, EPOCH, OWNER, GONE, URL, STOPPED, BATCH, HASH, WANTED, SEQ };

/* How long a beat has stood still: what was seen of that server before goes on. */
static int64_t seen_since(const struct lease *lease, const struct lease_peer *peer, int64_t now_ns)
{
    for (size_t i = 0; i < lease->peer_count; i++)
        if (lease->peers[i].no == peer->no)
            return lease->peers[i].beat == peer->beat ? lease->peers[i].since_ns : now_ns;
    return now_ns;
}

static bool keep_peers(struct lease *lease, const struct pg_result *result)
{
    size_t count = pg_rows(result);
    int64_t now_ns = co_clock_boot_ns();
    struct lease_peer *peers = calloc(count + 1, sizeof *peers);
    if (!peers)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct lease_peer *peer = &peers[i];
        peer->no = (uint64_t)pg_number(result, i, PEER_NO);
        snprintf(peer->url, sizeof peer->url, "%s", pg_text(result, i, PEER_URL));
        peer->entered_us = pg_number(result, i, PEER_ENTERED);
        peer->beat = (uint64_t)pg_number(result, i, PEER_BEAT);
        peer->load = (uint64_t)pg_number(result, i, PEER_LOAD);
        peer->since_ns = seen_since(lease, peer, now_ns);
    }
    co_lock_take(&lease->lock);
    struct lease_peer *before = lease->peers;
    lease->peers = peers;
    lease->peer_count = count;
    if (count > 0 && peers[count - 1].no > lease->newest_peer)
        lease->newest_peer = peers[count - 1].no; /* they are in that order */
    co_lock_drop(&lease->lock);
    free(before);
    return true;
}

static void read_row(const struct pg_result *rows, size_t i, uint64_t me, struct lease_row *row)
{
    *row = (struct lease_row){.ledger = (int)pg_number(rows, i, NO),
        .epoch = (uint64_t)pg_number(rows, i, EPOCH),
        .owner = (uint64_t)pg_number(rows, i, OWNER),
        .free = *pg_text(rows, i, GONE) == 't',
        .wanted = (uint64_t)pg_number(rows, i, WANTED),
        .batch = (uint64_t)pg_number(rows, i, BATCH),
        .seq = (uint64_t)pg_number(rows, i, SEQ)};
    row->ours = !row->free && row->owner == me;
    snprintf(row->name, sizeof row->name, "%s", pg_text(rows, i, NAME));
    snprintf(row->strategy, sizeof row->strategy, "%s", pg_text(rows, i, STRATEGY));
    snprintf(row->owner_url, sizeof row->owner_url, "%s", pg_text(rows, i, URL));
    snprintf(row->stopped, sizeof row->stopped, "%s", pg_text(rows, i, STOPPED));
    hash_of_hex(pg_text(rows, i, HASH), row->hash, sizeof row->hash);
}

static bool keep_rows(struct lease *lease, const struct pg_result *result, int64_t asked_ns)
{
    size_t count = pg_rows(result);
    uint64_t me = lease_server(lease);
    struct lease_row *rows = calloc(count + 1, sizeof *rows);
    if (!rows)
        return false;
    for (size_t i = 0; i < count; i++) {
        read_row(result, i, me, &rows[i]);
        rows[i].asked_ns = asked_ns;
    }
    co_lock_take(&lease->lock);
    struct lease_row *before = lease->rows;
    lease->rows = rows;
    lease->row_count = count;
    co_lock_drop(&lease->lock);
    free(before);
    return true;
}

static enum pg_status ask_peers(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement ask = {.sql = peers_sql};
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(context, lease->pg, &ask, NULL, &rows);
    if (status == PG_OK && !keep_peers(lease, rows))
        status = PG_LOST;
    pg_free(&rows);
    return status;
}

static enum pg_status ask_rows(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement ask = {.sql = rows_sql};
    struct pg_result *rows = NULL;

    /* Only what was acknowledged before the question can be missed in the answer. */
    co_lock_take(&lease->lock);
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next)
        claim->asked = claim->acknowledged;
    co_lock_drop(&lease->lock);
    int64_t asked_ns = co_clock_boot_ns();
    enum pg_status status = pg_run(context, lease->pg, &ask, NULL, &rows);
    if (status == PG_OK && !keep_rows(lease, rows, asked_ns))
        status = PG_LOST;
    pg_free(&rows);
    return status;
}

enum pg_status lease_look(struct co_context *context, struct lease *lease)
{
    enum pg_status status = ask_peers(context, lease);
    return status == PG_OK ? ask_rows(context, lease) : status;
}

/* ---- what others see ----------------------------------------------------------------------- */

/* Copies, as the next look replaces all rows. */
bool lease_row(struct lease *lease, size_t index, struct lease_row *row)
{
    co_lock_take(&lease->lock);
    bool there = index < lease->row_count;
    if (there)
        *row = lease->rows[index];
    co_lock_drop(&lease->lock);
    return there;
}

static int compare_ledgers(const void *key, const void *element)
{
    int number = *(const int *)key, its = ((const struct lease_row *)element)->ledger;
    return (number > its) - (number < its);
}

struct lease_row *lease_search(const struct lease *lease, int ledger)
{
    if (lease->row_count == 0)
        return NULL;
    return bsearch(&ledger, lease->rows, lease->row_count, sizeof *lease->rows, compare_ledgers);
}

bool lease_find(struct lease *lease, int ledger, struct lease_row *row)
{
    size_t from = 0;
    co_lock_take(&lease->lock);
    /* They are in the order of their numbers, and each keeper looks at each piece of news. */
    for (size_t to = lease->row_count; from < to;) {
        size_t middle = (from + to) / 2;
        if (lease->rows[middle].ledger < ledger)
            from = middle + 1;
        else
            to = middle;
    }
    bool there = from < lease->row_count && lease->rows[from].ledger == ledger;
    if (there)
        *row = lease->rows[from];
    co_lock_drop(&lease->lock);
    return there;
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

bool lease_is_gone(struct lease *lease, uint64_t server)
{
    bool lives = false;
    co_lock_take(&lease->lock);
    for (size_t i = 0; i < lease->peer_count; i++)
        lives = lives || lease->peers[i].no == server;
    bool gone = !lives && server <= lease->newest_peer;
    co_lock_drop(&lease->lock);
    return gone;
}

/* Several pieces of news may be one step: whoever waits looks at all there is. */
bool lease_await_news(struct co_context *context, struct lease *lease, uint64_t *seen)
{
    enum co_eventcount_status status = co_eventcount_await(context, &lease->news, *seen + 1);
    *seen = co_eventcount_read(&lease->news);
    return status == CO_EVENTCOUNT_REACHED;
}
