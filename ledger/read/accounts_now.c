/* SPDX-License-Identifier: MIT */
/*
 * Accounts as they are now. Memory has them, and may be ahead of the database: a copy reflects the
 * last entry that touched its account, and is answered once that one is durable. When the journal
 * has stopped with memory ahead of it, what the database has is what counts.
 */
#include "ledger/read/accounts_now.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/journal/journal.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/read/past.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

/* ---- copies of accounts -------------------------------------------------------------------- */

void accounts_now_copy(const struct account *account, struct ledger_account *copy)
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

/* Accounts that are looked at together, in one section. */
struct look {
    struct ledger *ledger;
    struct account *const *accounts;
    size_t count;
    struct ledger_account *copies; /* room for `count` */
    size_t copied;                 /* those that are open */
    uint64_t seq;                  /* the position that all copies reflect */
    uint64_t listed;               /* they are those that were open then; 0: they were named */
    bool is_newer;                 /* others have been opened since */
};

/* Numbers are given in the order of opening. */
static bool was_opened_after(const struct look *look)
{
    struct account_table *accounts = look->ledger->accounts;
    const struct account *last = account_by_number(accounts, account_count(accounts));
    return last && last->opened > look->listed;
}

/* That position is the durable one, or the last entry of one of them if that is later: then it must
 * be awaited. */
static void copy_accounts(void *arg)
{
    struct look *look = arg;
    look->seq = journal_durable(look->ledger->journal);
    for (size_t i = 0; i < look->count; i++) {
        const struct account *account = look->accounts[i];
        if (account->opened == 0)
            continue;
        look->seq = look->seq > account->seq ? look->seq : account->seq;
        accounts_now_copy(account, &look->copies[look->copied++]);
    }
    look->is_newer = look->listed > 0 && look->listed < INT64_MAX && was_opened_after(look);
}

/* Not what memory has, but what became durable of it. */
static enum ledger_status read_durable(struct co_context *context, struct look *look)
{
    struct ledger *ledger = look->ledger;
    enum ledger_status status = LEDGER_OK;
    look->copied = 0;
    for (size_t i = 0; i < look->count && status == LEDGER_OK; i++) {
        look->seq = journal_durable(ledger->journal);
        status =
            past_read(context, ledger, look->accounts[i], look->seq, &look->copies[look->copied++]);
    }
    return status;
}

/* Copy them, and wait until that may be answered. */
static enum ledger_status look_at(struct co_context *context, struct look *look)
{
    struct journal *journal = look->ledger->journal;
    strategy_run(look->ledger->strategy, look->accounts, look->count, copy_accounts, look);
    switch (journal_await(context, journal, JOURNAL_READ, look->seq)) {
    case CO_EVENTCOUNT_REACHED:
        return LEDGER_OK;
    case CO_EVENTCOUNT_CANCELLED:
        look->seq = journal_durable(journal);
        return LEDGER_UNAVAILABLE;
    case CO_EVENTCOUNT_CLOSED:
        break;
    }

    /* The journal has ended. If only writes have stopped, reads go on. */
    return journal_state(journal) == LEDGER_STOPPED ? read_durable(context, look)
                                                    : LEDGER_UNAVAILABLE;
}

/* ---- one account --------------------------------------------------------------------------- */

/* A world account exists by itself, also before money of its asset has moved. */
static bool imagine_world(const char *id, struct ledger_account *account)
{
    *account = (struct ledger_account){.available = money_max()};
    if (!asset_of_world_id(id, account->asset))
        return false;
    strcpy(account->id, id);
    return true;
}

enum ledger_status ledger_read_account(struct co_context *context, struct ledger *ledger,
    const char *id, struct ledger_account *account, uint64_t *seq)
{
    /* In this order: an account that it does not find was not open at that position. */
    *seq = journal_durable(ledger->journal);
    struct account *found = account_find(ledger->accounts, id);
    if (found) {
        struct look look = {.ledger = ledger, .accounts = &found, .count = 1, .copies = account};
        enum ledger_status status = look_at(context, &look);
        *seq = look.seq;
        if (status != LEDGER_OK || look.copied == 1)
            return status;
    }

    /* That there is none rests on memory too, which has waited for nothing so far. */
    if (!found && journal_await(context, ledger->journal, JOURNAL_READ, 0) != CO_EVENTCOUNT_REACHED)
        return LEDGER_UNAVAILABLE;
    return imagine_world(id, account) ? LEDGER_OK : LEDGER_ACCOUNT_NOT_FOUND;
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

/* ---- a list of them ------------------------------------------------------------------------ */

/* Of another's ledger the accounts are listed as of a position that is known here; its own may be
 * known before they are durable. */
static uint64_t upto_of(struct ledger *ledger)
{
    return journal_state(ledger->journal) == LEDGER_FOLLOWING ? journal_durable(ledger->journal)
                                                              : INT64_MAX;
}

/* The database knows the order of ids, memory the balances. *again: accounts were opened between
 * the two. */
static enum ledger_status list_once(struct co_context *context, struct ledger *ledger,
    const struct ledger_account_query *query, struct query_accounts *list,
    struct ledger_account_page *page, bool *again)
{
    enum ledger_status status =
        query_status(query_accounts(context, ledger->store, ledger->accounts, query, list));
    *again = false;
    page->more = list->count > page->limit;
    if (status == LEDGER_OK && list->count > 0) {
        struct look look = {.ledger = ledger,
            .accounts = list->accounts,
            .count = page->more ? page->limit : list->count,
            .copies = page->accounts,
            .listed = list->upto};
        status = look_at(context, &look);
        page->count = look.copied;
        page->seq = look.seq;
        *again = look.is_newer;
    } else if (status == LEDGER_OK &&
               journal_await(context, ledger->journal, JOURNAL_READ, 0) != CO_EVENTCOUNT_REACHED) {
        status = LEDGER_UNAVAILABLE;
    }
    return status;
}

enum ledger_status ledger_list_accounts(struct co_context *context, struct ledger *ledger,
    const struct ledger_account_query *query, struct ledger_account_page *page)
{
    enum { TRIES = 16 };
    /* One more than asked for tells whether there are more. */
    size_t limit = page->limit + 1;
    struct account **accounts = calloc(limit, sizeof *accounts);
    enum ledger_status status = LEDGER_OK;
    bool again = true;
    page->more = false;
    page->count = 0;
    page->seq = journal_durable(ledger->journal);
    if (!accounts)
        status = LEDGER_OVERLOADED;
    for (int tries = 0; status == LEDGER_OK && again; tries++) {
        page->count = 0;
        page->seq = journal_durable(ledger->journal);
        struct query_accounts list = {
            .accounts = accounts, .limit = limit, .upto = upto_of(ledger)};
        status = tries == TRIES ? LEDGER_UNAVAILABLE
                                : list_once(context, ledger, query, &list, page, &again);
    }
    free(accounts);
    return status;
}

/* ---- metadata ------------------------------------------------------------------------------ */

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

static enum ledger_status ask_metadata(struct co_context *context, struct far *far)
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

enum ledger_status ledger_metadata(struct co_context *context, struct ledger *ledger,
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
