/* SPDX-License-Identifier: MIT */
/*
 * One turn: beat, if it is time for that; read what the database says of all ledgers; hold that
 * against the claims; only then is the lease extended. A turn that fails is tried again on a
 * new connection.
 *
 * A moment ("the balance at ten was 100") may be told only if nobody will ever write at that time,
 * whoever has the ledger next, whatever its clock says. That holds without comparing clocks:
 * - each beat notes in this server's row until when moments may be told, a little further than its
 *   clock is, and that only ever rises (server.moments_until);
 * - a moment is told only if it is not later than what a confirmed beat has noted, or than the last
 *   entry that is durable, and then this server itself gives no entry such a time any more;
 * - no beat is confirmed once this server has left, or was declared dead: the row is what it was.
 *   A server that takes a ledger does so after that, and in the same statement copies what the row
 *   says into the ledger's (writer.moments_until), where it stays for later owners;
 * - its first entry, and so all of them, gets a later time than that and than the last entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

enum {
    TURN_MS = LEASE_MS, /* what one turn may take, */
    ALL_MS = 5000,      /* and one that reads the rows of all ledgers */
    RETRY_MS = 50,      /* after one that failed, or could not give a ledger away */
};

/* ---- the server's row ---------------------------------------------------------------------- */

enum pg_status lease_enter(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement enter = {2, "SELECT no, life FROM server_enter($1, $2)"};
    const char *values[] = {lease->url, lease->place};
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(context, lease->pg, &enter, values, &rows);
    if (status == PG_OK) {
        atomic_store(&lease->server, (uint64_t)pg_number(rows, 0, 0));
        snprintf(lease->life, sizeof lease->life, "%s", pg_text(rows, 0, 1));
        lease->sent_ns = 0;
        lease->shown = false;
        atomic_store(&lease->dbtime.moments_until_us, 0); /* was noted in the former row */
        dbtime_forget(&lease->dbtime);                    /* whatever is opened is read again */
    }
    pg_free(&rows);
    return status;
}

/* What the database's clock said in a beat. News goes to the log. */
static void note_time(struct lease *lease, int64_t database_us, int64_t asked_ns)
{
    dbtime_note(&lease->dbtime, database_us, asked_ns, co_clock_boot_ns());
    int64_t apart_s = dbtime_apart_s(&lease->dbtime, co_clock_wall_us());
    int64_t jumped_s = dbtime_jumped_s(&lease->dbtime);
    bool apart = apart_s != 0 || jumped_s != 0;
    if (lease->apart == apart)
        return;
    lease->apart = apart;
    if (jumped_s)
        notice(NOTICE_TROUBLE,
            "the clock of the database was set %s by %ld s: nothing is written until it is "
            "right, or this program is started again",
            jumped_s > 0 ? "forward" : "back", labs(jumped_s));
    else if (lease->apart)
        notice(NOTICE_TROUBLE,
            "the clock of this server is %ld s %s the database's: nothing is written "
            "until it is right",
            labs(apart_s), apart_s > 0 ? "ahead of" : "behind");
    else
        notice(NOTICE_INFO, "the clocks are right again");
}

/* Until when this server will want to tell moments before the next beat: what its journals take for
 * now, or less, and for as long as the lease will be good. */
static int64_t moments_wanted_us(struct lease *lease)
{
    /* A clock that is off is not used for entries, so not for their moments either. */
    int64_t now_us = co_clock_wall_us();
    int64_t estimate_us = dbtime_estimate_us(&lease->dbtime);
    if (dbtime_apart_s(&lease->dbtime, now_us) != 0 && estimate_us < now_us)
        now_us = estimate_us;
    return now_us + LEASE_MS * CO_CLOCK_MS / CO_CLOCK_US;
}

/* *there: the row still exists, and this server has not been declared dead. */
static enum pg_status beat(struct co_context *context, struct lease *lease, bool *there)
{
    static const struct pg_statement say = {5,
        "SELECT server_beat($1::bigint, $2::uuid, $3::bigint, $4::bigint, $5::boolean),"
        " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"};
    char me[24], until[24], load[24];
    bool leaving = atomic_load(&lease->leaving);
    const char *values[] = {me, lease->life, until, load, leaving ? "true" : "false"};
    struct pg_result *rows = NULL;
    snprintf(me, sizeof me, "%lu", lease_server(lease));
    snprintf(until, sizeof until, "%ld", moments_wanted_us(lease));
    snprintf(load, sizeof load, "%lu", atomic_load(&lease->load));

