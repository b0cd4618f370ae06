/* SPDX-License-Identifier: MIT */
/*
 * Why a finding is not an accident
 * - It reads the journal only up to what was durable before it asked, and that never changes.
 * - A claim by memory is copied in a section of its account, so it is what that account is after
 *   the entry `seq`; it is compared when the walk reaches that entry, which happens only once the
 *   entry is durable here. If another process takes the ledger over, it never is.
 * - What the checkpoint keeps is read in one statement with its position.
 * - A connection that is lost, or a refusal by the database, is not a finding: it tries again.
 */
#include "ledger/audit/auditor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/audit/audit_walk.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/strategy/strategy.h"

enum {
    START_S = 10,   /* after the ledger was opened, before the first round */
    BUSY = 100,     /* entries a second, of all ledgers; beyond that others need the machine more */
    REST_BUSY = 60, /* after each stretch, so many times as long as it took */
    REST_IDLE = 4,
    NAP_MS = 3000,    /* at the end, between looks for more; and after a failure */
    LOOK_S = 30,      /* at the end, between comparisons with memory */
    PAUSE_S = 30,     /* at the end, before the next round: this, or */
    PAUSE_TIMES = 50, /* so many times as long as the round worked, times the ledgers, if longer */
    SOON_NAP_MS = 5,
    SECTION = 16, /* accounts that are copied in one section */
};

struct auditor {
    struct ledger *ledger;
    bool soon;
    struct co_rota_place place;
    _Atomic uint64_t checked, rounds, found, wrong_seq;

    struct audit_anchor anchor; /* the last batch that was found right */
    uint64_t first;             /* the account that the round's walk begins with */
    struct audit_walk *walk;
    uint64_t target;                        /* the last position that a claim of memory is about */
    bool compared;                          /* they have been settled */
    int64_t looked_ns, ended_ns, worked_ns; /* ended: 0 before the walk is at the end */
    uint64_t written_before;
    int64_t asked_ns;
    struct audit_report report;
};

/* ---- pace ---------------------------------------------------------------------------------- */

static int64_t nap_ns(const struct auditor *a)
{
    return (a->soon ? SOON_NAP_MS : NAP_MS) * CO_CLOCK_MS;
}

/* Nothing of any ledger is read for a while after a stretch that took `took_ns`. */
static void rest_from(struct auditor *a, int64_t took_ns)
{
    int64_t now_ns = co_clock_now_ns();
    /* How many entries came since the last stretch tells how busy the server is. */
    uint64_t written = journal_company(a->ledger->journal).written;
    uint64_t came = written - a->written_before;
    bool busy = came * CO_CLOCK_S > BUSY * (uint64_t)(now_ns - a->asked_ns);
    a->written_before = written;
    a->asked_ns = now_ns;
    if (took_ns > CO_CLOCK_S) /* it waited for something */
        took_ns = CO_CLOCK_S;
    a->worked_ns += took_ns;
    if (!a->soon)
        co_rota_rest(a->place.rota, took_ns * (busy ? REST_BUSY : REST_IDLE));
}

/* ---- what memory claims -------------------------------------------------------------------- */

struct copying {
    struct account *accounts[SECTION];
    struct audit_claim claims[SECTION];
    size_t count, open;
};

static void copy_section(void *arg)
{
    struct copying *c = arg;
    for (size_t i = 0; i < c->count; i++) {
        const struct account *account = c->accounts[i];
        if (account->opened)
            c->claims[c->open++] = (struct audit_claim){.number = account->number,
                .seq = account->seq,
                .moved = account->moved,
                .balance = account->balance,
                .held = account->held,
                .frozen = account->frozen};
    }
}

static void take_claims(struct auditor *a, struct copying *c)
{
    c->open = 0;
    strategy_run(a->ledger->strategy, c->accounts, c->count, copy_section, c);
    for (size_t i = 0; i < c->open; i++) {
        audit_walk_claim(a->walk, &c->claims[i]);
        a->target = a->target < c->claims[i].seq ? c->claims[i].seq : a->target;
    }
    c->count = 0;
    co_yield();
}

/* Copy what memory says of the accounts that the walk follows. */
static void look(struct auditor *a)
{
    struct account_table *accounts = a->ledger->accounts;
    struct copying c = {.count = 0};
    /* Only accounts that the walk follows can be compared. */
    uint64_t last = account_count(accounts);
    if (last >= a->first + AUDIT_WALK_ACCOUNTS)
        last = a->first + AUDIT_WALK_ACCOUNTS - 1;

    /* A few accounts a section: a section holds up the transfers of all of them. */
    for (uint64_t number = a->first; number <= last; number++) {
        if (c.count == 0 && co_context_err(a->place.running) != CO_CONTEXT_OK)
            return; /* whoever closes the ledger waits */
        struct account *account = account_by_number(accounts, number);
        if (account)
            c.accounts[c.count++] = account;
        if (c.count == SECTION || (number == last && c.count > 0))
            take_claims(a, &c);
    }
    a->looked_ns = co_clock_now_ns();
    a->compared = false;
}

/* ---- a round ------------------------------------------------------------------------------- */

static void tell_finding(struct auditor *a)
{
    const char *text = a->report.text;
    atomic_store(&a->wrong_seq, a->report.wrong_seq);
    atomic_fetch_add(&a->found, a->report.found);
    char why[LEASE_WHY];
    snprintf(
        why, sizeof why, "the audit found the journal wrong: %.*s", (int)strcspn(text, "\n"), text);
    journal_halt(a->ledger->journal, why);
}

