/* SPDX-License-Identifier: MIT */
/*
 * Holds: made, captured, released, expired. A hold ends exactly once, because whatever ends it runs
 * as a section that names the hold's account, and looks there whether it is still open.
 *
 * The clock that counts is the ledger's (journal_now_us): a capture has a time before the hold's
 * end, an expiry one at or after it, whatever else the machine's clock does.
 */
#include "ledger/change/hold.h"

#include "coro/clock.h"
#include "ledger/change/change.h"
#include "ledger/change/fingerprint.h"
#include "ledger/domain/clearing.h"
#include "ledger/domain/rules.h"
#include "ledger/journal/journal.h"
#include "ledger/memory/hold_table.h"
#include "ledger/read/query.h"
#include "ledger/strategy/strategy.h"

/* The expirer sleeps no longer than that, so that no setting of the machine's clock can make it
 * oversleep. */
enum { LOOK_MS = 100, EXPIRED_MAX = 256 /* in a piece */ };

/* ---- making one ---------------------------------------------------------------------------- */

struct making {
    struct change change;
    const struct ledger_hold *asked;
    struct hold *room;
};

static struct entry *entry_of_hold(const struct ledger_hold *asked)
{
    struct entry *entry = entry_make(ENTRY_HOLD, asked->key, asked->metadata, 1);
    if (entry && entry->key)
        fingerprint_hold(entry, asked);
    return entry;
}

static bool prepare_hold(struct co_context *context, void *arg)
{
    (void)context;
    struct making *m = arg;
    if (!change_resolve(&m->change, &m->change.entry->postings[0], m->asked->from, m->asked->to,
            m->asked->amount))
        return false;
    if (!(m->room = hold_table_room(m->change.ledger->holds)))
        m->change.status = LEDGER_OVERLOADED;
    return m->room != NULL;
}

static void decide_hold(void *arg)
{
    struct making *m = arg;
    struct change *change = &m->change;
    struct ledger *ledger = change->ledger;
    struct entry *entry = change->entry;
    struct posting *posting = &entry->postings[0];
    struct account *broken;
    if (!change_all_open(change))
        return;
    enum ledger_status status = rules_decide_hold(posting, ledger->frozen, &broken);
    if (status != LEDGER_OK) {
        change_refuse(change, status, broken);
        return;
    }

    /* The journal turns its duration into a moment, by its own clock. */
    entry->lasts_us = m->asked->expires_in_s * 1000000;
    entry->held = posting->from->held + posting->amount;
    struct hold *hold = m->room;
    m->room = NULL;
    change->seq = journal_append(ledger->journal, entry);
    *hold = (struct hold){.seq = change->seq,
        .from = posting->from,
        .to = posting->to,
        .amount = posting->amount,
        .expires_us = entry->expires_us};
    rules_reserve(posting->from, posting->amount, change->seq);
    hold_table_add(ledger->holds, hold);
}

void ledger_hold(struct co_context *context, struct ledger *ledger, const struct ledger_hold *hold,
    struct ledger_outcome *outcome)
{
    co_ensure(hold->expires_in_s >= 0 && hold->expires_in_s <= LEDGER_HOLD_MAX_S);
    struct making m = {
        .change = {.ledger = ledger, .entry = entry_of_hold(hold), .clears = hold->clears},
        .asked = hold};
    change_carry_out(
        context, &m.change, &(struct change_steps){prepare_hold, decide_hold, &m}, outcome);
    hold_table_give_back(ledger->holds, &m.room);
}

/* ---- how one ends -------------------------------------------------------------------------- */

static void fill_posting(struct entry *entry, const struct hold *hold)
{
    entry->postings[0] =
        (struct posting){.from = hold->from, .to = hold->to, .amount = hold->amount};
}

/*
 * Inside a section: the open hold ends by `entry` (a capture, a release, an expiry), which has its
 * posting. All of it ends, also what is not captured. The entry's position; 0: a capture came too
 * late by the journal's clock, and nothing was done.
 */
