/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - parts[0 .. held) are batches that were taken and are not settled; of each ledger one at most.
 *   Its number and what it has stay the same until it is known to be in, or never to get in.
 * - Memory of a transaction is bounded by what is taken: the share of each ledger, and the rest of
 *   an atomic group.
 */
#include "ledger/journal/committer.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/duty.h"
#include "ledger/failpoint.h"
#include "ledger/journal/gathering.h"
#include "ledger/journal/journal_commit.h"

enum {
    /* One database transaction, in entries and in bytes: it is full with what passes either. */
    BATCH_MAX = 8192,
    BATCH_BYTES = 4 << 20,
    RETRY_FIRST_MS = 2,
    RETRY_LAST_MS = 200,
    LOCKED_MOST =
        8, /* tries in a row that met a lock, half a second: until then nobody need know */
    TURN_LOOK_MS = 20,
};

struct part {
    struct transaction_part sent;
    struct gathering_place *place;
    struct journal *journal;
    uint64_t count; /* of its entries */
    int failures;   /* how often in a row its row was locked */
    int64_t due_ns; /* not to be sent before; 0: immediately */
    bool settled;
};

struct committer {
    char *conninfo;
    struct gathering gathering;
    struct transaction *transaction;
    struct co_context *trying; /* the gathering's */
    struct co_duty duty;
    _Atomic uint64_t turns;
    size_t held;
    struct part parts[TRANSACTION_PARTS];
    struct part *due[TRANSACTION_PARTS];              /* those that are to be sent */
    struct transaction_part *sent[TRANSACTION_PARTS]; /* the same */
};

/* ---- gathering ----------------------------------------------------------------------------- */

/* Take a batch of that journal. False: there is none to take. */
static bool take(struct committer *c, struct gathering_place *place, struct journal_load *load)
{
    struct part *part = &c->parts[c->held];
    struct journal *journal = place->journal;
    if (!journal_goes_on(journal) || journal_is_drained(journal)) {
        gathering_leave(&c->gathering, place);
        journal_end(journal);
        return false;
    }
    part->sent.fate = TRANSACTION_RETRY;
    if (!journal_take(journal, load, &part->sent.batch))
        return false;
    part->place = place;
    part->journal = journal;
    part->count = load->entries;
    part->failures = 0;
    part->due_ns = 0;
    part->settled = false;
    c->held++;
    gathering_set_in_hand(&c->gathering, place, true);
    return true;
}

/* What is left after that was taken; never below 0. */
static uint64_t less(uint64_t left, uint64_t taken)
{
    return left > taken ? left - taken : 0;
}

static uint64_t share(uint64_t left, size_t of)
{
    return left > of ? left / of : 1;
}

/* In turn, until the transaction is full: each gets its share of the room that is left. */
static void gather(struct committer *c)
{
    struct journal_load left = {BATCH_MAX, BATCH_BYTES};
    for (size_t waiting = gathering_count(&c->gathering); waiting > 0; waiting--) {
        if (c->held == TRANSACTION_PARTS || left.entries == 0 || left.bytes == 0)
            break;
        struct gathering_place *place = gathering_next(&c->gathering);
        if (!place)
            break;
        /* One with a batch that is not settled is looked at when that is. */
        struct journal_load load = {share(left.entries, waiting), share(left.bytes, waiting)};
        if (place->in_hand || !take(c, place, &load))
            continue;
        left.entries = less(left.entries, load.entries);
        left.bytes = less(left.bytes, load.bytes);
    }
}

static int by_ledger(const void *left, const void *right)
{
    const struct part *const *a = left, *const *b = right;
    return (*a)->sent.batch.ledger - (*b)->sent.batch.ledger;
}

/* ---- settling ------------------------------------------------------------------------------ */

/* Its batch is in, or given back. */
static void settle(struct committer *c, struct part *part)
{
    part->settled = true;
    gathering_set_in_hand(&c->gathering, part->place, false);
    /* More has come, or it is to end. */
    if (journal_waits(part->journal))
        gathering_announce(&c->gathering, part->place);
}

static void publish(struct committer *c, struct part *part, int64_t began_ns)
{
    int64_t took_ns = co_clock_now_ns() - began_ns;
    journal_note_failures(part->journal, 0, "");
    journal_publish(part->journal, &part->sent.batch, part->count, took_ns);
    settle(c, part);
}

static void give_back(struct committer *c, struct part *part, const char *why)
{
    journal_return(part->journal, &part->sent.batch, part->sent.fate, why);
    settle(c, part);
}

