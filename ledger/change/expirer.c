/* SPDX-License-Identifier: MIT */
#include "ledger/change/expirer.h"

#include "coro/clock.h"
#include "ledger/journal/journal.h"
#include "ledger/ledger_private.h"
#include "ledger/domain/rules.h"
#include "ledger/memory/hold_table.h"
#include "ledger/strategy/strategy.h"

enum { LOOK_MS = 100 };

struct expiring {
    struct ledger *ledger;
    struct hold hold;
    struct entry *entry;
};

static void expire(void *arg)
{
    struct expiring *e = arg;
    struct ledger *ledger = e->ledger;
    uint64_t seq = e->hold.seq;
    if (!hold_table_find(ledger->holds, seq, &e->hold) || e->hold.settled)
        return;
    struct account *from = e->hold.from;
    e->entry->ref = seq;
    e->entry->held = from->held - e->hold.amount;
    e->entry->postings[0] =
        (struct posting){.from = from, .to = e->hold.to, .amount = e->hold.amount};
    uint64_t ended = journal_append(ledger->journal, e->entry);
    rules_reserve(from, -e->hold.amount, ended);
    hold_table_settle(ledger->holds, seq, ended, journal_durable(ledger->journal));
}

/* All that have expired by now, while the ledger takes new work. */
static void expire_all(struct ledger *ledger)
{
    struct expiring e = {.ledger = ledger};
    uint64_t seq;
    while (journal_admits(ledger->journal, &seq) == LEDGER_OK &&
           hold_table_expired(ledger->holds, journal_now_us(ledger->journal), &e.hold) &&
           (e.entry = entry_make(ENTRY_EXPIRY, NULL, NULL, 1))) {
        strategy_run(ledger->strategy, &e.hold.from, 1, expire, &e);
        entry_drop(&e.entry);
    }
}

static void expirer_main(void *arg)
{
    struct ledger *ledger = arg;
    while (duty_rest(&ledger->expirer, LOOK_MS * CLOCK_MS))
        expire_all(ledger);
}

bool expirer_start(struct ledger *ledger)
{
    return duty_start("expirer", &ledger->expirer, expirer_main, ledger);
}
