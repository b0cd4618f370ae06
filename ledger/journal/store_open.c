/* SPDX-License-Identifier: MIT */
/*
 * How a ledger is taken. The epoch is raised by one statement; what the journal's end is then is
 * read by the next, whose snapshot is later: a batch of the former owner that was on its way has
 * ended by then, one way or the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/failpoint.h"
#include "ledger/db/migrate.h"
#include "ledger/journal/store.h"
#include "ledger/notice.h"

/* ---- before the ledger is taken ------------------------------------------------------------ */

enum pg_status store_prepare(
    struct co_context *context, const char *conninfo, char *error, size_t error_size)
{
    struct pg *owner = pg_connect(context, conninfo, NULL, error, error_size);
    if (!owner)
        return PG_LOST;
    enum pg_status status = migrate(context, owner, error, error_size);
    pg_close(&owner);
    return status;
}

/* Neither there nor to be made. */
static enum pg_status refuse_name(const char *name, char *error, size_t error_size)
{
    snprintf(error, error_size,
        "the ledger %s is in another database of the service (teller.ledger_name says in which)",
        name);
    return PG_ERROR;
}

enum pg_status store_find(struct co_context *context, const char *conninfo,
    const struct store_wanted *wanted, struct store_found *found, char *error, size_t error_size)
{
    static const struct pg_statement make = {3,
        "WITH n AS (SELECT ledger_reserve($1, '') AS home),"
        " l AS (INSERT INTO ledger (name, strategy) SELECT $1, $2 FROM n WHERE home = ''"
        " ON CONFLICT DO NOTHING RETURNING no),"
        " w AS (INSERT INTO writer (ledger, server) SELECT no, nullif($3::bigint, 0) FROM l),"
        " c AS (INSERT INTO checkpoint (ledger) SELECT no FROM l) SELECT no FROM l"};
    static const struct pg_statement find = {1, "SELECT no FROM ledger WHERE name = $1"};
    char me[24];
    const char *values[] = {wanted->ledger, wanted->strategy, me};
    struct pg_result *rows = NULL;
    *found = (struct store_found){.number = 0};
    snprintf(me, sizeof me, "%lu", wanted->server);
    struct pg *pg = pg_connect(context, conninfo, PG_APP_ROLE, error, error_size);
    if (!pg)
        return PG_LOST;

    /* Look before making: an insert that conflicts would use up a number each time. */
    enum pg_status status = pg_run(context, pg, &find, values, &rows);
    if (status == PG_OK && pg_rows(rows) == 0) {
        pg_free(&rows);
        status = pg_run(context, pg, &make, values, &rows);
        found->made = status == PG_OK && pg_rows(rows) > 0;
    }
    if (status == PG_OK && pg_rows(rows) == 0) { /* made by another one just now */
        pg_free(&rows);
        status = pg_run(context, pg, &find, values, &rows);
    }
    if (status != PG_OK)
        snprintf(error, error_size, "%s", pg_message(pg));
    else if (pg_rows(rows) == 0)
        status = refuse_name(wanted->ledger, error, error_size);
    else
        found->number = (int)pg_number(rows, 0, 0);
    pg_free(&rows);
    pg_close(&pg);
    return status;
}

/* A lease of its own, and the turn of this ledger. */
static bool prepare_alone(struct co_context *context, struct store *store,
    const struct store_options *options, char *error, size_t size)
{
    const struct lease_options alone = {.conninfo = options->conninfo};
    const struct store_wanted wanted = {.ledger = options->ledger, .strategy = options->strategy};
    struct lease_row row = {.free = false};
    struct store_found found;
    uint64_t seen = 0;
    if (store_prepare(context, options->conninfo, error, size) != PG_OK ||
        store_find(context, options->conninfo, &wanted, &found, error, size) != PG_OK)
        return false;
    store->ledger = found.number;
    if (lease_start(context, &alone, &store->own_lease, error, size) != PG_OK)
        return false;
    store->lease = store->own_lease;
    while (!lease_find(store->lease, store->ledger, &row) || (!row.free && !row.ours)) {
        snprintf(error, size, "another server has this ledger");
        if (!lease_await_news(context, store->lease, &seen))
            return false;
    }
    return true;
}

/* ---- taking it ----------------------------------------------------------------------------- */