/* Begin at the first entry. False: not now. */
static bool begin_round(struct auditor *a)
{
    struct ledger *ledger = a->ledger;
    /* After the last account the rounds begin again at the first. */
    audit_walk_free(&a->walk);
    if (a->first > account_count(ledger->accounts))
        a->first = 1;

    /* The checkpoint's claims are taken once, before the first entry; memory's as well. */
    struct pg *pg = readers_borrow(a->place.running, ledger->store->readers);
    if (!pg)
        return false;
    a->walk = audit_walk_make(ledger->store->ledger, a->first, &a->anchor);
    bool begun = a->walk && audit_walk_checkpoint(a->place.running, pg, a->walk) == PG_OK;
    readers_return(ledger->store->readers, pg);
    if (!begun)
        audit_walk_free(&a->walk);
    a->ended_ns = a->worked_ns = 0;
    if (begun)
        look(a);
    return begun;
}

/* One stretch. Returns when it is to go on. */
static int64_t go_on(struct auditor *a, uint64_t durable)
{
    struct readers *readers = a->ledger->store->readers;
    struct pg *pg = readers_borrow(a->place.running, readers);
    if (!pg)
        return nap_ns(a);
    int64_t start_ns = co_clock_now_ns();
    enum pg_status status = audit_walk_step(a->place.running, pg, a->walk, durable, &a->report);
    readers_return(readers, pg);
    if (status != PG_OK)
        return nap_ns(a);

    /* What the figures call checked only ever rises, over all rounds. */
    uint64_t seq = audit_walk_seq(a->walk);
    if (a->report.found == 0 && atomic_load(&a->checked) < seq)
        atomic_store(&a->checked, seq);
    rest_from(a, co_clock_now_ns() - start_ns);
    return 0;
}

/* All that is durable has been checked: compare with memory, wait for more. */
static int64_t look_around(struct auditor *a)
{
    int64_t now_ns = co_clock_now_ns();
    /* The first time here is the end of the round. */
    if (a->ended_ns == 0) {
        a->ended_ns = now_ns;
        atomic_fetch_add(&a->rounds, 1);
    }

    /* Memory's claims are settled once the walk has passed the last of them; later it claims
     * again. */
    if (!a->compared && audit_walk_seq(a->walk) >= a->target) {
        audit_walk_settle(a->walk, &a->report);
        audit_walk_anchor(a->walk, &a->anchor);
        a->compared = true;
    } else if (a->compared && (a->soon || now_ns - a->looked_ns > LOOK_S * CO_CLOCK_S)) {
        look(a);
    }
    return nap_ns(a);
}

static bool round_is_over(const struct auditor *a)
{
    int64_t pause_ns = PAUSE_S * CO_CLOCK_S;
    int64_t times = PAUSE_TIMES * (int64_t)journal_company(a->ledger->journal).ledgers;
    if (a->worked_ns * times > pause_ns)
        pause_ns = a->worked_ns * times;
    if (a->soon)
        pause_ns = SOON_NAP_MS * CO_CLOCK_MS;
    return a->ended_ns && a->compared && co_clock_now_ns() - a->ended_ns > pause_ns;
}

/* A piece of a round, which goes from the first entry to the end, and on with what comes, until it
 * is time for the next. Returns when the next piece is due. */
static int64_t make_piece(struct auditor *a)
{
    if (a->walk && round_is_over(a)) {
        audit_walk_free(&a->walk);
        a->first += AUDIT_WALK_ACCOUNTS;
    }
    if (!a->walk)
        return begin_round(a) ? 0 : nap_ns(a);
    uint64_t durable = journal_durable(a->ledger->journal);
    return audit_walk_seq(a->walk) < durable ? go_on(a, durable) : look_around(a);
}

static int64_t take_turn(void *arg)
{
    struct auditor *a = arg;
    int64_t next_ns = journal_is_served(a->ledger->journal) ? make_piece(a) : CO_ROTA_NEVER;
    if (a->report.found > 0) {
        tell_finding(a);
        next_ns = CO_ROTA_NEVER;
    }
    if (next_ns == CO_ROTA_NEVER)
        audit_walk_free(&a->walk);
    return next_ns;
}

/* ---- starting and stopping ----------------------------------------------------------------- */

struct auditor *auditor_start(struct co_rota *rota, struct ledger *ledger, bool soon)
{
    struct auditor *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->ledger = ledger;
    a->soon = soon;
    a->first = 1;
    a->anchor.batch = ledger->store->batch;
    memcpy(a->anchor.hash, ledger->store->hash, sizeof a->anchor.hash);
    if (!co_rota_enter(rota, &a->place, soon ? 0 : START_S * CO_CLOCK_S, take_turn, a))
        auditor_stop(&a);
    return a;
}

void auditor_stop(struct auditor **auditor)
{
    struct auditor *stopped = *auditor;
    *auditor = NULL;
    if (!stopped)
        return;
    co_rota_leave(&stopped->place);
    audit_walk_free(&stopped->walk);
    free(stopped);
}

void auditor_read_figures(struct auditor *auditor, struct ledger_figures *figures)
{
    figures->audit_checked_seq = atomic_load(&auditor->checked);
    figures->audit_rounds = atomic_load(&auditor->rounds);
    figures->audit_mismatches = atomic_load(&auditor->found);
    figures->audit_wrong_seq = atomic_load(&auditor->wrong_seq);
}

/* It is counted when its text is whole, and nothing is written there after that. */
const char *auditor_findings(struct auditor *auditor)
{
    return atomic_load(&auditor->found) > 0 ? auditor->report.text : "";
}
