/* SPDX-License-Identifier: MIT */
/* The other servers. */
#include <stdio.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

enum { LOOKS_APART_MS = 1000 };

void lease_watch_reset(struct lease *lease)
{
    lease->watched_ns = 0;
}

/* Has its beat stood still for so long that its lease is over? */
static bool is_silent(const struct lease *lease, const struct lease_peer *peer, int64_t now_ns)
{
    int64_t since_ns = peer->since_ns > lease->watched_ns ? peer->since_ns : lease->watched_ns;
    return now_ns - since_ns >= LEASE_TAKE_MS * CO_CLOCK_MS;
}

static void declare_dead(
    struct co_context *context, struct lease *lease, const struct lease_peer *peer)
{
    /* The database compares once more: if the beat has moved since, that server lives. */
    static const struct pg_statement end = {2, "SELECT server_end($1::bigint, $2::bigint)"};
    char no[24], last[24];
    const char *values[] = {no, last};
    struct pg_result *rows = NULL;
    snprintf(no, sizeof no, "%lu", peer->no);
    snprintf(last, sizeof last, "%lu", peer->beat);
    if (pg_run(context, lease->pg, &end, values, &rows) == PG_OK && *pg_text(rows, 0, 0) == 't') {
        notice(NOTICE_INFO, "server %lu%s%s has not been heard from for %d ms: what it had is free",
            peer->no, *peer->url ? " at " : "", peer->url, LEASE_TAKE_MS);
        lease_look_soon(lease);
    }
    pg_free(&rows);
}

void lease_watch(struct co_context *context, struct lease *lease)
{
    int64_t now_ns = co_clock_boot_ns();
    uint64_t me = lease_server(lease);
    /* Nobody looked for a while: we may have been the ones away, not those that seem silent. */
    if (lease->watched_ns == 0 || now_ns - lease->looked_ns > LOOKS_APART_MS * CO_CLOCK_MS)
        lease->watched_ns = now_ns;
    lease->looked_ns = now_ns;
    /* One that has no ledger, too: as long as it seems to live, ledgers are left to it. */
    for (size_t i = 0; i < lease->peer_count; i++) {
        const struct lease_peer *peer = &lease->peers[i];
        if (peer->no != me && is_silent(lease, peer, now_ns))
            declare_dead(context, lease, peer);
    }
}
