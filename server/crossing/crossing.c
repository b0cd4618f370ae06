/* SPDX-License-Identifier: MIT */
#include "server/crossing/crossing.h"

#include <string.h>

#include "coro/clock.h"
#include "coro/select.h"
#include "ledger/bank/banks_elsewhere.h"
#include "ledger/domain/clearing.h"
#include "ledger/failpoint.h"
#include "server/crossing/crossing_private.h"

enum { AGAIN_MS = 20, AGAIN_MAX_MS = 500 };

/* ---- what must be there -------------------------------------------------------------------- */

/* Is the account open, and what does it hold? */
static enum ledger_status find_asset(struct co_context *context, struct ledger *ledger,
    const char *id, char asset[ASSET_TEXT], uint64_t *seq)
{
    struct ledger_account account;
    *seq = ledger_durable_seq(ledger);
    if (clearing_is_id(id))
        return LEDGER_ACCOUNT_RESERVED;
    if (ledger_asset(ledger, id, asset))
        return LEDGER_OK;
    enum ledger_status status = ledger_read_account(context, ledger, id, &account, seq);
    if (status == LEDGER_OK)
        memcpy(asset, account.asset, ASSET_TEXT);
    return status;
}

/* The ledger that is paid: what can be known before anything is held is found out there, so that it
 * is told like any other 404. */
static enum ledger_status look_into(
    struct co_context *context, struct ledger *to, const struct crossing *asked, const char *asset)
{
    char theirs[ASSET_TEXT];
    uint64_t seq;
    enum ledger_status status = find_asset(context, to, asked->to.account, theirs, &seq);
    return status == LEDGER_OK ? crossing_open_clearing(context, to, asked->from.ledger, asset)
                               : status;
}

/* Of one that another server has the database tells: what is open is durable. */
static enum ledger_status look_elsewhere(struct co_context *context,
    const struct crossing_means *means, const struct crossing *asked, const char *asset)
{
    char clearing[CLEARING_TEXT];
    if (clearing_is_id(asked->to.account))
        return LEDGER_ACCOUNT_RESERVED;
    clearing_id(asked->from.ledger, asset, clearing);
    const struct ledger_open_account by = {.id = clearing, .asset = asset, .clears = true};
    return banks_elsewhere_payee(context, means->banks, asked->to.ledger, asked->to.account, &by);
}

static enum ledger_status look_outside(struct co_context *context,
    const struct crossing_means *means, const struct crossing *asked, const char *asset)
{
    struct bank_owner owner;
    struct ledger *to;
    enum ledger_status status = banks_await(context, means->banks, asked->to.ledger, &to);
    if (status == LEDGER_OK) {
        status = look_into(context, to, asked, asset);
        ledger_leave(to);
    } else if (status == LEDGER_UNAVAILABLE && crossing_can_ask(means, asked->to.ledger, &owner)) {
        status = look_elsewhere(context, means, asked, asset);
    }
    return status;
}

static enum ledger_status look_ahead(struct co_context *context, const struct crossing_means *means,
    struct ledger *from, const struct crossing *asked, const char *asset)
{
    struct crossing_outside outside;
    if (!crossing_outside_begin(&outside, context, from))
        return LEDGER_OVERLOADED;
    enum ledger_status status = look_outside(outside.context, means, asked, asset);
    crossing_outside_end(&outside);
    return status;
}

/* ---- the third ----------------------------------------------------------------------------- */

/* How the hold ended, if it has, for others drive it on as well. */
static enum ledger_status read_end(
    struct co_context *context, struct ledger *from, uint64_t hold, struct entry **settled)
{
    struct entry *entry = NULL;
    uint64_t seq;
    enum ledger_status status = ledger_read_hold(context, from, hold, &entry, settled, &seq);
    if (entry)
        entry_drop(&entry);
    return status == LEDGER_OK && !*settled ? LEDGER_OUTCOME_UNKNOWN : status;
}

static enum ledger_status settle(struct co_context *context, struct ledger *from, uint64_t hold,
    bool capture, const char *metadata, struct entry **settled)
{
    const struct ledger_settlement settlement = {
        .hold = hold, .capture = capture, .clears = true, .metadata = metadata};
    struct ledger_outcome outcome;
    ledger_settle(context, from, &settlement, &outcome);
    if (outcome.status == LEDGER_OK) {
        *settled = outcome.entry;
        return LEDGER_OK;
    }
    if (outcome.entry)
        entry_drop(&outcome.entry);
    return outcome.status == LEDGER_ALREADY_SETTLED ? read_end(context, from, hold, settled)
                                                    : outcome.status;
}

/* One that is driven on: its hold, and in which ledger that is. */
struct way {
    const struct crossing_means *means;
    struct ledger *from;
    const struct crossing *crossing;
    const struct entry *hold;
    struct arena *arena;
};

