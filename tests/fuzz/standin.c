/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "ledger/bank/bank.h"
#include "server/api/request_key.h"
#include "server/text/json_in.h"
#include "tests/fuzz/standin_private.h"

static struct account *accounts; /* of the entries that were made */

struct banks *standin_banks(void)
{
    static char banks;
    return (struct banks *)(void *)&banks;
}

void standin_end(void)
{
    while (accounts) {
        struct account *next = accounts->next;
        free(accounts);
        accounts = next;
    }
}

/* ---- what a command may hold ----------------------------------------------------------------- */

void standin_check_key(const char *key)
{
    co_ensure(!key || request_key_is_valid(key));
}

void standin_check_metadata(const char *metadata)
{
    char error[JSON_IN_ERROR];
    struct arena arena;
    if (!metadata)
        return;
    arena_init(&arena, NULL, 0);
    co_ensure(json_in_is_object(
        json_in_read(&arena, metadata, strlen(metadata), JSON_IN_VALUES_LARGE, NULL, error)));
    co_ensure(strlen(metadata) <= JSON_IN_KEPT_MAX);
    arena_clear(&arena);
}

void standin_check_account(const char *id)
{
    co_ensure(account_id_is_valid(id));
}

void standin_check_amount(money amount)
{
    co_ensure(amount >= 1 && amount <= money_max());
}

/* ---- answers --------------------------------------------------------------------------------- */

enum ledger_status standin_status(const char *text)
{
    unsigned sum = 0;
    for (; text && *text; text++)
        sum = sum * 31 + (unsigned char)*text;
    return sum % 4 ? LEDGER_OK : (enum ledger_status)(sum / 4 % LEDGER_STATUS_COUNT);
}

/* One for each name, as in a ledger: an answer lists each account once. */
static struct account *find_account(const char *id)
{
    for (struct account *known = accounts; known; known = known->next)
        if (strcmp(known->id, id) == 0)
            return known;
    struct account *account = calloc(1, sizeof *account + strlen(id) + 1);
    co_ensure(account);
    strcpy(account->id, id);
    account->asset = "USD/2";
    account->number = (uint32_t)strlen(id);
    account->next = accounts;
    accounts = account;
    return account;
}

struct entry *standin_entry(enum entry_kind kind, uint64_t seq, const char *key,
    const char *metadata, const struct ledger_leg *legs, size_t count)
{
    struct entry *entry = entry_make(kind, key, metadata, count);
    co_ensure(entry);
    entry->seq = seq;
    entry->at_us = 1;
    for (size_t i = 0; i < count; i++)
        entry->postings[i] = (struct posting){.from = find_account(legs[i].from),
            .to = find_account(legs[i].to),
            .amount = legs[i].amount,
            .from_after = -legs[i].amount,
            .to_after = legs[i].amount};
    return entry;
}

void standin_account(const char *id, struct ledger_account *account)
{
    *account = (struct ledger_account){.asset = "USD/2", .has_floor = true, .seq = 1, .number = 1};
    standin_check_account(id);
    strcpy(account->id, id);
}

/* ---- its ledgers ------------------------------------------------------------------------- */

size_t bank_count(struct bank *bank)
{
    (void)bank;
    return 1;
}

size_t bank_list_kept(struct bank *bank, size_t *indexes, size_t room)
{
    (void)bank;
    co_ensure(room > 0);
    indexes[0] = 0;
    return 1;
}

size_t bank_list_open(struct bank *bank, size_t *indexes, size_t room)
{
    return bank_list_kept(bank, indexes, room);
}
