/* SPDX-License-Identifier: MIT */
/*
 * Freezing: an account in a section of its own, the whole ledger in a section of all accounts. So
 * whatever moves money is either before the entry that froze, or sees it and is refused.
 */
#include <string.h>

#include "ledger/change/change.h"
#include "ledger/journal/journal.h"
#include "ledger/memory/account_table.h"
#include "ledger/strategy/strategy.h"

struct freezing {
    struct ledger *ledger;
    struct account *account; /* NULL: the ledger */
    bool frozen;
    struct entry *entry;
    bool opened;
    uint64_t seq; /* the last entry that froze or unfroze it, or touched the account */
};

static void freeze_section(void *arg)
{
    struct freezing *f = arg;
    struct ledger *ledger = f->ledger;
    bool before = f->account ? f->account->frozen : atomic_load(&ledger->frozen);
    f->opened = !f->account || f->account->opened;
    if (f->opened && before != f->frozen) {
        f->entry->account = f->account;
        uint64_t seq = journal_append(ledger->journal, f->entry);
        if (f->account) {
            f->account->frozen = f->frozen;
            f->account->seq = seq;
        } else {
            atomic_store(&ledger->frozen, f->frozen);
            atomic_store(&ledger->freeze_seq, seq);
        }
    }
    f->seq = f->account ? f->account->seq : atomic_load(&ledger->freeze_seq);
}

static enum ledger_status nothing_to_freeze(struct co_context *context, struct ledger *ledger)
{
    bool known = journal_await(context, ledger->journal, JOURNAL_READ, 0) == CO_EVENTCOUNT_REACHED;
    return known ? LEDGER_ACCOUNT_NOT_FOUND : LEDGER_UNAVAILABLE;
}

enum ledger_status ledger_freeze(struct co_context *context, struct ledger *ledger, const char *id,
    bool frozen, struct ledger_account *account, uint64_t *seq)
{
    struct freezing f = {.ledger = ledger, .frozen = frozen};
    enum ledger_status status = journal_admits(ledger->journal, seq);
    if (status != LEDGER_OK)
        return status;
    if (id && !(f.account = account_find(ledger->accounts, id)))
        return nothing_to_freeze(context, ledger);
    if (!(f.entry = entry_make(frozen ? ENTRY_FREEZE : ENTRY_UNFREEZE, NULL, NULL, 0)))
        return LEDGER_OVERLOADED;
    strategy_run(ledger->strategy, id ? &f.account : NULL, id ? 1 : 0, freeze_section, &f);
    entry_drop(&f.entry);
    if (!f.opened)
        return nothing_to_freeze(context, ledger);
    if (journal_await(context, ledger->journal, JOURNAL_ENTRY, f.seq) != CO_EVENTCOUNT_REACHED)
        return LEDGER_OUTCOME_UNKNOWN;
    *seq = f.seq > *seq ? f.seq : *seq;
    if (id && account)
        status = ledger_read_account(context, ledger, id, account, seq);
    return status == LEDGER_OK ? status : LEDGER_OUTCOME_UNKNOWN; /* it is done, but not shown */
}
