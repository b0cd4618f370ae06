/* SPDX-License-Identifier: MIT */
/*
 * How busy this server is, told with its beats; and, where that is wanted, a ledger asked for when
 * others have much more to do (rebalance.h). What others' ledgers carry is read off the journal:
 * the last position of each, twice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/bank/bank_move.h"
#include "ledger/bank/bank_rest.h"
#include "ledger/bank/follow_list.h"
#include "ledger/bank/rebalance.h"
#include "ledger/db/readers.h"
#include "ledger/notice.h"

enum {
    TELL_MS = 1000,
    ASK_S = 5,
    ARRIVES_MS = 3000, /* how long a ledger that was asked for is waited for, ... */
    LOOK_MS = 20,      /* ... how often that is looked at, ... */
    AGAIN_MS = 200,    /* ... and when the next one may be asked for */
};

struct sample {
    int ledger;
    uint64_t owner, seq;
};

struct samples {
    struct sample *all; /* ascending by ledger */
    size_t count;
    int64_t at_ns;
};

/* ---- this server --------------------------------------------------------------------------- */

/* What its open ledgers have written since the last time. */
static uint64_t count_entries(struct bank *bank)
{
    uint64_t entries = 0;
    size_t count = atomic_load(&bank->count);
    for (size_t i = 0; i < count; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        struct ledger *ledger = atomic_load(&slot->kept) ? bank_slot_enter(slot) : NULL;
        if (!ledger) {
            slot->told_seq = 0;
            continue;
        }
        uint64_t seq = ledger_durable_seq(ledger);
        ledger_leave(ledger);
        /* What was there when it was opened is not counted. */
        if (slot->told_seq > 0 && seq > slot->told_seq)
            entries += seq - slot->told_seq;
        slot->told_seq = seq;
    }
    return entries;
}

static void tell_load(struct bank *bank, int64_t *told_ns)
{
    int64_t now_ns = co_clock_now_ns(), since_ns = now_ns - *told_ns;
    uint64_t entries = count_entries(bank);
    *told_ns = now_ns;
    if (since_ns > 0)
        lease_set_load(bank->lease, entries * (uint64_t)CO_CLOCK_MS * 1000 / ((uint64_t)since_ns));
}

/* ---- all servers --------------------------------------------------------------------------- */

static bool keep_samples(struct samples *samples, const struct pg_result *rows)
{
    size_t count = pg_rows(rows);
    struct sample *all = calloc(count + 1, sizeof *all);
    if (!all)
        return false;
    for (size_t i = 0; i < count; i++)
        all[i] = (struct sample){.ledger = (int)pg_number(rows, i, 0),
            .owner = (uint64_t)pg_number(rows, i, 1),
            .seq = (uint64_t)pg_number(rows, i, 2)};
    *samples = (struct samples){.all = all, .count = count, .at_ns = co_clock_now_ns()};
    return true;
}

static bool take_samples(struct co_context *context, struct bank *bank, struct samples *samples)
{
    static const struct pg_statement ask = {
        .sql = "SELECT w.ledger, coalesce(w.server, 0), coalesce((SELECT b.last_seq FROM batch b"
               " WHERE b.ledger = w.ledger ORDER BY b.no DESC LIMIT 1), 0)"
               " FROM writer w WHERE w.opens_at = '-infinity' ORDER BY w.ledger"};
    struct pg_result *rows = NULL;
    bool good = readers_run(context, bank->readers, &ask, NULL, &rows) == PG_OK &&
                keep_samples(samples, rows);
    pg_free(&rows);
    return good;
}

static uint64_t seq_before(const struct samples *samples, const struct sample *now)
{
    for (size_t i = 0; i < samples->count; i++)
        if (samples->all[i].ledger == now->ledger)
            return samples->all[i].seq;
    return now->seq; /* it is new: nothing is known */
}

/* What came of two readings; NULL: memory is short. */
static struct rebalance_ledger *compare(const struct samples *before, const struct samples *now)
{
    struct rebalance_ledger *ledgers = calloc(now->count + 1, sizeof *ledgers);
    uint64_t took_ms = (uint64_t)(now->at_ns - before->at_ns) / CO_CLOCK_MS + 1;
    for (size_t i = 0; ledgers && i < now->count; i++) {
        const struct sample *sample = &now->all[i];
        uint64_t was = seq_before(before, sample);
        ledgers[i] = (struct rebalance_ledger){.ledger = sample->ledger,
            .owner = sample->owner,
            .rate = sample->seq > was ? (sample->seq - was) * 1000 / took_ms : 0};
    }
    return ledgers;
}

/* One that is to be followed here, and is not yet. */
static bool is_cold(struct bank *bank, int number)
{
    size_t count = atomic_load(&bank->count);
    for (size_t i = 0; bank->follow && i < count; i++) {
        struct bank_slot *slot = bank_slot_at(bank, i);
        if (slot->number != number)
            continue;
        co_lock_take(&slot->lock);
        bool followed = slot->followed != NULL;
        co_lock_drop(&slot->lock);
        return !followed && bank_rest_never(slot) &&
               follow_list_find(bank->follow, slot->name) != FOLLOW_LIST_NO;
    }
    return false;
}