static uint64_t end_hold(struct ledger *ledger, const struct hold *hold, struct entry *entry)
{
    struct posting *posting = &entry->postings[0];
    bool moves = entry_moves_money(entry);
    int64_t before_us = moves && hold->expires_us ? hold->expires_us : INT64_MAX;

    /* What the journal is given is complete: what stays held, and the links of what moves. */
    entry->ref = hold->seq;
    entry->held = hold->from->held - hold->amount;
    if (moves)
        rules_link(posting, 1);
    uint64_t seq = journal_append_before(ledger->journal, entry, before_us);
    if (seq == 0) {
        rules_unlink(posting);
        return 0;
    }

    /* From here on nothing can fail. */
    rules_reserve(hold->from, -hold->amount, seq);
    if (moves)
        rules_apply(posting, 1, seq);
    hold_table_settle(ledger->holds, hold->seq, seq, journal_durable(ledger->journal));
    return seq;
}

/* ---- by request ---------------------------------------------------------------------------- */

struct settling {
    struct change change;
    const struct ledger_settlement *asked;
    struct entry *expiry; /* in case its time has come */
    struct hold hold;
};

static struct entry *entry_of_settlement(const struct ledger_settlement *asked)
{
    struct entry *entry =
        entry_make(asked->capture ? ENTRY_CAPTURE : ENTRY_RELEASE, asked->key, asked->metadata, 1);
    if (!entry)
        return NULL;
    entry->ref = asked->hold; /* also if it is refused */
    if (entry->key)
        fingerprint_settlement(entry, asked);
    return entry;
}

/* A refusal that is about the hold, and no account. */
static void refuse(struct settling *s, enum ledger_status status)
{
    change_rests_on(&s->change, s->hold.settled);
    change_refuse(&s->change, status, NULL);
}

/* The hold is not among the open ones: if there ever was one, it is settled, and that is
 * durable. */
static void refuse_unknown(struct co_context *context, struct settling *s)
{
    struct ledger *ledger = s->change.ledger;
    struct entry *entry = NULL;
    uint64_t seq;
    enum ledger_status status = ledger_entry(context, ledger, s->asked->hold, &entry, &seq);
    bool is_hold = status == LEDGER_OK && entry->kind == ENTRY_HOLD;
    entry_drop(&entry);
    s->change.entry->posting_count = 0;
    if (is_hold)
        refuse(s, LEDGER_ALREADY_SETTLED);
    else
        s->change.status = status == LEDGER_OK || status == LEDGER_TRANSFER_NOT_FOUND
                               ? LEDGER_HOLD_NOT_FOUND
                               : status;
}

static bool prepare_settlement(struct co_context *context, void *arg)
{
    struct settling *s = arg;
    if (!hold_table_find(s->change.ledger->holds, s->asked->hold, &s->hold)) {
        refuse_unknown(context, s);
        return false;
    }
    /* A transfer between ledgers that is on its way: it alone knows which way it ends. */
    if (!s->asked->clears && clearing_is_id(s->hold.to->id)) {
        s->change.status = LEDGER_ACCOUNT_RESERVED;
        s->change.account = s->hold.to->id;
        return false;
    }
    if (!(s->expiry = entry_make(ENTRY_EXPIRY, NULL, NULL, 1))) {
        s->change.status = LEDGER_OVERLOADED;
        return false;
    }
    fill_posting(s->change.entry, &s->hold);
    fill_posting(s->expiry, &s->hold);
    if (s->asked->capture && s->asked->amount)
        s->change.entry->postings[0].amount = s->asked->amount;
    return true;
}

/* Its time has come: it expires now, and the request is too late. */
static void expire_first(struct settling *s)
{
    s->hold.settled = end_hold(s->change.ledger, &s->hold, s->expiry);
    refuse(s, LEDGER_ALREADY_SETTLED);
}

/* False: the rules refuse it, and that is said. */
static bool may_capture(struct settling *s)
{
    struct change *change = &s->change;
    struct account *broken;
    enum ledger_status status = rules_decide_capture(
        &change->entry->postings[0], s->hold.amount, change->ledger->frozen, &broken);
    if (status != LEDGER_OK)
        change_refuse(change, status, broken);
    return status == LEDGER_OK;
}

static void decide_settlement(void *arg)
{
    struct settling *s = arg;
    struct ledger *ledger = s->change.ledger;
    if (!hold_table_find(ledger->holds, s->asked->hold, &s->hold) || s->hold.settled) {
        refuse(s, LEDGER_ALREADY_SETTLED);
    } else if (s->hold.expires_us && journal_now_us(ledger->journal) >= s->hold.expires_us) {
        expire_first(s);
    } else if (!s->asked->capture || may_capture(s)) {
        s->change.seq = end_hold(ledger, &s->hold, s->change.entry);
        if (s->change.seq == 0)
            expire_first(s);
    }
}