/* The second step, wherever the ledger is that is paid. */
static enum ledger_status pay_outside(
    struct co_context *context, const struct way *way, struct crossing_end_told *told)
{
    const char *name = way->crossing->to.ledger;
    struct ledger *to;
    if (banks_await(context, way->means->banks, name, &to) != LEDGER_OK)
        return crossing_have_paid(context, way->means, way->crossing, way->hold, way->arena, told);
    enum ledger_status status =
        crossing_pay(context, to, way->crossing, way->hold->seq, way->arena, told);
    ledger_leave(to);
    return status;
}

static enum ledger_status pay(
    struct co_context *context, const struct way *way, struct crossing_end_told *told)
{
    struct crossing_outside outside;
    if (!crossing_outside_begin(&outside, context, way->from))
        return LEDGER_OVERLOADED;
    enum ledger_status status = pay_outside(outside.context, way, told);
    crossing_outside_end(&outside);
    return status;
}

static enum ledger_status drive(
    struct co_context *context, const struct way *way, struct entry **settled)
{
    struct crossing_end_told told;
    if (failpoint("crossing.held"))
        return LEDGER_UNAVAILABLE;
    enum ledger_status status = pay(context, way, &told);
    if (status != LEDGER_OK || failpoint("crossing.paid"))
        return status == LEDGER_OK ? LEDGER_UNAVAILABLE : status;
    const char *metadata = crossing_text_of_end(way->arena, way->crossing, &told);
    if (way->arena->is_short)
        return LEDGER_OVERLOADED;
    /* The answer of the other ledger decides, and it is always the same. */
    status =
        settle(context, way->from, way->hold->seq, told.status == LEDGER_OK, metadata, settled);
    failpoint("crossing.settled");
    return status;
}

enum ledger_status crossing_drive(struct co_context *context, const struct crossing_means *means,
    struct ledger *from, const char *name, const struct entry *hold, struct entry **settled)
{
    enum ledger_status status;
    struct crossing crossing;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    *settled = NULL;
    const struct way way = {means, from, &crossing, hold, &arena};
    if (crossing_read(&arena, name, hold, &crossing))
        status = drive(context, &way, settled);
    else
        status = arena.is_short ? LEDGER_OVERLOADED : LEDGER_DAMAGED;
    arena_clear(&arena);
    return status;
}

/* ---- by request ---------------------------------------------------------------------------- */

/* One that is asked for, before its hold. */
struct beginning {
    const struct crossing_means *means;
    struct ledger *from;
    const struct crossing *asked;
    struct arena *arena;
    struct crossing_outcome *outcome;
    char asset[ASSET_TEXT]; /* what is paid */
};

/* Nothing has begun yet, and nothing will. */
static void refuse(const struct beginning *beginning, const struct crossing_end *end,
    enum ledger_status status, uint64_t seq)
{
    const struct crossing *asked = beginning->asked;
    const char *account = NULL;
    char clearing[CLEARING_TEXT];
    if (status == LEDGER_ACCOUNT_NOT_FOUND || status == LEDGER_ACCOUNT_RESERVED) {
        account = end->account;
    } else if (status == LEDGER_ACCOUNT_EXISTS) {
        const struct crossing_end *other = end == &asked->from ? &asked->to : &asked->from;
        clearing_id(other->ledger, beginning->asset, clearing);
        account = arena_copy(beginning->arena, clearing, strlen(clearing));
    }
    *beginning->outcome = (struct crossing_outcome){.status = status,
        .ledger = end->ledger,
        .first = {.status = status, .seq = seq, .account = account}};
}

/* The first step. What the key stands for includes where the money goes, and what the client's
 * metadata means. */
static void hold_amount(struct co_context *context, struct ledger *from,
    const struct crossing *asked, const char *asset, struct arena *arena,
    struct ledger_outcome *outcome)
{
    char key[CROSSING_KEY], clearing[CLEARING_TEXT];
    const char *meaning = asked->metadata;
    crossing_key(key, asked->from.ledger, asked->key, 1);
    clearing_id(asked->to.ledger, asset, clearing);
    if (asked->meaning.now && *asked->meaning.now)
        meaning = asked->meaning.now;
    /* An object without members means the same as none. */
    if (meaning && strcmp(meaning, "{}") == 0)
        meaning = NULL;
    const struct ledger_hold hold = {.key = key,
        .metadata = crossing_text(arena, asked, asset, asked->metadata),
        .meaning = {.now = crossing_text(arena, asked, asset, meaning)},
        .from = asked->from.account,
        .to = clearing,
        .amount = asked->amount,
        .clears = true};
    if (arena->is_short)
        *outcome =
            (struct ledger_outcome){.status = LEDGER_OVERLOADED, .seq = ledger_durable_seq(from)};
    else
        ledger_hold(context, from, &hold, outcome);
}

/* Was the key used here before? Then it is not asked again whether it could begin. */
static enum ledger_status know_key(
    struct co_context *context, struct ledger *from, const struct crossing *asked, uint64_t *seq)
{
    char key[CROSSING_KEY];
    struct entry *first = NULL;
    crossing_key(key, asked->from.ledger, asked->key, 1);
    enum ledger_status status = ledger_entry_by_key(context, from, key, &first, seq);
    if (first)
        entry_drop(&first);
    return status;
}

