/* SPDX-License-Identifier: MIT */
#include "ledger/expirer.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "ledger/ledger_parts.h"
#include "ledger/rules.h"

enum { LOOK_MS = 100 };

struct expirer {
    struct ledger *ledger;
    struct context *running; /* cancelled to stop it */
    struct waitgroup done;
};

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
    if (!holds_find(ledger->holds, seq, &e->hold) || e->hold.settled)
        return;
    struct account *from = e->hold.from;
    e->entry->ref = seq;
    e->entry->held = from->held - e->hold.amount;
    e->entry->postings[0] =
        (struct posting){.from = from, .to = e->hold.to, .amount = e->hold.amount};
    uint64_t ended = journal_append(ledger->journal, e->entry);
    rules_reserve(from, -e->hold.amount, ended);
    holds_settle(ledger->holds, seq, ended, journal_durable(ledger->journal));
}

/* All that have expired by now, while the ledger takes new work. */
static void expire_all(struct ledger *ledger)
{
    struct expiring e = {.ledger = ledger};
    while (journal_state(ledger->journal) == LEDGER_RUNNING && journal_has_room(ledger->journal) &&
           holds_expired(ledger->holds, journal_now_us(ledger->journal), &e.hold) &&
           (e.entry = entry_make(ENTRY_EXPIRY, NULL, NULL, 1))) {
        strategy_run(ledger->strategy, &e.hold.from, 1, expire, &e);
        entry_drop(&e.entry);
    }
}

static void expirer_main(void *arg)
{
    struct expirer *expirer = arg;
    struct select_case end = {.op = SELECT_RECV, .chan = context_done(expirer->running)};
    while (select_timeout(&end, 1, LOOK_MS * CLOCK_MS) == SELECT_NONE)
        expire_all(expirer->ledger);
    waitgroup_done(&expirer->done);
}

struct expirer *expirer_start(struct ledger *ledger)
{
    struct expirer *expirer = calloc(1, sizeof *expirer);
    if (!expirer)
        return NULL;
    expirer->ledger = ledger;
    expirer->running = context_with_cancel(context_background());
    waitgroup_add(&expirer->done, 1);
    if (expirer->running && co_spawn_named("expirer", expirer_main, expirer))
        return expirer;
    if (expirer->running)
        context_release(&expirer->running);
    free(expirer);
    return NULL;
}

void expirer_stop(struct expirer **expirer)
{
    struct expirer *stopped = *expirer;
    *expirer = NULL;
    if (!stopped)
        return;
    context_cancel(stopped->running);
    waitgroup_wait(&stopped->done);
    context_release(&stopped->running);
    free(stopped);
}
