/* SPDX-License-Identifier: MIT */
#include "tests/ledger/several.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/ledger/fixture.h"

enum { TURNS = 3000, TURN_MS = 20 }; /* a minute */

static void open_bank(void *arg)
{
    struct several *server = arg;
    char error[300];
    server->opened = bank_open(co_context_background(), server->bank, error, sizeof error);
    co_waitgroup_done(&server->opening);
}

void several_begin(
    struct several *server, const char *db, int number, const struct bank_options *times)
{
    char error[300];
    *server = (struct several){.opened = false};
    snprintf(server->url, sizeof server->url, "http://teller-%d:8080", number);
    const struct bank_options options = {.conninfo = db,
        .strategies = "owner",
        .url = server->url,
        .patience_ms = times->patience_ms,
        .rebalance_ms = times->rebalance_ms,
        .max_open = times->max_open,
        .idle_ms = times->idle_ms};
    server->bank = bank_make(&options, error, sizeof error);
    co_ensure(server->bank != NULL);
    co_waitgroup_add(&server->opening, 1);
    co_ensure(co_spawn(open_bank, server));
}

void several_await_open(struct several *server)
{
    co_waitgroup_wait(&server->opening);
    CU_ASSERT_FATAL(server->opened);
}

void several_await_peers(struct several *server, size_t count)
{
    struct lease_peer peer;
    for (int i = 0; i < TURNS; i++, co_sleep(TURN_MS * CO_CLOCK_MS))
        if (bank_count(server->bank) > 0 && bank_peer(server->bank, count - 1, &peer) &&
            !bank_peer(server->bank, count, &peer))
            return;
    CU_FAIL("a server was not seen, or one too many");
}

void several_make(struct several *server, const char *name)
{
    struct ledger *ledger;
    bool created;
    CU_ASSERT_EQUAL_FATAL(
        bank_create(co_context_background(), server->bank, name, NULL, &ledger, &created),
        LEDGER_OK);
    ledger_leave(ledger);
}

void several_await_ledger(struct several *server, const char *name)
{
    struct ledger *ledger = NULL;
    for (int i = 0; i < TURNS && bank_find(server->bank, name, &ledger) != LEDGER_OK; i++)
        co_sleep(TURN_MS * CO_CLOCK_MS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ledger);
    ledger_leave(ledger);
}

void several_await_owner(struct several *server, const char *name, struct bank_owner *owner)
{
    for (int i = 0; i < TURNS; i++, co_sleep(TURN_MS * CO_CLOCK_MS))
        if (bank_owner(server->bank, name, owner) && owner->server > 0 && owner->wanted == 0)
            return;
    CU_FAIL("the ledger found no owner");
}

uint64_t several_number(struct several *server)
{
    struct lease_peer peer;
    for (size_t i = 0; bank_peer(server->bank, i, &peer); i++)
        if (strcmp(peer.url, server->url) == 0)
            return peer.no;
    CU_FAIL("a server does not see itself");
    return 0;
}