    /* The answer tells the database's time too: it is of a moment after this one. */
    int64_t asked_ns = co_clock_boot_ns();
    enum pg_status status = pg_run(context, lease->pg, &say, values, &rows);
    *there = status == PG_OK && !pg_is_null(rows, 0, 0);
    if (status == PG_OK)
        note_time(lease, pg_number(rows, 0, 1), asked_ns);
    if (*there) {
        atomic_store(&lease->dbtime.moments_until_us, pg_number(rows, 0, 0));
        lease->told_leaving = leaving;
    }
    pg_free(&rows);
    return status;
}

/* Nothing is this server's any more: what it has in memory must not be told. It enters again. */
static enum pg_status start_over(struct co_context *context, struct lease *lease)
{
    char why[LEASE_WHY];
    atomic_store(&lease->failing, true);
    atomic_store(&lease->good_until_ns, 0);
    snprintf(why, sizeof why, "server %lu was silent too long, and has been replaced",
        lease_server(lease));
    lease_degrade_all(lease, LEASE_FENCED, why);
    return lease_enter(context, lease);
}

/* ---- claims -------------------------------------------------------------------------------- */

/* Does the database lack something that was acknowledged here? */
static bool has_lost(
    const struct lease_claim *claim, const struct lease_known *row, char why[LEASE_WHY])
{
    const struct lease_place *asked = &claim->asked;
    bool same = row->batch != asked->batch || asked->batch == 0 ||
                memcmp(row->hash, asked->hash, sizeof asked->hash) == 0;
    if (row->epoch >= asked->epoch && row->batch >= asked->batch && same)
        return false;
    lease_say_lost(asked, row->batch, row->epoch, why);
    return true;
}

/* Under the lock: what a look says of a claim. OURS: all is well. */
static enum lease_standing judge(
    const struct lease *lease, struct lease_claim *claim, char why[LEASE_WHY])
{
    const struct lease_known *row = lease_search(lease, claim->ledger);
    if (claim->asked.epoch == 0) /* made after the question was sent */
        return LEASE_OURS;
    if (row && row->asked_ns != lease->rows_asked_ns)
        row = NULL; /* it did not come, */
    if (!row && !lease->tells_claims)
        return LEASE_OURS; /* as it has not changed */

    bool is_ours = row && lease_owner(lease, row) && row->owner == atomic_load(&lease->server);
    bool taken =
        row && (row->epoch > claim->asked.epoch || (row->epoch == claim->asked.epoch && !is_ours));
    if (taken) {
        snprintf(why, LEASE_WHY, "epoch %lu has ended, the writer is at epoch %lu, of server %lu",
            claim->asked.epoch, row->epoch, row->owner);
        return LEASE_FENCED;
    }

    /* Still ours: is all that was acknowledged there? */
    if (!row) {
        snprintf(why, LEASE_WHY, "the database has gone back in time: it does not have the ledger");
        return LEASE_LOST;
    }
    if (has_lost(claim, row, why))
        return LEASE_LOST;
    if (!row->stopped)
        return LEASE_OURS;
    snprintf(why, LEASE_WHY, "%s", row->stopped);
    atomic_store(&claim->stop_recorded, true);
    return LEASE_STOPPED;
}

/* Compare the look with the claims. */
static void judge_claims(struct lease *lease)
{
    char why[LEASE_WHY];
    co_lock_take(&lease->lock);
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next)
        lease_degrade_one(claim, judge(lease, claim, why), why);
    co_lock_drop(&lease->lock);
}

