/* SPDX-License-Identifier: MIT */
/*
 * A connection from its start to its end. PQconnectPoll() knows no timeout of its own, and the
 * look-up of a host's name blocks the thread that makes it: the one is bounded here, the other done
 * on a thread of the pool.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/poller.h"
#include "ledger/db/pg_private.h"

/* The last message stays for a caller that asks why; a warning makes what was written doubtful. */
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

static bool handshake(struct co_context *context, PGconn *conn)
{
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED)
            return false;
        unsigned events = next == PGRES_POLLING_READING ? CO_POLLER_READ : CO_POLLER_WRITE;
        int fd = PQsocket(conn);
        if (co_poller_wait(context, fd, events) != CO_POLLER_READY)
            return false;
        /* The call may close the descriptor and open another under the same number. */
        co_poller_forget(fd);
        next = PQconnectPoll(conn);
    }
    return true;
}

static bool is_up(struct co_context *context, struct pg *pg, const char *role)
{
    return PQstatus(pg->conn) != CONNECTION_BAD && handshake(context, pg->conn) &&
           PQsetnonblocking(pg->conn, 1) == 0 && pg_pin(context, pg, role);
}

struct pg *pg_start(const char *const *names, const char *const *values, bool expand)
{
    struct start begun = {.names = names, .values = values, .expand = expand};
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg)
        co_blocking_call(start, &begun);
    if (!begun.conn) {
        free(pg);
        return NULL;
    }
    pg->conn = begun.conn;
    PQsetNoticeReceiver(pg->conn, take_notice, pg);
    return pg;
}

bool pg_finish(struct co_context *context, struct pg *pg, const char *role, int64_t timeout_ns,
    char *error, size_t error_size)
{
    struct co_context *deadline = co_context_with_timeout(context, timeout_ns);
    if (!deadline) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    bool up = is_up(deadline, pg, role);
    bool late = co_context_err(deadline) != CO_CONTEXT_OK;
    co_context_release(&deadline);
    if (up)
        return true;

    /* One line for people: ours, else libpq's. */
    const char *reason = *pg->message && !late ? pg->message : PQerrorMessage(pg->conn);
    snprintf(error, error_size, "%.200s%s", reason,
        late      ? "no answer in time"
        : *reason ? ""
                  : "no reason given");
    error[strcspn(error, "\n")] = '\0';
    return false;
}

void pg_close(struct pg **pg)
{
    if (!*pg)
        return;
    int fd = PQsocket((*pg)->conn);
    if (fd >= 0)
        co_poller_forget(fd);
    PQfinish((*pg)->conn);
    for (size_t i = 0; i < (*pg)->prepared_count; i++)
        free((*pg)->prepared[i]);
    free((*pg)->pins);
    free(*pg);
    *pg = NULL;
}
