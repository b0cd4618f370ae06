/* SPDX-License-Identifier: MIT */
/*
 * The other servers. One that dies takes its connections with it: its kernel closes them, the
 * database ends the session of its beats, and drops the lock that this held. That tells it from one
 * that is slow, or whose network is silent, as whose session stays for a while; it is no proof, as
 * a server that lives loses its session, too. So it counts only
 * - once the lease is over, by which nothing depends on it but the patience of the others;
 * - if the session was there before, on the connection by which it is missed now: a server that
 *   has yet to find a new primary has none, and a pooler shows none;
 * - if it stays away for longer than a server takes to connect again.
 */
#include <stdio.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

enum { LOOKS_APART_MS = 1000 };

enum pg_status lease_show(struct co_context *context, struct lease *lease)
{
    /* Never waiting: the others try it for a moment with each look. Then the next beat gets it. */
    static const struct pg_statement show = {
        1, "SELECT pg_try_advisory_lock_shared(" LEASE_SESSION("$1::bigint") ")"};
    char me[24];
    const char *values[] = {me};
    struct pg_result *rows = NULL;
    /* A pooler's session goes on without us. */
    if (lease->shown || pg_process(lease->pg) == 0)
        return PG_OK;
    snprintf(me, sizeof me, "%lu", lease_server(lease));
    enum pg_status status = pg_run(context, lease->pg, &show, values, &rows);
    lease->shown = status == PG_OK && *pg_text(rows, 0, 0) == 't';
    pg_free(&rows);
    return status;
}

static void forget_sessions(struct lease *lease)
{
    co_lock_take(&lease->lock);
    for (size_t i = 0; i < lease->peer_count; i++) {
        lease->peers[i].met = false;
        lease->peers[i].parted_ns = 0;
    }
    co_lock_drop(&lease->lock);
}

void lease_watch_reset(struct lease *lease)
{
    lease->watched_ns = 0;
    forget_sessions(lease);
}

static int64_t later(int64_t one_ns, int64_t other_ns)
{
    return one_ns > other_ns ? one_ns : other_ns;
}

/* When its beat will have stood still for too long, unless it moves. */
static int64_t due_ns(const struct lease *lease, const struct lease_peer *peer)
{
    int64_t since_ns = later(peer->since_ns, lease->watched_ns);
    int64_t patient_ns = since_ns + LEASE_TAKE_MS * CO_CLOCK_MS;
    int64_t parted_ns = later(since_ns + LEASE_MS * CO_CLOCK_MS,
        later(peer->parted_ns, lease->watched_ns) + LEASE_PARTED_MS * CO_CLOCK_MS);
    return peer->parted_ns && parted_ns < patient_ns ? parted_ns : patient_ns;
}

int64_t lease_watch_due_ns(struct lease *lease)
{
    int64_t first_ns = 0, now_ns = co_clock_boot_ns();
    uint64_t me = lease_server(lease);
    for (size_t i = 0; i < lease->peer_count; i++) {
        int64_t its_ns = due_ns(lease, &lease->peers[i]);
        if (lease->peers[i].no != me && its_ns > now_ns && (!first_ns || its_ns < first_ns))
            first_ns = its_ns;
    }
    return first_ns;
}

static void declare_dead(
    struct co_context *context, struct lease *lease, const struct lease_peer *peer)
{
    /* The database compares once more: if the beat has moved since, that server lives. */
    static const struct pg_statement end = {2, "SELECT server_end($1::bigint, $2::bigint)"};
    char no[24], last[24];
    const char *values[] = {no, last};
    struct pg_result *rows = NULL;
    int64_t since_ns = later(peer->since_ns, lease->watched_ns);
    int64_t silent_ms = (co_clock_boot_ns() - since_ns) / CO_CLOCK_MS;
    snprintf(no, sizeof no, "%lu", peer->no);
    snprintf(last, sizeof last, "%lu", peer->beat);
    if (pg_run(context, lease->pg, &end, values, &rows) == PG_OK && *pg_text(rows, 0, 0) == 't') {
        notice(NOTICE_INFO,
            "server %lu%s%s has not been heard from for %ld ms%s: what it had is free", peer->no,
            *peer->url ? " at " : "", peer->url, silent_ms,
            peer->parted_ns ? ", and its session has ended" : "");
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
        if (peer->no != me && now_ns >= due_ns(lease, peer))
            declare_dead(context, lease, peer);
    }
}