struct taking {
    struct co_context *context;
    struct store *store;
    const struct store_options *options;
    enum ledger_trouble trouble;
    char *error;
    size_t size;
};

static bool fail(struct taking *t, enum ledger_trouble trouble, const char *why)
{
    t->trouble = trouble;
    snprintf(t->error, t->size, "%s", why);
    return false;
}

/* The opener did not say PG_OK. */
static bool refuse_answer(struct taking *t, enum pg_status status)
{
    enum ledger_trouble kind = status == PG_LOST ? LEDGER_TROUBLE_AWAY : LEDGER_TROUBLE_DAMAGED;
    return fail(t, kind, pg_message(t->store->opener));
}

/* Ask on the opener; false: it failed, and said so. */
static bool ask(struct taking *t, const struct pg_statement *statement, const char *const *values,
    struct pg_result **rows)
{
    enum pg_status status = pg_run(t->context, t->store->opener, statement, values, rows);
    return status == PG_OK || refuse_answer(t, status);
}

/* Have a session in which the ledger is taken and read. */
static bool connect_opener(struct taking *t)
{
    char problem[LEASE_WHY];
    return store_begin_opening(t->context, t->store, t->store->errands, problem, sizeof problem) ||
           fail(t, LEDGER_TROUBLE_AWAY, problem);
}

static bool raise_epoch(struct taking *t, const char *ledger)
{
    static const struct pg_statement take = {
        4, "SELECT writer_take($1::int, $2::bigint, $3, $4::boolean)"};
    char server[24];
    bool accepts_lost = lease_accepts_lost(t->store->lease);
    const char *values[] = {ledger, server, t->options->strategy, accepts_lost ? "true" : "false"};
    struct pg_result *rows = NULL;
    snprintf(server, sizeof server, "%lu", lease_server(t->store->lease));
    failpoint("epoch.before");
    if (!ask(t, &take, values, &rows))
        return false;
    failpoint("epoch.taken");
    bool taken = !pg_is_null(rows, 0, 0);
    t->store->epoch = (uint64_t)pg_number(rows, 0, 0);
    pg_free(&rows);
    return taken || fail(t, LEDGER_TROUBLE_TAKEN,
                        "another server has this ledger, or its writer's row is locked");
}

/* Where the journal ends. Batches from before there was a chain have no hash; later ones do. */
static bool read_end(struct taking *t, const char *ledger, struct lease_place *place)
{
    static const struct pg_statement last = {1,
        "SELECT no, last_seq, encode(hash, 'hex'), hash IS NULL AND EXISTS (SELECT FROM batch y"
        " WHERE y.ledger = $1 AND y.hash IS NOT NULL)"
        " FROM batch x WHERE ledger = $1 ORDER BY no DESC LIMIT 1"};
    struct pg_result *rows = NULL;
    *place = (struct lease_place){.epoch = t->store->epoch};
    if (!ask(t, &last, &ledger, &rows))
        return false;
    bool good = true;
    if (pg_rows(rows) == 1) {
        place->batch = (uint64_t)pg_number(rows, 0, 0);
        place->seq = (uint64_t)pg_number(rows, 0, 1);
        hash_of_hex(pg_text(rows, 0, 2), place->hash, sizeof place->hash);
        if (*pg_text(rows, 0, 3) != 'f')
            good = fail(t, LEDGER_TROUBLE_DAMAGED,
                "the journal contradicts itself: the last batch has no hash");
    }
    pg_free(&rows);
    return good;
}

/* What former owners may have told (lease_beat.c). */
static bool read_moments(struct taking *t, const char *ledger)
{
    static const struct pg_statement read = {1,
        "SELECT coalesce(extract(epoch FROM moments_until) * 1000000, 0)::bigint"
        " FROM writer WHERE ledger = $1"};
    struct pg_result *rows = NULL;
    if (!ask(t, &read, &ledger, &rows))
        return false;
    t->store->moments_until_us = pg_number(rows, 0, 0);
    pg_free(&rows);
    return true;
}

/* The database must not be behind what was acknowledged, here or as it was read here. */
static bool hold_against(struct taking *t, const struct lease_place *had)
{
    bool has;
    struct store *store = t->store;
    enum pg_status status = store_has_batch(t->context, store, store->opener, had, &has);
    if (status != PG_OK)
        return refuse_answer(t, status);
    if (has || store_accepts_loss(t->context, store, had, t->error, t->size))
        return true;
    t->trouble = LEDGER_TROUBLE_BEHIND;
    return false;
}