void ledger_settle(struct co_context *context, struct ledger *ledger,
    const struct ledger_settlement *settlement, struct ledger_outcome *outcome)
{
    struct settling s = {.change = {.ledger = ledger, .entry = entry_of_settlement(settlement)},
        .asked = settlement};
    change_carry_out(context, &s.change,
        &(struct change_steps){prepare_settlement, decide_settlement, &s}, outcome);
    entry_drop(&s.expiry);
}

/* ---- by the clock -------------------------------------------------------------------------- */

struct expiring {
    struct ledger *ledger;
    struct hold hold;
    struct entry *entry;
};

static void expire(void *arg)
{
    struct expiring *e = arg;
    if (!hold_table_find(e->ledger->holds, e->hold.seq, &e->hold) || e->hold.settled)
        return; /* a request came first */
    fill_posting(e->entry, &e->hold);
    (void)end_hold(e->ledger, &e->hold, e->entry);
}

/* Those that have expired by now, while the ledger takes new work, as many as fit in a piece. */
static int64_t expire_some(void *arg)
{
    struct ledger *ledger = arg;
    struct expiring e = {.ledger = ledger};
    uint64_t seq;
    /* Most ledgers have none, most of the time. */
    if (hold_table_waiting(ledger->holds) == 0)
        return LOOK_MS * CO_CLOCK_MS;
    for (int expired = 0; expired < EXPIRED_MAX; expired++) {
        if (journal_admits(ledger->journal, &seq) != LEDGER_OK ||
            !hold_table_expired(ledger->holds, journal_now_us(ledger->journal), &e.hold) ||
            !(e.entry = entry_make(ENTRY_EXPIRY, NULL, NULL, 1)))
            return LOOK_MS * CO_CLOCK_MS;
        strategy_run(ledger->strategy, &e.hold.from, 1, expire, &e);
        entry_drop(&e.entry);
    }
    return 0; /* after a piece of each of the others */
}

bool hold_expirer_start(struct co_rota *rota, struct ledger *ledger)
{
    return co_rota_enter(rota, &ledger->expirer, LOOK_MS * CO_CLOCK_MS, expire_some, ledger);
}

size_t ledger_clearing_holds(struct ledger *ledger, size_t skip, uint64_t *seqs, size_t room)
{
    return hold_table_clearing(ledger->holds, skip, seqs, room);
}

/* ---- reading one --------------------------------------------------------------------------- */

enum ledger_status ledger_read_hold(struct co_context *context, struct ledger *ledger,
    uint64_t hold, struct entry **entry, struct entry **settled, uint64_t *seq)
{
    *settled = NULL;
    enum ledger_status status = ledger_entry(context, ledger, hold, entry, seq);
    if (status == LEDGER_OK && (*entry)->kind != ENTRY_HOLD) {
        entry_drop(entry);
        status = LEDGER_TRANSFER_NOT_FOUND;
    }
    if (status == LEDGER_TRANSFER_NOT_FOUND)
        return LEDGER_HOLD_NOT_FOUND;
    if (status != LEDGER_OK)
        return status;

    /* What is open is in the table; how an older one ended is in the database. */
    struct hold now;
    uint64_t durable = journal_durable(ledger->journal);
    if (hold_table_find(ledger->holds, hold, &now) && now.settled == 0)
        return LEDGER_OK;
    status =
        query_status(query_settlement(context, ledger->store, ledger->accounts, hold, settled));
    /* Of another's ledger the database knows more than was followed. */
    if (status == LEDGER_OK && *settled && journal_state(ledger->journal) == LEDGER_FOLLOWING) {
        bool followed = journal_await(context, ledger->journal, JOURNAL_READ, (*settled)->seq) ==
                        CO_EVENTCOUNT_REACHED;
        status = followed ? LEDGER_OK : LEDGER_UNAVAILABLE;
        /* What a replica says beyond what was vouched for is only a hint: now it is. */
        if (followed && (*settled)->seq > durable) {
            entry_drop(settled);
            status = query_status(
                query_settlement(context, ledger->store, ledger->accounts, hold, settled));
        }
        *seq = journal_durable(ledger->journal);
    }
    if (status != LEDGER_OK) {
        entry_drop(entry);
        entry_drop(settled);
    }
    return status;
}
