/* SPDX-License-Identifier: MIT */
#include "ledger/ledger_audit.h"

#include <stdio.h>

#include "coro/co.h"
#include "ledger/audit/audit_replay.h"
#include "ledger/audit/auditor.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/account_table.h"
#include "ledger/notice.h"
#include "ledger/strategy/strategy.h"

enum { COMPARED_AT_ONCE = 256 }; /* accounts; then other coroutines get a turn */

struct comparison {
    struct account *account;        /* ours */
    const struct account *replayed; /* NULL: the journal does not have it */
    struct audit_report *report;
};

/* What has changed since the replay's end is left out; the next audit will see it. */
static void compare_section(void *arg)
{
    const struct comparison *c = arg;
    const struct account *ours = c->account, *theirs = c->replayed;
    if (ours->opened == 0 || ours->seq > c->report->seq)
        return;
    if (!theirs || ours->balance != theirs->balance || ours->held != theirs->held ||
        ours->seq != theirs->seq || ours->frozen != theirs->frozen) {
        /* They may well agree up to where the shorter one ends. */
        uint64_t seq = theirs && theirs->seq > ours->seq ? theirs->seq : ours->seq;
        audit_note(c->report, seq, "memory differs from the journal for account %s", ours->id);
    }
}

/* False: the context ended first. */
static bool compare_memory(struct co_context *context, struct ledger *ledger,
    struct account_table *replayed, struct audit_report *report)
{
    for (uint64_t number = 1; number <= account_count(ledger->accounts); number++) {
        if (number % COMPARED_AT_ONCE == 0) {
            co_yield();
            if (co_context_err(context) != CO_CONTEXT_OK)
                return false;
        }
        struct comparison c = {.account = account_by_number(ledger->accounts, number),
            .replayed = account_by_number(replayed, number),
            .report = report};
        if (c.account)
            strategy_run(ledger->strategy, &c.account, 1, compare_section, &c);
    }
    return true;
}

static enum ledger_status audit(struct co_context *context, struct ledger *ledger,
    struct audit_progress *progress, struct audit_report *report)
{
    char error[AUDIT_REASON] = "out of memory";
    uint64_t durable = journal_durable(ledger->journal);
    struct account_table *replayed = account_table_make();
    if (progress)
        atomic_store(&progress->seq, durable);
    struct pg *pg =
        replayed ? pg_connect(context, ledger->store->conninfo, "teller_app", error, sizeof error)
                 : NULL;

    /* Replay what the database has. */
    enum pg_status status = PG_LOST;
    report->reason[0] = '\0';
    if (pg)
        status = audit_replay(context, pg, ledger->store->ledger, replayed, progress, report);
    if (status != PG_OK) /* an end that the database does not explain is for want of memory */
        snprintf(report->reason, sizeof report->reason, "%s",
            pg && *pg_message(pg) ? pg_message(pg) : error);
    if (status != PG_OK && co_context_err(context) == CO_CONTEXT_OK)
        notice(NOTICE_TROUBLE, "the audit did not end: %s", report->reason);

    /* Then hold it against what was durable here before, and against memory. */
    if (status == PG_OK && report->seq < durable)
        audit_note(
            report, report->seq + 1, "the end is missing: it was durable up to %lu", durable);
    if (status == PG_OK && !compare_memory(context, ledger, replayed, report)) {
        snprintf(report->reason, sizeof report->reason, "it was ended");
        status = PG_LOST;
    }
    if (pg)
        pg_close(&pg);
    if (replayed)
        account_table_free(&replayed);
    return status == PG_OK ? LEDGER_OK : LEDGER_UNAVAILABLE;
}

enum ledger_status ledger_audit(struct co_context *context, struct ledger *ledger,
    struct audit_progress *progress, struct audit_report *report)
{
    static atomic_flag under_way = ATOMIC_FLAG_INIT; /* of all ledgers of this process */
    if (atomic_flag_test_and_set(&under_way)) {
        snprintf(report->reason, sizeof report->reason, "another audit is under way");
        return LEDGER_OVERLOADED;
    }
    enum ledger_status status = audit(context, ledger, progress, report);
    atomic_flag_clear(&under_way);
    return status;
}

const char *ledger_audit_findings(struct ledger *ledger)
{
    return auditor_findings(ledger->auditor);
}
