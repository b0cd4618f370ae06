/* SPDX-License-Identifier: MIT */
/* Ledgers that go from one server that lives to another: who shall have one next, who may take it,
 * and what those who want it meanwhile have to wait for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank_move.h"
#include "ledger/bank/placement.h"
#include "ledger/db/readers.h"

enum {
    FRESH_MS = 2000,    /* a server whose beat has stood still for longer is given nothing */
    REFUSED_MS = 60000, /* what could not be given away stays that long: it is shut each time */
};

/* ---- the servers --------------------------------------------------------------------------- */

/* Of this one it is known before a look says so. */
static bool is_leaving(struct bank *bank, const struct lease_peer *server)
{
    return server->leaving ||
           (server->no == lease_server(bank->lease) && atomic_load(&bank->leaving));
}

struct lease_peer *bank_list_servers(struct bank *bank, size_t *count)
{
    struct lease_peer *servers = NULL, server;
    *count = 0;
    for (size_t i = 0; lease_peer(bank->lease, i, &server); i++) {
        if (is_leaving(bank, &server))
            continue;
        struct lease_peer *longer = realloc(servers, (*count + 1) * sizeof *servers);
        if (!longer)
            break;
        servers = longer;
        servers[(*count)++] = server;
    }
    return servers;
}

static bool is_fresh(const struct lease_peer *server)
{
    return co_clock_boot_ns() - server->since_ns < FRESH_MS * CO_CLOCK_MS;
}

/* The others whose beats move. */
static struct lease_peer *list_fresh(struct bank *bank, size_t *count)
{
    struct lease_peer *servers = bank_list_servers(bank, count);
    uint64_t me = lease_server(bank->lease);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (servers[i].no != me && is_fresh(&servers[i]))
            servers[kept++] = servers[i];
    *count = kept;
    return servers;
}

bool bank_has_others(struct bank *bank)
{
    size_t count;
    free(list_fresh(bank, &count));
    return count > 0;
}

static bool is_among(const struct lease_peer *servers, size_t count, uint64_t no)
{
    for (size_t i = 0; i < count; i++)
        if (servers[i].no == no)
            return true;
    return false;
}

bool bank_has_server(struct bank *bank, uint64_t server)
{
    struct lease_peer peer;
    return server != 0 && lease_find_peer(bank->lease, server, &peer);
}

uint64_t bank_heir(struct bank_slot *slot, const struct lease_row *row)
{
    size_t count;
    uint64_t me = lease_server(slot->bank->lease);
    struct lease_peer *servers = bank_list_servers(slot->bank, &count);
    const struct lease_peer *best = placement_best(slot->name, servers, count, 0);
    uint64_t heir = best ? best->no : me;
    if (is_among(servers, count, row->wanted))
        heir = row->wanted;
    free(servers);
    return heir == me ? 0 : heir;
}

static bool was_refused(const struct bank_slot *slot)
{
    return slot->refused_ns && co_clock_now_ns() - slot->refused_ns < REFUSED_MS * CO_CLOCK_MS;
}

uint64_t bank_next_owner(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    struct lease_row row;
    uint64_t me = lease_server(bank->lease);
    bool leaving = atomic_load(&bank->leaving);
    if (!lease_is_good(bank->lease) || !lease_find(bank->lease, slot->number, &row) || !row.ours)
        return 0;
    if (!leaving && (row.wanted == 0 || row.wanted == me || was_refused(slot)))
        return 0;

    size_t count;
    struct lease_peer *servers = list_fresh(bank, &count);
    const struct lease_peer *best = leaving ? placement_best(slot->name, servers, count, 0) : NULL;
    uint64_t next = best ? best->no : 0;
    if (is_among(servers, count, row.wanted))
        next = row.wanted;
    free(servers);
    return next;
}

/* One that is free and another's to take is left to that one for a while: it may be dead, and
 * nobody knows yet. */
bool bank_may_take(struct bank_slot *slot)
{
    struct bank *bank = slot->bank;
    struct lease_row row;
    int64_t now_ns = co_clock_boot_ns();
    if (!lease_find(bank->lease, slot->number, &row))
        return false;
    if (!row.free)
        slot->free_ns = 0;
    else if (slot->free_ns == 0)
        slot->free_ns = now_ns;
    if (atomic_load(&bank->leaving))
        return false;
    if (row.ours)
        return bank_next_owner(slot) == 0;
    return row.free && (now_ns - slot->free_ns >= bank->patience_ms * CO_CLOCK_MS ||
                           bank_heir(slot, &row) == 0);
}

/* ---- waiting for one that is on its way ---------------------------------------------------- */

void bank_set_moves(struct bank_slot *slot, bool moves)
{
    co_lock_take(&slot->lock);
    bool news = slot->moves != moves;
    slot->moves = moves;
    co_lock_drop(&slot->lock);
    if (news)
        bank_step(slot->bank);
}

/* ---- asking for a move --------------------------------------------------------------------- */

enum bank_want bank_want(
    struct co_context *context, struct bank *bank, const char *name, uint64_t server)
{
    static const struct pg_statement want = {2, "SELECT writer_want($1::int, $2::bigint)"};
    static const struct {
        const char *text;
        enum bank_want want;
    } known[] = {{"wanted", BANK_WANTED}, {"there", BANK_THERE}, {"gone", BANK_GONE}};
    struct bank_slot *slot = bank_slot_find(bank, name);
    char number[16], no[24];
    const char *values[] = {number, no};
    struct pg_result *rows = NULL;
    enum bank_want result = BANK_UNKNOWN;
    if (!slot)
        return BANK_NO_LEDGER;
    snprintf(number, sizeof number, "%d", slot->number);
    snprintf(no, sizeof no, "%lu", server);
    if (readers_run(context, bank->readers, &want, values, &rows) != PG_OK)
        return BANK_AWAY;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(pg_text(rows, 0, 0), known[i].text) == 0)
            result = known[i].want;
    pg_free(&rows);
    /* If it is ours the look that this brings about sees it. */
    lease_look_soon(bank->lease);
    return result;
}