/* Somebody has locked its row: the others go without it. That is over in a moment where another
 * server is said to have the ledger next, and is no reason to turn requests away. */
static void set_aside(struct part *part)
{
    int64_t wait_ms = RETRY_FIRST_MS << (part->failures < 7 ? part->failures : 7);
    part->failures++;
    part->due_ns =
        co_clock_now_ns() + (wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS) * CO_CLOCK_MS;
    int told = part->failures > LOCKED_MOST ? part->failures : 1;
    journal_note_failures(part->journal, told, part->sent.why);
}

/* What the database has said of a part. True: it is to be sent again now. */
static bool take_word(struct committer *c, struct part *part, int64_t began_ns)
{
    switch (part->sent.fate) {
    case TRANSACTION_COMMITTED:
        publish(c, part, began_ns);
        return false;
    case TRANSACTION_LOCKED:
        set_aside(part);
        return false;
    case TRANSACTION_FENCED:
    case TRANSACTION_LOST:
    case TRANSACTION_STOPPED:
    case TRANSACTION_REFUSED:
        give_back(c, part, part->sent.why);
        return false;
    case TRANSACTION_RETRY:
    case TRANSACTION_SOME:
        break;
    }
    return true;
}

/* Of the parts that were sent, those that are to be sent again. */
static size_t take_words(struct committer *c, struct part **parts, size_t count, int64_t began_ns)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (take_word(c, parts[i], began_ns))
            parts[left++] = parts[i];
    return left;
}

/* The outcome is open. Those whose fate is not ours to find out, or that have tried for too long,
 * are dropped; the rest is to be sent again. */
static size_t drop_abandoned(struct committer *c, struct part **parts, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (journal_abandons(parts[i]->journal))
            give_back(c, parts[i], "");
        else
            parts[left++] = parts[i];
    return left;
}

/* ---- trying -------------------------------------------------------------------------------- */

/* A try that was broken off needs another context, unless all is to stop. */
static void renew_trying(struct committer *c)
{
    while (co_context_err(c->duty.running) == CO_CONTEXT_OK &&
           (!c->trying || co_context_err(c->trying) != CO_CONTEXT_OK)) {
        struct co_context *before = c->trying;
        struct co_context *trying = co_context_with_cancel(c->duty.running);
        if (!trying) { /* memory is short */
            co_sleep(RETRY_FIRST_MS * CO_CLOCK_MS);
            continue;
        }
        gathering_set_trying(&c->gathering, trying);
        c->trying = trying;
        if (before)
            co_context_release(&before);
    }
}

/* Rows and hashes; every retry of the same parts sends the same bytes. */
static void fill(struct committer *c, struct part *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        c->sent[i] = &parts[i]->sent;
    while (!transaction_fill(c->transaction, c->sent, count))
        co_sleep(RETRY_LAST_MS * CO_CLOCK_MS); /* memory is short: what is decided must get in */
}

/* A pause before the same is sent again, longer each time. */
static size_t pause(struct committer *c, struct part **parts, size_t count, int failures)
{
    int64_t wait_ms = RETRY_FIRST_MS << (failures < 8 ? failures - 1 : 7);
    for (size_t i = 0; i < count; i++)
        journal_note_failures(parts[i]->journal, failures, transaction_problem(c->transaction));
    co_sleep((wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS) * CO_CLOCK_MS);
    /* In this order: whoever breaks a try off from here on breaks off the next one. */
    renew_trying(c);
    size_t left = drop_abandoned(c, parts, count);
    if (left > 0)
        failpoint("batch.again");
    return left;
}

static void publish_all(struct committer *c, struct part **parts, size_t count, int64_t began_ns)
{
    failpoint("publish.before");
    for (size_t i = 0; i < count; i++)
        publish(c, parts[i], began_ns);
    failpoint("publish.after");
}

/* Send these parts until the fate of each is known, or it is set aside. Returns how many are left:
 * the database has refused rows, and it is not known of which of them. */
static size_t commit(struct committer *c, struct part **parts, size_t count, int64_t began_ns)
{
    int failures = 0;
    fill(c, parts, count);
    while (count > 0) {
        size_t before = count;
        atomic_fetch_add(&c->turns, 1);
        switch (transaction_send(c->trying, c->transaction, c->sent, count)) {
        case TRANSACTION_COMMITTED:
            publish_all(c, parts, count, began_ns);
            return 0;
        case TRANSACTION_SOME:
            count = take_words(c, parts, count, began_ns);
            break;
        case TRANSACTION_REFUSED:
            if (count > 1)
                return count;
            parts[0]->sent.fate = TRANSACTION_REFUSED;
            give_back(c, parts[0], transaction_problem(c->transaction));
            return 0;
        default:
            count = pause(c, parts, count, ++failures);
            break;
        }
        if (count > 0 && count != before)
            fill(c, parts, count);
    }
    return 0;
}