/* A stop that the database does not have yet. *claim: a copy. */
static bool next_unrecorded(struct lease *lease, int after, struct lease_claim *copy)
{
    bool found = false;
    co_lock_take(&lease->lock);
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next) {
        enum lease_standing standing = atomic_load(&claim->standing);
        if ((standing != LEASE_STOPPED && standing != LEASE_LOST) || claim->ledger <= after ||
            atomic_load(&claim->stop_recorded) || (found && copy->ledger < claim->ledger))
            continue;
        copy->ledger = claim->ledger;
        copy->acknowledged = claim->acknowledged;
        memcpy(copy->why, claim->why, sizeof copy->why);
        found = true;
    }
    co_lock_drop(&lease->lock);
    return found;
}

/* From here on the row says so too, as the next look will. */
static void note_recorded(struct lease *lease, const struct lease_claim *copy)
{
    co_lock_take(&lease->lock);
    struct lease_known *row = lease_search(lease, copy->ledger);
    if (row)
        (void)lease_set_stopped(row, copy->why); /* else the look after it does */
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next)
        if (claim->ledger == copy->ledger && claim->acknowledged.epoch == copy->acknowledged.epoch)
            atomic_store(&claim->stop_recorded, true);
    co_lock_drop(&lease->lock);
}

/* That writes have stopped is to outlive this process. What cannot be recorded now is tried again
 * in the next turn. */
static enum pg_status record_stops(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement stop = {3, "SELECT writer_stop($1::int, $2::bigint, $3)"};
    struct lease_claim claim = {.ledger = 0};
    enum pg_status status = PG_OK;
    while (status != PG_LOST && next_unrecorded(lease, claim.ledger, &claim)) {
        char ledger[16], epoch[24];
        const char *values[] = {ledger, epoch, claim.why};
        struct pg_result *rows = NULL;
        snprintf(ledger, sizeof ledger, "%d", claim.ledger);
        snprintf(epoch, sizeof epoch, "%lu", claim.acknowledged.epoch);
        status = pg_run(context, lease->pg, &stop, values, &rows);
        if (status == PG_OK && *pg_text(rows, 0, 0) == 't')
            note_recorded(lease, &claim);
        pg_free(&rows);
    }
    return status;
}

/* ---- turns --------------------------------------------------------------------------------- */

/* What names stand for is asked with a beat only: the database must confirm that it is the one. */
static bool beat_is_due(const struct lease *lease, bool asks)
{
    return asks || lease->sent_ns == 0 || atomic_load(&lease->leaving) != lease->told_leaving ||
           co_clock_boot_ns() - lease->sent_ns >= LEASE_BEAT_MS * CO_CLOCK_MS;
}

/* Beat, or enter again and beat. */
static enum pg_status beat_or_enter(
    struct co_context *context, struct lease *lease, int64_t *sent_ns)
{
    bool there = false;
    enum pg_status status = PG_OK;
    for (int tries = 0; tries < 2 && status == PG_OK && !there; tries++) {
        *sent_ns = co_clock_boot_ns();
        status = beat(context, lease, &there);
        if (status == PG_OK && !there)
            status = start_over(context, lease);
    }
    lease->sent_ns = *sent_ns;
    if (status == PG_OK && there)
        status = lease_show(context, lease);
    return status == PG_OK && !there ? PG_ERROR : status;
}

/* Has somebody wanted a look since the last that was made? */
static bool is_wanted(struct lease *lease)
{
    uint64_t wanted = co_eventcount_read(&lease->wanted), made = lease->looks_made;
    lease->looks_made = wanted;
    return wanted != made;
}

static enum pg_status make_turn(struct co_context *context, struct lease *lease, bool fresh)
{
    int64_t sent_ns = 0;
    bool asks = lease_ask_is_due(lease), beats = fresh || beat_is_due(lease, asks);
    enum pg_status status = beats ? beat_or_enter(context, lease, &sent_ns) : PG_OK;
    if (status == PG_OK && asks)
        status = lease_answer(context, lease);
    if (status == PG_OK)
        status = lease_make_gifts(context, lease);
    bool wanted = is_wanted(lease);
    if (status == PG_OK)
        status = lease_look(context, lease, beats);
    if (status != PG_OK)
        return status;
    lease_note_gifts(lease);
    lease_tell_interests(lease);

