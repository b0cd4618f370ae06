/* SPDX-License-Identifier: MIT */
/*
 * Connecting. PQconnectPoll() knows no timeout of its own, and the look-up of a host's name blocks
 * the thread that makes it: the one is bounded here, the other done on a thread of the pool.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/poller.h"
#include "ledger/db/pg_hosts.h"

/* ---- the environment ----------------------------------------------------------------------- */

extern char **environ;

static bool may_stay(const char *name)
{
    static const char *const names[] = {"PGUSER=", "PGPASSWORD=", "PGPASSFILE=", "PGSERVICEFILE=",
        "PGSYSCONFDIR=", "PGREQUIREPEER=", "PGREQUIRESSL=", "PGCHANNELBINDING=", "PGSSL", "PGGSS",
        "PGKRB"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

void pg_clear_environment(bool is_private)
{
    char **kept = environ;
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, "PG", 2) != 0 || (!is_private && may_stay(*entry)))
            *kept++ = *entry;
    if (kept)
        *kept = NULL;
}

/* ---- the connection ------------------------------------------------------------------------ */

/* The message of what was written last stays for who asks why; a warning makes it doubtful. */
static void take_notice(void *arg, const PGresult *result)
{
    struct pg *pg = arg;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (!severity || strcmp(severity, "WARNING") != 0)
        return;
    pg->warned = true;
    pg_note(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

struct start {
    const char *const *names, *const *values;
    bool expand;
    PGconn *conn;
};

static void start(void *arg)
{
    struct start *start = arg;
    start->conn = PQconnectStartParams(start->names, start->values, start->expand);
}

static bool handshake(struct context *context, PGconn *conn)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED)
            return false;
        unsigned events = next == PGRES_POLLING_READING ? POLLER_READ : POLLER_WRITE;
        int fd = PQsocket(conn);
        if (poller_wait(context, fd, events) != POLLER_READY)
            return false;
        /* The call may close the descriptor and open another under the same number. */
        poller_forget(fd);
        next = PQconnectPoll(conn);
    }
    return true;
}

static bool is_up(struct context *context, struct pg *pg, const char *role)
{
    return PQstatus(pg->conn) != CONNECTION_BAD && handshake(context, pg->conn) &&
           PQsetnonblocking(pg->conn, 1) == 0 && pg_pin(context, pg, role);
}

struct pg *pg_start(const char *const *names, const char *const *values, bool expand)
{
    struct start begun = {.names = names, .values = values, .expand = expand};
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg)
        blocking_call(start, &begun);
    if (!begun.conn) {
        free(pg);
        return NULL;
    }
    pg->conn = begun.conn;
    PQsetNoticeReceiver(pg->conn, take_notice, pg);
    return pg;
}

bool pg_finish(struct context *context, struct pg *pg, const char *role, int64_t patience_ns,
    char *error, size_t error_size)
{
    struct context *patience = context_with_timeout(context, patience_ns);
    if (!patience) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    bool up = is_up(patience, pg, role);
    bool late = context_err(patience) != CONTEXT_OK;
    context_release(&patience);
    if (up)
        return true;
    const char *reason = *pg->message && !late ? pg->message : PQerrorMessage(pg->conn);
    snprintf(error, error_size, "%.200s%s", reason,
        late      ? "no answer in time"
        : *reason ? ""
                  : "no reason given");
    error[strcspn(error, "\n")] = '\0';
    return false;
}

/* The connect_timeout that was given, with which libpq itself does nothing here; or ours. */
static int64_t patience_of(const PQconninfoOption *options, int64_t ours_s)
{
    const char *given = pg_hosts_option(options, "connect_timeout");
    int64_t seconds = given ? strtol(given, NULL, 10) : 0;
    return (seconds > 0 && seconds < 3600 ? seconds : ours_s) * CLOCK_S;
}

/* What stands before `dbname`, which is the whole of the user's, is a default for it; what stands
 * behind it is not to be changed. */
struct pg *pg_connect(
    struct context *context, const char *conninfo, const char *role, char *error, size_t error_size)
{
    static const char *const names[] = {"fallback_application_name", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "client_encoding",
        NULL};
    const char *const values[] = {"teller", "2", "1", "3", "5000", conninfo, "UTF8", NULL};
    struct pg *pg = pg_start(names, values, true);
    PQconninfoOption *options = pg ? PQconninfo(pg->conn) : NULL;
    if (!options) {
        snprintf(error, error_size, "out of memory");
        pg_close(&pg);
    } else if (pg_hosts_count(options) > 1) {
        pg_close(&pg);
        pg = pg_hosts_connect(
            context, options, role, patience_of(options, PG_HOST_S), error, error_size);
    } else if (!pg_finish(
                   context, pg, role, patience_of(options, PG_CONNECT_S), error, error_size) ||
               (role && !pg_hosts_admit(pg, error, error_size))) {
        pg_close(&pg);
    }
    PQconninfoFree(options);
    return pg;
}

void pg_close(struct pg **pg)
{
    if (!*pg)
        return;
    int fd = PQsocket((*pg)->conn);
    if (fd >= 0)
        poller_forget(fd);
    PQfinish((*pg)->conn);
    for (size_t i = 0; i < (*pg)->prepared_count; i++)
        free((*pg)->prepared[i]);
    free((*pg)->pins);
    free(*pg);
    *pg = NULL;
}
