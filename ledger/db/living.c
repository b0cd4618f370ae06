/* SPDX-License-Identifier: MIT */
#include "ledger/db/living.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"

enum { BEATS_TEXT = 40 };

/* Longer than a living server can take from one beat to the next (lease.h). */
static const int64_t dead_after_ns = 4 * CO_CLOCK_S, look_every_ns = 200 * CO_CLOCK_MS;

/* One row with one text, which goes to `text`. */
static enum pg_status ask(struct co_context *context, struct pg *pg,
    const struct pg_statement *statement, char *text, size_t size)
{
    struct pg_result *rows = NULL;
    enum pg_status status = pg_run(context, pg, statement, NULL, &rows);
    if (status == PG_OK)
        snprintf(text, size, "%s", pg_rows(rows) ? pg_text(rows, 0, 0) : "");
    pg_free(&rows);
    return status;
}

/* Those from before leases: the lock's class is theirs, its object the ledger. */
static enum pg_status ask_locks(struct co_context *context, struct pg *pg, bool *held)
{
    static const struct pg_statement locks = {
        .sql = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted"
               " AND objsubid = 2 AND classid = 731029588 AND database ="
               " (SELECT oid FROM pg_database WHERE datname = current_database())"};
    char text[8] = "";
    enum pg_status status = ask(context, pg, &locks, text, sizeof text);
    *held = *text == 't';
    return status;
}

/* A mark of the servers that have not left, with their beats; "": there are none. */
static enum pg_status ask_beats(struct co_context *context, struct pg *pg, char text[BEATS_TEXT])
{
    static const struct pg_statement table = {
        .sql = "SELECT to_regclass('teller.server') IS NOT NULL"};
    static const struct pg_statement beats = {
        .sql = "SELECT md5(string_agg(no || ':' || beat, ' ' ORDER BY no)) FROM server"
               " WHERE left_at IS NULL"};
    char there[8] = "";
    text[0] = '\0';
    enum pg_status status = ask(context, pg, &table, there, sizeof there);
    if (status == PG_OK && *there == 't')
        status = ask(context, pg, &beats, text, BEATS_TEXT);
    return status;
}

enum pg_status living_look(struct co_context *context, struct pg *pg, bool *lives)
{
    char first[BEATS_TEXT], now[BEATS_TEXT];
    int64_t since_ns = co_clock_now_ns();
    enum pg_status status = ask_locks(context, pg, lives);
    if (status != PG_OK || *lives || (status = ask_beats(context, pg, first)) != PG_OK)
        return status;
    memcpy(now, first, sizeof now);
    while (*now && strcmp(now, first) == 0 && co_clock_now_ns() - since_ns < dead_after_ns) {
        co_sleep(look_every_ns);
        if (co_context_err(context) != CO_CONTEXT_OK)
            return PG_LOST;
        if ((status = ask_beats(context, pg, now)) != PG_OK)
            return status;
    }
    *lives = *now && strcmp(now, first) != 0;
    return PG_OK;
}
