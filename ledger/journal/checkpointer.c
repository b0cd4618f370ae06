/* SPDX-License-Identifier: MIT */
#include "ledger/journal/checkpointer.h"

#include <stdio.h>

#include "coro/clock.h"
#include "ledger/failpoint.h"
#include "ledger/journal/sealer.h"
#include "ledger/notice.h"

enum {
    EVERY = 500000, /* entries */
    SOON = 500,     /* for tests of what happens meanwhile */
    LOOK_MS = 500,
    LOOK_SOON_MS = 10,
    RETRY_S = 5,
    FINISH_S = 20,
};

/* ---- steps --------------------------------------------------------------------------------- */

/* Keep the keys up to the last checkpoint (sealer.h). */
static void keep_keys(struct co_context *context, struct checkpointer *c, struct pg *pg)
{
    char why[300] = "";
    const struct sealer_task task = {
        .pg = pg, .ledger = c->store->ledger, .keys = c->keys, .seq = atomic_load(&c->seq)};
    if (sealer_seal(context, &task, why, sizeof why))
        c->kept = atomic_load(&c->seq);
    else if (co_context_err(context) == CO_CONTEXT_OK)
        notice(NOTICE_TROUBLE,
            "the keys up to seq %lu are not kept (%s); the start would take longer",
            atomic_load(&c->seq), why);
}

static enum store_outcome fold(
    struct co_context *context, struct checkpointer *c, struct pg *pg, char *why, size_t size)
{
    char reason[400];
    uint64_t seq = journal_durable(c->journal);
    enum store_outcome outcome = store_checkpoint(context, pg, c->store->ledger, seq, why, size);
    failpoint("checkpoint.after");
    if (outcome == STORE_COMMITTED)
        atomic_store(&c->seq, seq);
    if (outcome != STORE_REFUSED)
        return outcome;
    snprintf(reason, sizeof reason,
        "a checkpoint found that the journal does not add up: at seq %lu: %s", seq, why);
    journal_halt(c->journal, reason);
    return outcome;
}

/* Fold; and keep the keys, while the context lasts that is given for that. */
static bool fold_and_keep(struct checkpointer *c, struct co_context *keeping)
{
    char why[300];
    struct errands *errands = c->store->errands;
    enum store_outcome outcome = STORE_RETRY;
    failpoint("checkpoint.before");
    /* Whoever is about to leave does not wait for its turn; a fold that has begun is ended. */
    struct pg *pg = errands_begin(keeping ? keeping : co_context_background(), errands,
        ERRAND_IN_BACKGROUND, why, sizeof why);
    if (pg)
        outcome = fold(co_context_background(), c, pg, why, sizeof why);
    if (outcome == STORE_RETRY) /* the next one takes in what this one did not */
        notice(NOTICE_TROUBLE, "no checkpoint at seq %lu (%s); the start would take longer",
            journal_durable(c->journal), why);
    if (outcome == STORE_COMMITTED && keeping)
        keep_keys(keeping, c, pg);
    errands_end(errands, ERRAND_IN_BACKGROUND, &pg);
    return outcome == STORE_COMMITTED;
}

bool checkpointer_fold(struct checkpointer *c)
{
    return fold_and_keep(c, NULL);
}

/* ---- in turn ------------------------------------------------------------------------------- */

/* If the process before did not get to it. */
static void keep_first(struct checkpointer *c)
{
    char why[300];
    struct errands *errands = c->store->errands;
    struct pg *pg = errands_begin(c->place.running, errands, ERRAND_IN_BACKGROUND, why, sizeof why);
    if (pg)
        keep_keys(c->place.running, c, pg);
    errands_end(errands, ERRAND_IN_BACKGROUND, &pg);
}

static int64_t take_turn(void *arg)
{
    struct checkpointer *c = arg;
    if (!c->begun && atomic_load(&c->seq) > 0)
        keep_first(c);
    c->begun = true;
    if (journal_durable(c->journal) >= atomic_load(&c->seq) + (c->soon ? SOON : EVERY) &&
        !fold_and_keep(c, c->place.running))
        return journal_is_served(c->journal) ? RETRY_S * CO_CLOCK_S : CO_ROTA_NEVER;
    return (c->soon ? LOOK_SOON_MS : LOOK_MS) * CO_CLOCK_MS;
}

bool checkpointer_start(struct co_rota *rota, struct checkpointer *c, struct store *store,
    struct journal *journal, const struct keys *keys, uint64_t seq)
{
    c->store = store;
    c->keys = keys;
    c->journal = journal;
    atomic_store(&c->seq, seq);
    c->soon = failpoint("checkpoint.soon");
    return co_rota_enter(rota, &c->place, 0, take_turn, c);
}

void checkpointer_stop(struct checkpointer *c)
{
    co_rota_leave(&c->place);
}

/* ---- at the end ---------------------------------------------------------------------------- */

void checkpointer_finish(struct checkpointer *c, enum errand errand)
{
    char why[300] = "out of memory";
    struct pg *pg = NULL;
    if (!c->store) /* it was not started */
        return;
    struct errands *errands = c->store->errands;
    bool folded = atomic_load(&c->seq) == journal_durable(c->journal);
    if (journal_state(c->journal) != LEDGER_RUNNING || (folded && c->kept == atomic_load(&c->seq)))
        return;
    struct co_context *bounded =
        co_context_with_timeout(co_context_background(), FINISH_S * CO_CLOCK_S);
    if (bounded) {
        failpoint("checkpoint.before");
        pg = errands_begin(bounded, errands, errand, why, sizeof why);
    }
    folded = pg && (folded || fold(bounded, c, pg, why, sizeof why) == STORE_COMMITTED);
    if (folded)
        keep_keys(bounded, c, pg);
    else
        notice(
            NOTICE_TROUBLE, "no checkpoint at the end (%s); a start will replay the journal", why);
    errands_end(errands, errand, &pg);
    if (bounded)
        co_context_release(&bounded);
}
