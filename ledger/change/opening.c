/* SPDX-License-Identifier: MIT */
/*
 * Opening accounts. An account is in the table from the first request that names it as new; it is
 * open once an entry says so, and only a section makes that entry.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger/change/change.h"
#include "ledger/domain/clearing.h"
#include "ledger/journal/journal.h"
#include "ledger/ledger.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"
#include "ledger/read/accounts_now.h"
#include "ledger/strategy/strategy.h"

struct opening {
    struct ledger *ledger;
    const struct ledger_open_account *request;
    struct account *world, *account; /* world NULL: only look whether the account is open */
    const char *asset;               /* of both */
    struct entry *entries[2];        /* for the world account, and for the account */
    enum ledger_status status;
    bool found, opened; /* it was open before; it is since */
    uint64_t seq;
    struct ledger_account copy;
};

/* An object without members means the same as none. */
static bool same_metadata(const struct ledger_open_account *request, const char *metadata)
{
    const char *a = request->metadata ? request->metadata : "{}", *b = metadata ? metadata : "{}";
    return strcmp(a, b) == 0 || (request->means_same && request->means_same(a, b));
}

static bool is_as_asked(const struct account *account, const struct ledger_open_account *request)
{
    return strcmp(account->asset, request->asset) == 0 &&
           account->has_floor == request->has_floor &&
           (!account->has_floor || account->floor == request->floor);
}

static const char *copy_text(void *arg, const char *text)
{
    char **copy = arg;
    free(*copy);
    return *copy = strdup(text);
}

/* It was open before: as the request asks for? */
static enum ledger_status compare_metadata(struct co_context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account)
{
    char *copy = NULL;
    enum ledger_status status = ledger_metadata(context, ledger, account, 1, copy_text, &copy);
    if (status == LEDGER_OK && !same_metadata(request, account->metadata))
        status = LEDGER_ACCOUNT_EXISTS;
    free(copy);
    return status;
}

/* Inside a section: the account, which has its number, is open from here on. */
static void append_opening(struct opening *o, struct account *account, struct entry *entry)
{
    entry->account = account;
    account->opened = account->seq = account->moved = journal_append(o->ledger->journal, entry);
}

/* Why there cannot be another account. */
static enum ledger_status refusal(struct ledger *ledger)
{
    return account_table_is_full(ledger->accounts) ? LEDGER_ACCOUNT_LIMIT : LEDGER_OVERLOADED;
}

/* Whatever can fail comes before the first entry: an opening that is refused leaves none. */
static void open_accounts(struct opening *o)
{
    struct account *account = o->account, *world = o->world->opened ? NULL : o->world;
    if ((world && !account_number(o->ledger->accounts, world)) ||
        !account_number(o->ledger->accounts, account)) {
        o->status = refusal(o->ledger);
        return;
    }
    if (world) {
        world->asset = o->asset;
        append_opening(o, world, o->entries[0]);
    }
    account->asset = o->asset;
    account->has_floor = o->request->has_floor;
    account->floor = o->request->has_floor ? o->request->floor : 0;
    account->metadata = o->request->metadata ? account_far : NULL;
    append_opening(o, account, o->entries[1]);
    o->opened = true;
}

static void open_section(void *arg)
{
    struct opening *o = arg;
    o->found = o->account->opened != 0;
    if (o->found)
        o->status = is_as_asked(o->account, o->request) ? LEDGER_OK : LEDGER_ACCOUNT_EXISTS;
    else if (o->world)
        open_accounts(o);
    o->seq = journal_durable(o->ledger->journal);
    if (o->seq < o->account->seq)
        o->seq = o->account->seq;
    accounts_now_copy(o->account, &o->copy);
}

/* Is it open already? A request for it again, or for another one of its name, makes nothing. */
static bool find_open(struct opening *o)
{
    o->account = account_find(o->ledger->accounts, o->request->id);
    if (o->account)
        strategy_run(o->ledger->strategy, &o->account, 1, open_section, o);
    return o->found;
}

enum ledger_status ledger_is_open(struct ledger *ledger, const struct ledger_open_account *request)
{
    struct opening o = {.ledger = ledger, .request = request};
    return find_open(&o) ? o.status : LEDGER_ACCOUNT_NOT_FOUND;
}

static bool prepare_opening(struct opening *o)
{
    char world[ASSET_WORLD_TEXT];
    asset_world_id(o->request->asset, world);
    o->asset = asset_intern(o->request->asset);
    o->world = account_find_or_add(o->ledger->accounts, world);
    o->account = account_find_or_add(o->ledger->accounts, o->request->id);
    o->entries[0] = entry_make(ENTRY_ACCOUNT, NULL, NULL, 0);
    o->entries[1] = entry_make(ENTRY_ACCOUNT, NULL, o->request->metadata, 0);
    return o->asset && o->world && o->account && o->entries[0] && o->entries[1];
}

/* Someone asks for a world account by name: it is as it is, and needs the asset that it is of. */
static bool names_a_world(const struct ledger_open_account *request)
{
    char asset[ASSET_TEXT];
    return asset_of_world_id(request->id, asset);
}

static enum ledger_status open_named_world(struct co_context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, uint64_t *seq)
{
    enum ledger_status status = ledger_read_account(context, ledger, request->id, account, seq);
    bool same = strcmp(account->asset, request->asset) == 0 && !request->has_floor &&
                same_metadata(request, NULL);
    return status == LEDGER_OK && !same ? LEDGER_ACCOUNT_EXISTS : status;
}

/* No answer before the opening is durable; of an account that was open, while the lease is good. */
enum ledger_status ledger_open_account(struct co_context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, bool *opened,
    uint64_t *seq)
{
    struct opening o = {.ledger = ledger, .request = request};
    *opened = false;
    if (names_a_world(request))
        return open_named_world(context, ledger, request, account, seq);
    o.status = journal_admits(ledger->journal, seq);
    if (o.status == LEDGER_OK && !request->clears && clearing_is_id(request->id))
        o.status = LEDGER_ACCOUNT_RESERVED;
    if (o.status != LEDGER_OK)
        return o.status;
    if (!find_open(&o) && (account_table_is_full(ledger->accounts) || !prepare_opening(&o))) {
        o.status = refusal(ledger);
    } else {
        struct account *accounts[] = {o.world, o.account};
        if (!o.found)
            strategy_run(ledger->strategy, accounts, 2, open_section, &o);
        *account = o.copy;
        *opened = o.opened;
        *seq = o.seq;
        enum ledger_status known = change_await_seq(context, ledger, o.opened, seq);
        if (known != LEDGER_OK) {
            o.status = known;
        } else if (o.opened && request->metadata) {
            account_keep_metadata(ledger->accounts, o.account, request->metadata);
            account->metadata = request->metadata;
        } else if (o.found && o.status == LEDGER_OK) {
            o.status = compare_metadata(context, ledger, request, &o.copy);
        }
    }
    entry_drop(&o.entries[0]);
    entry_drop(&o.entries[1]);
    return o.status;
}