/* ---- the committer's round ----------------------------------------------------------------- */

/* Those in hand that are to be sent now, ledgers ascending. */
static size_t pick_due(struct committer *c)
{
    size_t count = 0;
    int64_t now_ns = co_clock_now_ns();
    for (size_t i = 0; i < c->held; i++)
        if (c->parts[i].due_ns <= now_ns || journal_abandons(c->parts[i].journal))
            c->due[count++] = &c->parts[i];
    count = drop_abandoned(c, c->due, count);
    if (count > 1)
        qsort(c->due, count, sizeof c->due[0], by_ledger);
    return count;
}

static void forget_settled(struct committer *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->held; i++)
        if (!c->parts[i].settled) {
            if (kept != i)
                c->parts[kept] = c->parts[i];
            kept++;
        }
    c->held = kept;
}

/* Park until there may be something to do. */
static void rest(struct committer *c, uint64_t seen)
{
    /* A session that was given up may still be writing: its end is seen to now, not with the next
     * entry, which may come late. */
    bool connected = transaction_is_connected(c->transaction);
    if (!connected)
        connected = transaction_connect(c->trying, c->transaction);
    int64_t rest_ns = connected ? INT64_MAX : RETRY_LAST_MS * CO_CLOCK_MS;
    for (size_t i = 0; i < c->held; i++) {
        int64_t left_ns = c->parts[i].due_ns - co_clock_now_ns();
        rest_ns = left_ns < rest_ns ? left_ns : rest_ns;
    }
    struct co_context *turn = NULL;
    if (rest_ns != INT64_MAX)
        turn = co_context_with_timeout(c->duty.running, rest_ns > 0 ? rest_ns : 1);
    if (turn || rest_ns == INT64_MAX)
        (void)!co_eventcount_await(turn ? turn : c->duty.running, &c->gathering.work, seen + 1);
    else
        co_sleep(RETRY_FIRST_MS * CO_CLOCK_MS);
    if (turn)
        co_context_release(&turn);
}

static void work(void *arg)
{
    struct committer *c = arg;
    while (co_context_err(c->duty.running) == CO_CONTEXT_OK) {
        /* Read before looking: what is announced in between is not missed. */
        uint64_t seen = co_eventcount_read(&c->gathering.work);
        int64_t began_ns = co_clock_now_ns();
        atomic_fetch_add(&c->turns, 1);
        renew_trying(c);
        gather(c);
        size_t count = pick_due(c);
        if (count > 0) {
            failpoint("batch.taken");
            /* Each alone, so that it shows whose rows are refused; the others get in. */
            size_t left = commit(c, c->due, count, began_ns);
            for (size_t i = 0; i < left; i++)
                (void)commit(c, &c->due[i], 1, began_ns);
        } else if (gathering_count(&c->gathering) == 0) {
            rest(c, seen);
        }
        forget_settled(c);
    }
    gathering_set_trying(&c->gathering, NULL);
    if (c->trying)
        co_context_release(&c->trying);
}

/* ---- starting and stopping ----------------------------------------------------------------- */

static void free_committer(struct committer **committer)
{
    struct committer *freed = *committer;
    *committer = NULL;
    transaction_free(&freed->transaction);
    free(freed->conninfo);
    free(freed);
}

struct committer *committer_start(const char *conninfo, struct lease *lease)
{
    struct committer *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    if (!(c->conninfo = strdup(conninfo)) ||
        !(c->transaction = transaction_make(c->conninfo, lease)) ||
        !co_duty_start("committer", &c->duty, work, c))
        free_committer(&c);
    return c;
}

void committer_stop(struct committer **committer)
{
    struct committer *stopped = *committer;
    if (!stopped)
        return;
    co_ensure(stopped->gathering.members == 0);
    co_duty_stop(&stopped->duty);
    free_committer(committer);
}

void committer_await_turn(struct committer *committer)
{
    uint64_t seen = atomic_load(&committer->turns);
    gathering_nudge(&committer->gathering);
    while (atomic_load(&committer->turns) == seen)
        co_sleep(TURN_LOOK_MS * CO_CLOCK_MS);
}

struct gathering *committer_gathering(struct committer *committer)
{
    return &committer->gathering;
}
