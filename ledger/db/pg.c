/* SPDX-License-Identifier: MIT */
/*
 * What goes over a connection and comes back, and how it ends. Only the files of pg speak libpq.
 *
 * libpq reads its socket once for each call, so readiness is level-triggered (poller.h), and after
 * PQconnectPoll the socket may be another one: it is asked for each time.
 */
#include <linux/sockios.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/poller.h"
#include "ledger/db/pg_private.h"

/* ---- failures ------------------------------------------------------------------------------ */

void pg_note(struct pg *pg, const char *message)
{
    snprintf(
        pg->message, sizeof pg->message, "%s", message && *message ? message : "no reason given");
    pg->message[strcspn(pg->message, "\n")] = '\0';
}

enum pg_status pg_lose(struct pg *pg)
{
    if (!pg->lost)
        pg_note(pg, PQerrorMessage(pg->conn));
    pg->lost = true;
    return PG_LOST;
}

enum pg_status pg_doubt(struct pg *pg)
{
    char warning[sizeof pg->message];
    snprintf(warning, sizeof warning, "%s", pg->message);
    snprintf(pg->message, sizeof pg->message, "the database warned: %.200s", warning);
    pg->lost = true;
    return PG_LOST;
}

enum pg_status pg_note_error(struct pg *pg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    /* FATAL or PANIC, as at a shutdown: it is the last that this session says. */
    bool is_over = severity && strcmp(severity, "ERROR") != 0;
    pg_note(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", state ? state : "");
    if (!state || is_over || PQstatus(pg->conn) != CONNECTION_OK) {
        if (!state)
            pg_note(pg, PQresultErrorMessage(result));
        pg->lost = true;
        return PG_LOST;
    }
    return PG_ERROR;
}

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

const char *pg_message(const struct pg *pg)
{
    return pg->message;
}

bool pg_is_lost(const struct pg *pg)
{
    return pg->lost;
}

bool pg_is_at_rest(const struct pg *pg)
{
    return !pg->lost && PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
}

bool pg_is_silent(const struct pg *pg)
{
    return pg->silent;
}

int pg_process(const struct pg *pg)
{
    return pg->pins ? 0 : PQbackendPID(pg->conn);
}

/* ---- waiting ------------------------------------------------------------------------------- */

void pg_bound(struct pg *pg, int64_t silence_ns)
{
    pg->silence_ns = silence_ns;
}

bool pg_begin(struct pg *pg)
{
    pg->warned = false;
    pg->sending_ns = 0;
    pg->queued = 0;
    pg->began_ns = pg->moved_ns = co_clock_now_ns();
    if (!pg->lost && pg->newest && atomic_load(pg->newest) > pg->timeline) {
        pg_note(pg, "the database goes on elsewhere: a standby was promoted");
        pg->lost = true;
    }
    return !pg->lost;
}

/* Has the context ended? Then the connection can only be closed. */
static bool is_over(struct co_context *context, struct pg *pg)
{
    if (co_context_err(context) == CO_CONTEXT_OK)
        return false;
    pg_note(pg, "the wait for the database was ended");
    return pg->lost = true;
}

/* Note whether the kernel has got rid of something since: on a slow link it has megabytes to send
 * when libpq has none. A server that was slow to receive may be as slow to answer. */
static void look_for_progress(struct pg *pg)
{
    int queued = 0;
    if (ioctl(PQsocket(pg->conn), SIOCOUTQ, &queued) != 0 || queued == pg->queued)
        return;
    pg->queued = queued;
    pg->moved_ns = co_clock_now_ns();
    pg->sending_ns = pg->moved_ns - pg->began_ns;
}

static bool falls_silent(struct pg *pg)
{
    if (pg->silence_ns == 0)
        return false;
    look_for_progress(pg);
    if (co_clock_now_ns() - pg->moved_ns < pg->silence_ns + pg->sending_ns)
        return false;
    snprintf(pg->message, sizeof pg->message, "the database has not answered for %lld s",
        (long long)((co_clock_now_ns() - pg->moved_ns) / CO_CLOCK_S));
    return pg->lost = pg->silent = true;
}

/* How long to wait before looking up, which is not later than when it falls silent. */
static int64_t turn_ns(const struct pg *pg)
{
    enum { LOOK_AGAIN_MS = 500 };
    int64_t turn_ns = LOOK_AGAIN_MS * CO_CLOCK_MS;
    int64_t left_ns = pg->moved_ns + pg->silence_ns + pg->sending_ns - co_clock_now_ns();
    if (pg->silence_ns && left_ns < turn_ns)
        turn_ns = left_ns > CO_CLOCK_MS ? left_ns : CO_CLOCK_MS;
    return turn_ns;
}

/* It looks up now and then: for progress, and because a libpq that is short of memory takes a whole
 * message for a part of one, and must look again though no more bytes will come. */
bool pg_wait(struct co_context *context, struct pg *pg, unsigned events)
{
    struct co_context *turn = co_context_with_timeout(context, turn_ns(pg));
    enum co_poller_status status = CO_POLLER_CANCELLED;
    if (turn) {
        status = co_poller_wait(turn, PQsocket(pg->conn), events);
        co_context_release(&turn);
    } else {
        co_sleep(CO_CLOCK_MS);
    }
    if (status == CO_POLLER_READY) {
        if (events == CO_POLLER_READ)
            pg->moved_ns = co_clock_now_ns();
        return true;
    }
    return status == CO_POLLER_CANCELLED && !is_over(context, pg) && !falls_silent(pg);
}

bool pg_flush(struct co_context *context, struct pg *pg)
{
    int left;
    while ((left = PQflush(pg->conn)) == 1)
        if (falls_silent(pg) || !pg_wait(context, pg, CO_POLLER_READ | CO_POLLER_WRITE) ||
            !PQconsumeInput(pg->conn))
            return false;
    return left == 0;
}

bool pg_next(struct co_context *context, struct pg *pg, PGresult **result)
{
    while (PQisBusy(pg->conn))
        if (!pg_wait(context, pg, CO_POLLER_READ) || !PQconsumeInput(pg->conn))
            return false;
    *result = PQgetResult(pg->conn);
    return PQstatus(pg->conn) == CONNECTION_OK || *result != NULL;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Where the pins go in: behind its BEGIN, or in front, where the whole text is one transaction. */
static const char *place_of_pins(const char *sql)
{
    const char *begin = strncmp(sql, "ROLLBACK; ", 10) == 0 ? sql + 10 : sql;
    if (strncmp(begin, "BEGIN", 5) != 0)
        return begin;
    const char *end = strchr(begin, ';');
    return end ? end + 1 : begin + strlen(begin);
}

bool pg_send_text(struct pg *pg, const char *sql)
{
    PGTransactionStatusType status = PQtransactionStatus(pg->conn);
    if (!pg->pins || (status != PQTRANS_IDLE && strncmp(sql, "ROLLBACK; ", 10) != 0))
        return PQsendQuery(pg->conn, sql);
    const char *place = place_of_pins(sql);
    size_t size = strlen(sql) + strlen(pg->pins) + 2;
    char *text = malloc(size);
    if (!text)
        return false;
    snprintf(text, size, "%.*s%s%s%s", (int)(place - sql), sql,
        place > sql && place[-1] != ';' && place[-1] != ' ' ? ";" : "", pg->pins, place);
    bool sent = PQsendQuery(pg->conn, text);
    free(text);
    return sent;
}