/* False: not now. */
static bool pull(struct bank *bank, const struct rebalance_ledger *wanted)
{
    static const struct pg_statement ask = {
        3, "SELECT writer_pull($1::int, $2::bigint, $3::bigint)"};
    struct co_context *context =
        co_context_with_timeout(bank->load_duty.running, ASK_S * CO_CLOCK_S);
    char ledger[16], me[24], owner[24];
    const char *values[] = {ledger, me, owner};
    struct pg_result *rows = NULL;
    if (!context)
        return false;
    snprintf(ledger, sizeof ledger, "%d", wanted->ledger);
    snprintf(me, sizeof me, "%lu", lease_server(bank->lease));
    snprintf(owner, sizeof owner, "%lu", wanted->owner);
    bool asked = readers_run(context, bank->readers, &ask, values, &rows) == PG_OK &&
                 *pg_text(rows, 0, 0) == 't';
    if (asked)
        notice(
            NOTICE_INFO, "server %s has much more to do: asking for its ledger %s", owner, ledger);
    pg_free(&rows);
    co_context_release(&context);
    return asked;
}

/* Until it is this server's. False: it has not come, or the bank is to be closed. */
static bool await_arrival(struct bank *bank, int ledger)
{
    int64_t until_ns = co_clock_now_ns() + ARRIVES_MS * CO_CLOCK_MS;
    struct lease_row row;
    do
        if (lease_find(bank->lease, ledger, &row) && row.ours)
            return true;
    while (co_clock_now_ns() < until_ns && co_duty_rest(&bank->load_duty, LOOK_MS * CO_CLOCK_MS));
    return false;
}

/* Some have moved since they were read. */
static void look_at_owners(struct bank *bank, struct rebalance_ledger *ledgers, size_t count)
{
    struct lease_row row;
    for (size_t i = 0; i < count; i++)
        if (lease_find(bank->lease, ledgers[i].ledger, &row))
            ledgers[i].owner = row.free ? 0 : row.owner;
}

/* A server that has just come may have much to fetch: one ledger after the other, each once the one
 * before is here, whenever this server has the least to do, and for half of the time until all is
 * read again. Others with little to do do the same, in turns: one ledger moves at a time. */
static void balance(struct bank *bank, const struct samples *before, const struct samples *now)
{
    size_t count;
    struct lease_peer *servers = bank_list_servers(bank, &count);
    struct rebalance_ledger *ledgers = compare(before, now);
    const struct rebalance_ledger *wanted;
    int64_t until_ns = co_clock_now_ns() + bank->rebalance_ms / 2 * CO_CLOCK_MS;
    for (size_t i = 0; ledgers && i < now->count; i++)
        ledgers[i].cold = is_cold(bank, ledgers[i].ledger);
    do {
        if (!servers || !ledgers || !lease_is_good(bank->lease) || atomic_load(&bank->leaving))
            break;
        look_at_owners(bank, ledgers, now->count);
        wanted = rebalance_choose(lease_server(bank->lease), servers, count, ledgers, now->count);
        if (wanted && pull(bank, wanted) && !await_arrival(bank, wanted->ledger))
            break;
    } while (
        co_clock_now_ns() < until_ns && co_duty_rest(&bank->load_duty, AGAIN_MS * CO_CLOCK_MS));
    free(ledgers);
    free(servers);
}

/* Read once more, and compare with the time before. */
static void look_around(struct bank *bank, struct samples *before)
{
    struct samples now;
    struct co_context *bounded =
        co_context_with_timeout(bank->load_duty.running, ASK_S * CO_CLOCK_S);
    if (!bounded)
        return;
    bool taken = take_samples(bounded, bank, &now);
    co_context_release(&bounded);
    if (!taken)
        return;
    if (before->all)
        balance(bank, before, &now);
    free(before->all);
    *before = now;
}

/* Where there are too few servers nothing of others is read. */
static bool has_enough(struct bank *bank)
{
    struct lease_peer peer;
    return bank->rebalance_ms > 0 && lease_peer(bank->lease, REBALANCE_SERVERS - 1, &peer);
}

void bank_tell_load(void *arg)
{
    struct bank *bank = arg;
    struct samples before = {.all = NULL};
    int64_t told_ns = co_clock_now_ns(), looked_ns = told_ns;
    int64_t rest_ms =
        bank->rebalance_ms > 0 && bank->rebalance_ms < TELL_MS ? bank->rebalance_ms : TELL_MS;
    while (co_duty_rest(&bank->load_duty, rest_ms * CO_CLOCK_MS)) {
        tell_load(bank, &told_ns);
        if (!has_enough(bank)) {
            free(before.all);
            before = (struct samples){.all = NULL};
        } else if (told_ns - looked_ns >= bank->rebalance_ms * CO_CLOCK_MS) {
            looked_ns = told_ns;
            look_around(bank, &before);
        }
    }
    free(before.all);
}
