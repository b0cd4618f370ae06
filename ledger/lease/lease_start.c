/* SPDX-License-Identifier: MIT */
/* How a lease begins and ends, and what it leaves behind: the witness. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

enum {
    SAVE_MS = 1000, /* how often the witness is written, at most */
    LEAVE_S = 3,    /* how long an end may take that is told to the database */
};

/* ---- the witness --------------------------------------------------------------------------- */

struct saving {
    struct witness *witness;
    bool good;
    int reason;
};

static void save_blocking(void *arg)
{
    struct saving *saving = arg;
    saving->good = witness_save(saving->witness);
    saving->reason = errno;
}

/* False: it could not be written. */
static bool save(struct lease *lease, bool reported)
{
    /* Syncing a file may take seconds: not on this worker. */
    struct saving saving = {.witness = lease->witness};
    co_blocking_call(save_blocking, &saving);
    if (!saving.good && !reported)
        notice(NOTICE_TROUBLE, "the witness of what was acknowledged cannot be written: %s",
            strerror(saving.reason));
    return saving.good;
}

static void save_now_and_then(void *arg)
{
    struct lease *lease = arg;
    bool good = true;
    while (co_duty_rest(&lease->saving, SAVE_MS * CO_CLOCK_MS))
        good = save(lease, !good);
}

/* ---- starting and stopping ----------------------------------------------------------------- */

static void free_lease(struct lease **lease)
{
    struct lease *freed = *lease;
    *lease = NULL;
    if (freed->witness)
        witness_close(&freed->witness);
    pg_close(&freed->pg);
    lease_free_rows(freed);
    free(freed->peers);
    free(freed->conninfo);
    free(freed->url);
    free(freed->place);
    free(freed);
}

/* Without a witness, or with one that can be read, or need not be. */
static bool open_witness(
    struct lease *lease, const struct lease_options *options, char *error, size_t size)
{
    if (!options->witness)
        return true;
    lease->witness = witness_open(options->witness, error, size);
    if (!lease->witness && options->accepts_lost) {
        notice(NOTICE_TROUBLE, "%s; starting again", error);
        /* The loss was accepted, so what the damaged file said does not count any more. */
        if (remove(options->witness) == 0)
            lease->witness = witness_open(options->witness, error, size);
    }
    return lease->witness != NULL;
}

static struct lease *make(const struct lease_options *options, char *error, size_t size)
{
    struct lease *lease = calloc(1, sizeof *lease);
    snprintf(error, size, "out of memory");
    if (!lease)
        return NULL;
    lease->accepts_lost = options->accepts_lost;
    lease->conninfo = strdup(options->conninfo);
    lease->url = strdup(options->url ? options->url : "");
    lease->place = strdup(options->place ? options->place : "");
    if (!lease->conninfo || !lease->url || !lease->place ||
        !open_witness(lease, options, error, size))
        free_lease(&lease);
    return lease;
}

static enum pg_status enter(
    struct co_context *context, struct lease *lease, char *error, size_t size)
{
    lease->pg = pg_connect(context, lease->conninfo, PG_APP_ROLE, error, size);
    enum pg_status status = lease->pg ? lease_enter(context, lease) : PG_LOST;
    if (status != PG_OK && lease->pg)
        snprintf(error, size, "%s", pg_message(lease->pg));
    return status;
}

enum pg_status lease_start(struct co_context *context, const struct lease_options *options,
    struct lease **lease, char *error, size_t size)
{
    struct lease *made = make(options, error, size);
    enum pg_status status = made ? enter(context, made, error, size) : PG_ERROR;
    *lease = made;
    if (status != PG_OK) {
        if (made)
            free_lease(lease);
        return status;
    }
    if (co_duty_start("lease", &made->beating, lease_beat, made) &&
        (!made->witness || co_duty_start("witness", &made->saving, save_now_and_then, made)))
        return PG_OK;
    snprintf(error, size, "out of memory");
    lease_stop(lease);
    return PG_ERROR;
}

/* Tell the database; a server that waits for our ledgers need not wait for the lease then. */
static void leave(struct lease *lease)
{
    static const struct pg_statement say = {2, "SELECT server_leave($1::bigint, $2::uuid)"};
    char error[LEASE_WHY], me[24];
    const char *values[] = {me, lease->life};
    struct co_context *bounded =
        co_context_with_timeout(co_context_background(), LEAVE_S * CO_CLOCK_S);
    if (!bounded)
        return;
    snprintf(me, sizeof me, "%lu", lease_server(lease));

    /* The connection may have died unnoticed: so once more on a new one. */
    enum pg_status status = PG_LOST;
    for (int tries = 0; tries < 2 && status == PG_LOST; tries++) {
        if (lease->pg && pg_is_lost(lease->pg))
            pg_close(&lease->pg);
        if (!lease->pg)
            lease->pg = pg_connect(bounded, lease->conninfo, PG_APP_ROLE, error, sizeof error);
        if (lease->pg)
            status = pg_run(bounded, lease->pg, &say, values, NULL);
    }
    if (status != PG_OK)
        notice(NOTICE_TROUBLE, "the database could not be told of the end; others wait %d ms",
            LEASE_TAKE_MS);
    co_context_release(&bounded);
}

void lease_stop(struct lease **lease)
{
    struct lease *stopped = *lease;
    if (!stopped)
        return;
    co_ensure(!stopped->claims);
    /* No beat after the end of the row: it would enter as a new server. */
    co_duty_stop(&stopped->beating);
    co_duty_stop(&stopped->saving);
    leave(stopped);
    /* What was acknowledged since it was saved last. */
    if (stopped->witness)
        (void)save(stopped, false);
    free_lease(lease);
}