    /* The claims first: a ledger that was lost must be known before the lease is extended. */
    judge_claims(lease);
    if (beats) {
        atomic_store(&lease->good_until_ns, sent_ns + (LEASE_MS - LEASE_MARGIN_MS) * CO_CLOCK_MS);
        atomic_store(&lease->failing, false);
        lease_note_problem(lease, "");
    }
    lease_tell_news(lease, beats || wanted || lease->changed);
    lease_watch(context, lease);
    return record_stops(context, lease);
}

/* One turn on a good connection; false: it failed, and the connection is given up. */
static bool try_turn(struct lease *lease)
{
    char why[LEASE_WHY] = "";
    struct co_context *turn = NULL;
    if (lease->pg && pg_is_lost(lease->pg))
        pg_close(&lease->pg);
    bool fresh = !lease->pg; /* its first turn beats, whether it is due or not */
    if (fresh) {
        lease->shown = false;
        lease->pg =
            pg_connect(lease->beating.running, lease->conninfo, PG_APP_ROLE, why, sizeof why);
    }
    if (fresh)
        lease->looks_on = false;
    if (lease->pg)
        turn = co_context_with_timeout(
            lease->beating.running, (lease->looks_on ? TURN_MS : ALL_MS) * CO_CLOCK_MS);
    bool good = turn && make_turn(turn, lease, fresh) == PG_OK;
    if (turn)
        co_context_release(&turn);
    if (good)
        return true;

    /* How long other servers' beats stood still counts on one connection only. */
    if (lease->pg)
        snprintf(why, sizeof why, "%s", pg_message(lease->pg));
    pg_close(&lease->pg);
    lease_watch_reset(lease);
    atomic_store(&lease->failing, true);
    if (!lease_is_good(lease))
        lease_note_away(lease, why);
    lease_tell_news(lease, true);
    return false;
}

/* Is there another server, or something that was taken and is not seen as this one's yet? */
static bool watches(struct lease *lease)
{
    bool does = lease->peer_count > 1;
    co_lock_take(&lease->lock);
    for (struct lease_claim *claim = lease->claims; claim && !does; claim = claim->next) {
        const struct lease_known *row = lease_search(lease, claim->ledger);
        does = !row || row->owner != lease_server(lease);
    }
    co_lock_drop(&lease->lock);
    return does;
}

static int64_t sooner(int64_t one_ns, int64_t other_ns)
{
    return one_ns < other_ns ? one_ns : other_ns;
}

/* Until the next beat is due; sooner if there are other servers to watch, or gifts to make. */
static int64_t pause_of(struct lease *lease)
{
    int64_t now_ns = co_clock_boot_ns();
    int64_t rest_ns = lease->sent_ns + LEASE_BEAT_MS * CO_CLOCK_MS - now_ns;
    int64_t ask_ns = lease_ask_due_ns(lease);
    if (ask_ns)
        rest_ns = sooner(rest_ns, ask_ns - now_ns);
    if (lease_has_gifts(lease))
        return sooner(rest_ns, RETRY_MS * CO_CLOCK_MS);
    if (!watches(lease))
        return rest_ns;
    int64_t due_ns = lease_watch_due_ns(lease);
    if (due_ns)
        rest_ns = sooner(rest_ns, due_ns - now_ns);
    return sooner(rest_ns, LEASE_LOOK_MS * CO_CLOCK_MS);
}

/* Park until the next turn. False: it is to stop. */
static bool rest(struct lease *lease, bool good)
{
    uint64_t wanted = co_eventcount_read(&lease->wanted);
    int64_t pause_ns = good ? pause_of(lease) : RETRY_MS * CO_CLOCK_MS;
    struct co_context *pause =
        co_context_with_timeout(lease->beating.running, pause_ns > 0 ? pause_ns : 1);
    if (!pause)
        return co_duty_rest(&lease->beating, RETRY_MS * CO_CLOCK_MS);
    (void)!co_eventcount_await(pause, &lease->wanted, wanted + 1);
    co_context_release(&pause);
    return co_context_err(lease->beating.running) == CO_CONTEXT_OK;
}

void lease_beat(void *arg)
{
    struct lease *lease = arg;
    while (rest(lease, try_turn(lease)))
        ;
}
