/* SPDX-License-Identifier: MIT */
/* The other servers. */
#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

enum { LOOKS_APART_MS = 1000 };

void lease_watch_reset(struct lease *lease)
{
    lease->seen_count = 0;
    lease->looked_ns = 0;
}

/* Where it is noted how long that server's beat has stood still; a new one begins now. NULL: memory
 * is short, and it is looked at again the next time. */
static struct lease_seen *seen_of(struct lease *lease, uint64_t no, uint64_t beat, int64_t now_ns)
{
    for (size_t i = 0; i < lease->seen_count; i++)
        if (lease->seen[i].no == no)
            return &lease->seen[i];
    struct lease_seen *seen = realloc(lease->seen, (lease->seen_count + 1) * sizeof *lease->seen);
    if (!seen)
        return NULL;
    lease->seen = seen;
    seen[lease->seen_count] = (struct lease_seen){.no = no, .beat = beat, .since_ns = now_ns};
    return &seen[lease->seen_count++];
}

/* Has its beat stood still for so long that its lease is over? */
static bool is_silent(struct lease *lease, uint64_t no, uint64_t beat, int64_t now_ns)
{
    struct lease_seen *seen = seen_of(lease, no, beat, now_ns);
    if (!seen)
        return false;
    if (seen->beat != beat) {
        seen->beat = beat;
        seen->since_ns = now_ns;
    }
    return now_ns - seen->since_ns >= LEASE_TAKE_MS * CO_CLOCK_MS;
}

static void declare_dead(
    struct co_context *context, struct lease *lease, const struct lease_row *row, uint64_t beat)
{
    /* The database compares once more: if the beat has moved since, that server lives. */
    static const struct pg_statement end = {2, "SELECT server_end($1::bigint, $2::bigint)"};
    char no[24], last[24];
    const char *values[] = {no, last};
    struct pg_result *rows = NULL;
    snprintf(no, sizeof no, "%lu", row->owner);
    snprintf(last, sizeof last, "%lu", beat);
    if (pg_run(context, lease->pg, &end, values, &rows) == PG_OK && *pg_text(rows, 0, 0) == 't') {
        notice(NOTICE_INFO, "server %lu%s%s has not been heard from for %d ms: taking over",
            row->owner, *row->owner_url ? " at " : "", row->owner_url, LEASE_TAKE_MS);
        lease_look_soon(lease);
    }
    pg_free(&rows);
}

void lease_watch(struct co_context *context, struct lease *lease)
{
    int64_t now_ns = co_clock_boot_ns();
    /* Nobody looked for a while: we may have been the ones away, not those that seem silent. */
    if (lease->looked_ns && now_ns - lease->looked_ns > LOOKS_APART_MS * CO_CLOCK_MS)
        lease_watch_reset(lease);
    lease->looked_ns = now_ns;
    uint64_t dead = 0; /* one at a time, and each once: its other ledgers are free with the first */
    for (size_t i = 0; i < lease->row_count; i++) {
        const struct lease_row *row = &lease->rows[i];
        bool silent = !row->ours && !row->free && row->owner != dead &&
                      is_silent(lease, row->owner, lease->beats[i], now_ns);
        if (!silent)
            continue;
        dead = row->owner;
        declare_dead(context, lease, row, lease->beats[i]);
    }
}