/* May it begin, or has it? False: the outcome says why not. */
static bool may_begin(struct co_context *context, struct beginning *beginning)
{
    const struct crossing *asked = beginning->asked;
    struct ledger *from = beginning->from;
    const struct crossing_end *end = &asked->to;
    uint64_t seq;
    enum ledger_status status =
        find_asset(context, from, asked->from.account, beginning->asset, &seq);
    if (status != LEDGER_OK) {
        refuse(beginning, &asked->from, status, seq);
        return false;
    }
    status = look_ahead(context, beginning->means, from, asked, beginning->asset);
    if (status == LEDGER_OK) {
        /* Only now: the account stays, and there is none for a ledger that does not exist. */
        end = &asked->from;
        status = crossing_open_clearing(context, from, asked->to.ledger, beginning->asset);
    }
    if (status == LEDGER_OK)
        return true;

    /* Not so now, but the key may be of one that has begun when it was. */
    enum ledger_status known = know_key(context, from, asked, &seq);
    bool is_new = known == LEDGER_TRANSFER_NOT_FOUND;
    if (known != LEDGER_OK)
        refuse(beginning, is_new ? end : &asked->from, is_new ? status : known, seq);
    return known == LEDGER_OK;
}

/* False, immediately, once the context has ended, or the ledger is to be closed: that waits for
 * whoever is inside, and others for that. */
static bool rest(struct co_context *context, struct ledger *from, int64_t ms)
{
    struct co_select_case ends[] = {{.op = CO_SELECT_RECV, .chan = co_context_done(context)},
        {.op = CO_SELECT_RECV, .chan = co_context_done(ledger_open_context(from))}};
    return co_select_timeout(ends, 2, ms * CO_CLOCK_MS) == CO_SELECT_NONE;
}

/* The steps that are left, again and again while they cannot be taken. */
static enum ledger_status see_through(struct co_context *context,
    const struct crossing_means *means, struct ledger *from, const char *name,
    struct crossing_outcome *outcome)
{
    const struct entry *hold = outcome->first.entry;
    int64_t ms = AGAIN_MS;
    /* Of one that was begun before it is known already how it ended, as a rule. */
    enum ledger_status status = outcome->first.replayed
                                    ? read_end(context, from, hold->seq, &outcome->settled)
                                    : LEDGER_OUTCOME_UNKNOWN;
    while (status != LEDGER_OK) {
        status = crossing_drive(context, means, from, name, hold, &outcome->settled);
        if (status == LEDGER_DAMAGED) /* and stays so */
            return status;
        if (status != LEDGER_OK && !rest(context, from, ms))
            return LEDGER_OUTCOME_UNKNOWN;
        ms = 2 * ms < AGAIN_MAX_MS ? 2 * ms : AGAIN_MAX_MS;
    }
    return LEDGER_OK;
}

static void carry_out(struct co_context *context, const struct crossing_means *means,
    struct ledger *from, const struct crossing *asked, struct arena *arena,
    struct crossing_outcome *outcome)
{
    struct beginning beginning = {means, from, asked, arena, outcome, ""};
    *outcome = (struct crossing_outcome){.ledger = asked->from.ledger};
    if (!may_begin(context, &beginning))
        return;
    hold_amount(context, from, asked, beginning.asset, arena, &outcome->first);
    outcome->status = outcome->first.status;
    if (outcome->status == LEDGER_OK)
        outcome->status = see_through(context, means, from, asked->from.ledger, outcome);
}

void crossing_carry_out(struct co_context *context, const struct crossing_means *means,
    struct ledger *from, const struct crossing *asked, struct arena *arena,
    struct crossing_outcome *outcome)
{
    carry_out(context, means, from, asked, arena, outcome);
    bool is_over =
        outcome->status != LEDGER_UNAVAILABLE && outcome->status != LEDGER_OUTCOME_UNKNOWN;
    outcome->moves = !is_over && co_context_err(context) == CO_CONTEXT_OK &&
                     co_context_err(ledger_open_context(from)) != CO_CONTEXT_OK;
}

enum ledger_status crossing_find(struct co_context *context, struct ledger *from, const char *payer,
    const char *key, struct crossing_found *found)
{
    char text[CROSSING_KEY];
    struct entry *entry = NULL;
    *found = (struct crossing_found){.hold = NULL};
    crossing_key(text, payer, key, 1);
    enum ledger_status status = ledger_entry_by_key(context, from, text, &found->hold, &found->seq);
    if (status != LEDGER_OK || found->hold->kind != ENTRY_HOLD)
        return status;
    status =
        ledger_read_hold(context, from, found->hold->seq, &entry, &found->settled, &found->seq);
    if (entry)
        entry_drop(&entry);
    if (status != LEDGER_OK)
        entry_drop(&found->hold);
    return status;
}
