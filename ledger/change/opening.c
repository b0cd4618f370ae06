/* SPDX-License-Identifier: MIT */
/*
 * Opening and reading accounts. An account is in the table from the first request that names it as
 * new; it is open once an entry says so, and only a section makes that entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/change/change.h"
#include "ledger/journal/journal.h"
#include "ledger/ledger.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/memory/asset_intern.h"
#include "ledger/read/past.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

/* ---- copies of an account ------------------------------------------------------------------ */

static void copy_account(const struct account *account, struct ledger_account *copy)
{
    *copy = (struct ledger_account){.has_floor = account->has_floor,
        .frozen = account->frozen,
        .floor = account->floor,
        .balance = account->balance,
        .held = account->held,
        .available = account_available(account),
        .metadata = account->metadata,
        .number = account->number,
        .seq = account->seq};
    strcpy(copy->id, account->id);
    strcpy(copy->asset, account->asset);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct look {
    struct ledger *ledger;
    struct account *const *accounts;
    size_t count, copied; /* copied: those that are open */
    struct ledger_account *copies;
    uint64_t seq;
};

/* The position that a copy reflects: the durable one, or that of its last entry if that is later
 * (then it must be awaited). */
static void copy_accounts(void *arg)
{
    struct look *look = arg;
    look->seq = journal_durable(look->ledger->journal);
    for (size_t i = 0; i < look->count; i++) {
        if (look->accounts[i]->opened == 0)
            continue;
        look->seq = later(look->seq, look->accounts[i]->seq);
        copy_account(look->accounts[i], &look->copies[look->copied++]);
    }
}

/* The journal has stopped with memory ahead of it: what counts is what the database has. */
static enum ledger_status read_durable(struct context *context, struct ledger *ledger,
    struct account *account, struct ledger_account *copy, uint64_t *seq)
{
    *seq = journal_durable(ledger->journal);
    return past_read(context, ledger, account, *seq, copy);
}

static enum ledger_status look_at(struct context *context, struct ledger *ledger,
    struct account *const *accounts, size_t count, struct ledger_account *copies, size_t *copied,
    uint64_t *seq)
{
    struct look look = {.ledger = ledger, .accounts = accounts, .count = count, .copies = copies};
    strategy_run(ledger->strategy, accounts, count, copy_accounts, &look);
    *seq = look.seq;
    *copied = look.copied;
    switch (journal_await(context, ledger->journal, JOURNAL_READ, look.seq)) {
    case EVENTCOUNT_REACHED:
        return LEDGER_OK;
    case EVENTCOUNT_CANCELLED:
        *seq = journal_durable(ledger->journal);
        return LEDGER_UNAVAILABLE;
    case EVENTCOUNT_CLOSED:
        break;
    }

    /* Memory is ahead of a journal that has ended: tell what the database has. */
    enum ledger_status status =
        journal_state(ledger->journal) == LEDGER_STOPPED ? LEDGER_OK : LEDGER_UNAVAILABLE;
    *copied = 0;
    for (size_t i = 0; i < count && status == LEDGER_OK; i++)
        status = read_durable(context, ledger, accounts[i], &copies[(*copied)++], seq);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A world account exists by itself, also before money of its asset has moved. */
static bool imagine_world(const char *id, struct ledger_account *account)
{
    *account = (struct ledger_account){.available = money_max()};
    if (!asset_of_world_id(id, account->asset))
        return false;
    strcpy(account->id, id);
    return true;
}

enum ledger_status ledger_read_account(struct context *context, struct ledger *ledger,
    const char *id, struct ledger_account *account, uint64_t *seq)
{
    struct account *found = account_find(ledger->accounts, id);
    size_t copied = 0;
    *seq = journal_durable(ledger->journal);
    if (found) {
        enum ledger_status status = look_at(context, ledger, &found, 1, account, &copied, seq);
        if (status != LEDGER_OK || copied == 1)
            return status;
    }
    if (!found && journal_await(context, ledger->journal, JOURNAL_READ, 0) != EVENTCOUNT_REACHED)
        return LEDGER_UNAVAILABLE;
    return imagine_world(id, account) ? LEDGER_OK : LEDGER_ACCOUNT_NOT_FOUND;
}

/* Accounts whose metadata is read from the database; places[i] is where the i-th stands. */
struct far {
    struct ledger *ledger;
    struct ledger_account *accounts;
    size_t count, answered, *places;
    const char *(*copy)(void *arg, const char *text);
    void *arg;
};

static bool take_metadata(void *arg, size_t index, const char *text)
{
    struct far *far = arg;
    if (index >= far->count || !text)
        return true; /* altered: it will not be answered */
    struct ledger_account *copy = &far->accounts[far->places[index]];
    struct account *account = account_by_number(far->ledger->accounts, copy->number);
    if (account)
        account_keep_metadata(far->ledger->accounts, account, text);
    far->answered++;
    copy->metadata = far->copy(far->arg, text);
    return copy->metadata != NULL;
}

static enum ledger_status ask_metadata(struct context *context, struct far *far)
{
    enum { NUMBER = 12 }; /* digits of one, with a comma */
    char *numbers = malloc(far->count * NUMBER + 3), *to = numbers;
    if (!numbers)
        return LEDGER_OVERLOADED;
    for (size_t i = 0; i < far->count; i++)
        to +=
            snprintf(to, NUMBER + 1, "%c%lu", i ? ',' : '{', far->accounts[far->places[i]].number);
    stpcpy(to, "}");
    enum pg_status status =
        query_metadata(context, far->ledger->store, numbers, take_metadata, far);
    free(numbers);
    if (status == PG_OK && far->answered < far->count)
        status = PG_DAMAGED;
    return query_status(status);
}

enum ledger_status ledger_metadata(struct context *context, struct ledger *ledger,
    struct ledger_account *accounts, size_t count, const char *(*copy)(void *arg, const char *text),
    void *arg)
{
    struct far far = {.ledger = ledger, .accounts = accounts, .copy = copy, .arg = arg};
    enum ledger_status status = LEDGER_OK;
    for (size_t i = 0; i < count; i++)
        far.count += accounts[i].metadata == account_far;
    if (far.count == 0)
        return LEDGER_OK;
    if (!(far.places = calloc(far.count, sizeof *far.places)))
        return LEDGER_OVERLOADED;
    for (size_t i = 0, n = 0; i < count; i++)
        if (accounts[i].metadata == account_far)
            far.places[n++] = i;
    status = ask_metadata(context, &far);
    free(far.places);
    return status;
}

static void copy_asset(void *arg)
{
    struct look *look = arg;
    if (look->accounts[0]->opened == 0)
        return;
    strcpy(look->copies->asset, look->accounts[0]->asset);
    look->copied = 1;
}

bool ledger_asset(struct ledger *ledger, const char *id, char asset[ASSET_TEXT])
{
    struct account *found = account_find(ledger->accounts, id);
    struct ledger_account copy;
    struct look look = {.ledger = ledger, .accounts = &found, .count = 1, .copies = &copy};
    if (!found)
        return asset_of_world_id(id, asset);
    strategy_run(ledger->strategy, &found, 1, copy_asset, &look);
    if (look.copied)
        strcpy(asset, copy.asset);
    return look.copied == 1;
}

enum ledger_status ledger_list_accounts(struct context *context, struct ledger *ledger,
    const char *prefix, const char *asset, const char *after, size_t limit,
    struct ledger_account *accounts, size_t *count, bool *more, uint64_t *seq)
{
    struct account **found = calloc(limit + 1, sizeof *found);
    enum ledger_status status;
    size_t listed = 0;
    *count = 0;
    *seq = journal_durable(ledger->journal);
    if (!found)
        return LEDGER_OVERLOADED;

    /* The database knows the order of ids, memory the balances; one more tells whether there is
     * more. */
    status = query_status(query_accounts(
        context, ledger->store, ledger->accounts, prefix, asset, after, limit + 1, found, &listed));
    *more = listed > limit;
    if (status == LEDGER_OK && listed > 0)
        status = look_at(context, ledger, found, *more ? limit : listed, accounts, count, seq);
    else if (status == LEDGER_OK &&
             journal_await(context, ledger->journal, JOURNAL_READ, 0) != EVENTCOUNT_REACHED)
        status = LEDGER_UNAVAILABLE;
    free(found);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

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
static enum ledger_status compare_metadata(struct context *context, struct ledger *ledger,
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
    o->seq = later(journal_durable(o->ledger->journal), o->account->seq);
    copy_account(o->account, &o->copy);
}

/* Is it open already? A request for it again, or for another one of its name, makes nothing. */
static bool find_open(struct opening *o)
{
    o->account = account_find(o->ledger->accounts, o->request->id);
    if (o->account)
        strategy_run(o->ledger->strategy, &o->account, 1, open_section, o);
    return o->found;
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

static enum ledger_status open_named_world(struct context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, uint64_t *seq)
{
    enum ledger_status status = ledger_read_account(context, ledger, request->id, account, seq);
    bool same = strcmp(account->asset, request->asset) == 0 && !request->has_floor &&
                same_metadata(request, NULL);
    return status == LEDGER_OK && !same ? LEDGER_ACCOUNT_EXISTS : status;
}

/* No answer before the opening is durable; of an account that was open, while the lease is good. */
enum ledger_status ledger_open_account(struct context *context, struct ledger *ledger,
    const struct ledger_open_account *request, struct ledger_account *account, bool *opened,
    uint64_t *seq)
{
    struct opening o = {.ledger = ledger, .request = request};
    *opened = false;
    if (names_a_world(request))
        return open_named_world(context, ledger, request, account, seq);
    o.status = journal_admits(ledger->journal, seq);
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
        enum ledger_status told = change_await_seq(context, ledger, o.opened, seq);
        if (told != LEDGER_OK) {
            o.status = told;
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
