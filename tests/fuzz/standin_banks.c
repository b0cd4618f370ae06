/* SPDX-License-Identifier: MIT */
/* The banks' functions, and the bank's. */
#include <stdlib.h>
#include <string.h>

#include "ledger/bank/banks_elsewhere.h"
#include "tests/fuzz/standin_private.h"

size_t banks_count(struct banks *banks)
{
    co_ensure(banks == standin_banks());
    return 1;
}

struct bank *banks_at(struct banks *banks, size_t index)
{
    co_ensure(banks == standin_banks() && index == 0);
    return (struct bank *)(void *)banks;
}

const char *banks_database(struct banks *banks, size_t index)
{
    co_ensure(banks == standin_banks() && index == 0);
    return DATABASE_LIST_DEFAULT;
}

bool banks_index(struct banks *banks, const char *database, size_t *index)
{
    co_ensure(banks == standin_banks());
    *index = 0;
    return strcmp(database, DATABASE_LIST_DEFAULT) == 0;
}

bool banks_home(struct banks *banks, const char *name, size_t *index)
{
    co_ensure(banks == standin_banks());
    *index = 0;
    return strcmp(name, "main") == 0;
}

bool banks_is_well(struct banks *banks, size_t index, char why[LEDGER_REASON])
{
    co_ensure(banks == standin_banks() && index == 0);
    *why = '\0';
    return true;
}

enum banks_learned banks_learn(struct co_context *context, struct banks *banks, const char *name)
{
    (void)context, (void)banks;
    return strcmp(name, "main") == 0 ? BANKS_KNOWN : BANKS_NONE;
}

enum ledger_status banks_find(struct banks *banks, const char *name, struct ledger **ledger)
{
    co_ensure(banks == standin_banks());
    *ledger = (struct ledger *)(void *)banks;
    return strcmp(name, "main") == 0 ? LEDGER_OK : LEDGER_LEDGER_NOT_FOUND;
}

enum ledger_status banks_find_followed(
    struct banks *banks, const char *name, struct ledger **ledger)
{
    return banks_find(banks, name, ledger);
}

enum ledger_status banks_await(
    struct co_context *context, struct banks *banks, const char *name, struct ledger **ledger)
{
    (void)context;
    return banks_find(banks, name, ledger);
}

enum ledger_status banks_find_moving(
    struct banks *banks, const char *name, struct ledger **ledger, bool *moves)
{
    *moves = false;
    return banks_find(banks, name, ledger);
}

enum bank_want banks_want(
    struct co_context *context, struct banks *banks, const char *name, uint64_t server)
{
    (void)context, (void)banks, (void)name;
    co_ensure(server > 0);
    return server % 2 ? BANK_WANTED : BANK_GONE;
}

enum ledger_status banks_create(struct co_context *context, struct banks *banks,
    const struct banks_wanted *wanted, struct ledger **ledger, bool *created)
{
    const char *strategy = wanted->strategy;
    (void)context;
    co_ensure(bank_name_is_valid(wanted->name));
    co_ensure(!strategy || strcmp(strategy, "owner") == 0 || strcmp(strategy, "sharded") == 0);
    *ledger = (struct ledger *)(void *)banks;
    *created = strategy != NULL;
    return standin_status(wanted->name);
}

bool banks_owner(struct banks *banks, const char *name, struct bank_owner *owner)
{
    (void)banks;
    *owner = (struct bank_owner){.server = 1, .here = true, .epoch = 1};
    return strcmp(name, "main") == 0;
}

uint64_t banks_server_id(size_t database, uint64_t server)
{
    co_ensure(database == 0);
    return server;
}

uint64_t banks_server_of(uint64_t id, size_t *database)
{
    *database = 0;
    return id;
}

enum bank_life bank_life(struct bank *bank, uint64_t server)
{
    (void)bank, (void)server;
    return BANK_LIVES;
}

bool bank_is_heard(struct bank *bank)
{
    (void)bank;
    return false;
}

int64_t bank_looked_ns(struct bank *bank)
{
    (void)bank;
    return 0;
}

bool banks_is_open(struct banks *banks, char why[LEDGER_REASON])
{
    (void)banks, (void)why;
    return true;
}

void bank_figures(struct bank *bank, size_t index, struct ledger_figures *figures)
{
    co_ensure(index == 0);
    ledger_read_figures((struct ledger *)(void *)bank, figures);
}

bool bank_owner(struct bank *bank, const char *name, struct bank_owner *owner)
{
    return banks_owner((struct banks *)(void *)bank, name, owner);
}

enum ledger_status banks_elsewhere_payee(struct co_context *context, struct banks *banks,
    const char *ledger, const char *id, const struct ledger_open_account *by)
{
    (void)context, (void)banks;
    co_ensure(bank_name_is_valid(ledger) && account_id_is_valid(id) && account_id_is_valid(by->id));
    return standin_status(id);
}

/* Now and then a hold whose text may be anything. */
enum ledger_status banks_elsewhere_hold(struct co_context *context, struct banks *banks,
    const char *ledger, uint64_t seq, struct banks_elsewhere *hold)
{
    (void)context, (void)banks;
    co_ensure(bank_name_is_valid(ledger) && seq >= 1 && seq <= INT64_MAX);
    *hold = (struct banks_elsewhere){.key = strdup(seq % 2 ? "k" : ""), .metadata = strdup(ledger)};
    co_ensure(hold->key && hold->metadata);
    return seq % 3 ? LEDGER_OK : LEDGER_HOLD_NOT_FOUND;
}

void banks_elsewhere_free(struct banks_elsewhere *hold)
{
    free(hold->key);
    free(hold->metadata);
}

uint64_t bank_server(struct bank *bank)
{
    (void)bank;
    return 1;
}

bool bank_peer(struct bank *bank, size_t index, struct lease_peer *peer)
{
    (void)bank;
    *peer = (struct lease_peer){.no = 1, .url = "http://127.0.0.1:8080"};
    return index == 0;
}

int bank_schema(void)
{
    return 1;
}