static bool hold_against_all(struct taking *t)
{
    struct lease_place had;
    if (lease_witnessed(t->store->lease, t->options->ledger, &had) && !hold_against(t, &had))
        return false;
    return !t->options->had || hold_against(t, t->options->had);
}

/* Writes may have been stopped by another server before. */
static bool read_stop(struct taking *t, const char *ledger)
{
    static const struct pg_statement read = {1, "SELECT stopped FROM writer WHERE ledger = $1"};
    struct pg_result *rows = NULL;
    if (!ask(t, &read, &ledger, &rows))
        return false;
    if (pg_rows(rows) == 1 && !pg_is_null(rows, 0, 0)) {
        atomic_store(&t->store->claim.stop_recorded, true);
        lease_degrade(&t->store->claim, LEASE_STOPPED, pg_text(rows, 0, 0));
    }
    pg_free(&rows);
    return true;
}

static bool take(struct taking *t)
{
    struct store *store = t->store;
    struct lease_place place;
    char ledger[16];
    snprintf(ledger, sizeof ledger, "%d", store->ledger);
    if (!connect_opener(t) || !raise_epoch(t, ledger) || !read_end(t, ledger, &place) ||
        !read_moments(t, ledger))
        return false;
    store->batch = place.batch;
    memcpy(store->hash, place.hash, sizeof store->hash);
    if (!hold_against_all(t))
        return false;
    lease_claim(store->lease, &store->claim, store->ledger, t->options->ledger, &place);
    return read_stop(t, ledger);
}

/* ---- opening ------------------------------------------------------------------------------- */

static struct store *make(const struct store_options *options)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->readers = options->readers;
    if (!store->readers)
        store->readers = store->own_readers =
            readers_make(options->conninfo, PG_SERVES, STORE_READERS);
    store->errands = options->errands;
    store->lease = options->lease;
    store->ledger = options->number;
    store->replica = options->replica;
    snprintf(store->claim.name, sizeof store->claim.name, "%s", options->ledger);
    if (!store->readers || !(store->conninfo = strdup(options->conninfo)))
        store_close(&store);
    return store;
}

struct store *store_follow(const struct store_options *options)
{
    struct store *store = make(options);
    if (!store)
        return NULL;
    store->standing = STORE_FOLLOWED;
    return store;
}

bool store_take(struct co_context *context, struct store *store,
    const struct store_options *options, enum ledger_trouble *trouble, char *error,
    size_t error_size)
{
    struct taking t = {context, store, options, LEDGER_TROUBLE_AWAY, error, error_size};
    bool taken = take(&t);
    *trouble = taken ? LEDGER_TROUBLE_NONE : t.trouble;
    if (taken)
        return true;
    lease_drop_claim(&store->claim);
    store_end_opening(store);
    return false;
}

void store_own(struct store *store)
{
    atomic_store(&store->standing, STORE_OURS);
}

struct store *store_open(struct co_context *context, const struct store_options *options,
    enum ledger_trouble *trouble, char *error, size_t error_size)
{
    struct store *store = make(options);
    struct taking t = {context, store, options, LEDGER_TROUBLE_AWAY, error, error_size};
    if (!store)
        snprintf(error, error_size, "out of memory");
    else if ((!store->lease && !prepare_alone(context, store, options, error, error_size)) ||
             !take(&t))
        store_close(&store);
    if (trouble)
        *trouble = store ? LEDGER_TROUBLE_NONE : t.trouble;
    return store;
}

bool store_begin_opening(struct co_context *context, struct store *store, struct errands *errands,
    char *error, size_t error_size)
{
    store->opener_of = errands;
    store->opener = errands_begin(context, errands, ERRAND_AWAITED, error, error_size);
    return store->opener != NULL;
}

void store_end_opening(struct store *store)
{
    if (store->opener)
        errands_end(store->opener_of, ERRAND_AWAITED, &store->opener);
}

void store_close(struct store **store)
{
    struct store *closed = *store;
    *store = NULL;
    if (!closed)
        return;
    lease_drop_claim(&closed->claim);
    lease_stop(&closed->own_lease);
    store_end_opening(closed);
    readers_free(&closed->own_readers);
    free(closed->conninfo);
    free(closed);
}
