/* SPDX-License-Identifier: MIT */
#include "tests/ledger/guest.h"

#include <stdio.h>

#include "coro/clock.h"
#include "ledger/journal/committer.h"
#include "ledger/journal/store.h"
#include "ledger/lease/lease.h"
#include "ledger/ledger_private.h"

static void follow_on(void *arg)
{
    struct guest *g = arg;
    g->end = ledger_follow_on(g->duty.running, g->ledger, g->why, sizeof g->why);
    if (g->end != LEDGER_FOLLOW_STOPPED)
        atomic_store(&g->wrong, true);
}

void guest_begin(struct guest *g, const char *conninfo, const char *strategy)
{
    struct co_context *context = co_context_background();
    const struct lease_options of_lease = {.conninfo = conninfo};
    struct lease_row row;
    if (!g->lease) {
        co_ensure(lease_start(context, &of_lease, &g->lease, g->why, sizeof g->why) == PG_OK);
        g->committer = committer_start(conninfo, g->lease);
        co_ensure(g->committer != NULL);
    }
    for (uint64_t seen = 0; !lease_row(g->lease, 0, &row);)
        co_ensure(lease_await_news(context, g->lease, &seen));
    g->options = (struct ledger_options){.conninfo = conninfo,
        .name = "main",
        .strategy = strategy,
        .catching_up = &g->catching_up,
        .replica = g->replica,
        .lease = g->lease,
        .committer = g->committer,
        .number = row.ledger,
        .trouble = &g->trouble};
    g->ledger = ledger_follow(context, &g->options, g->why, sizeof g->why);
    if (!g->ledger)
        fprintf(stderr, "the ledger is not followed: %s\n", g->why);
    co_ensure(g->ledger != NULL);
}

void guest_follow(struct guest *g)
{
    bool started = co_duty_start("guest", &g->duty, follow_on, g);
    co_ensure(started);
}

void guest_lend_replica(struct guest *g)
{
    g->ledger->store->replica = g->replica;
}

void guest_pause(struct guest *g)
{
    co_duty_stop(&g->duty);
    g->duty = (struct co_duty){.running = NULL};
}

void guest_await(struct guest *g, uint64_t seq)
{
    struct co_context *context = co_context_with_timeout(co_context_background(), 60 * CO_CLOCK_S);
    CU_ASSERT(seq == 0 || ledger_await(context, g->ledger, seq - 1));
    co_context_release(&context);
}

struct ledger *guest_take(struct guest *g)
{
    struct lease_row row;
    uint64_t seen = 0;
    struct co_context *context = co_context_background();
    while (!lease_find(g->lease, g->options.number, &row) || (!row.free && !row.ours))
        if (!lease_await_news(context, g->lease, &seen))
            break;
    bool taken = ledger_follow_take(context, g->ledger, &g->options, g->why, sizeof g->why);
    guest_pause(g);
    struct ledger *ledger = g->ledger;
    if (taken && ledger_follow_open(context, ledger, &g->options, g->why, sizeof g->why)) {
        g->ledger = NULL;
        return ledger;
    }
    return NULL;
}

void guest_end(struct guest *g)
{
    guest_pause(g);
    ledger_close(&g->ledger);
    committer_stop(&g->committer);
    lease_stop(&g->lease);
}
