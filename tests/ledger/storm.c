/* SPDX-License-Identifier: MIT */
#include "tests/ledger/storm.h"

#include <stdio.h>

#include "coro/random.h"
#include "tests/ledger/requests.h"

enum { ACCOUNTS = 8, OF_USD = 6, LEGS = 4, ROWS = 4, KEY = 40 };

static const char *const ids[ACCOUNTS] = {
    "world:USD.2", "a", "b", "c", "hot", "credit", "world:EUR.2", "euro"};

static unsigned below(struct storm *s, unsigned n)
{
    return (unsigned)(co_random_of(&s->random) % n);
}

void storm_prepare(struct ledger *ledger)
{
    for (int i = 1; i < ACCOUNTS; i++)
        if (i != OF_USD) {
            fixture_account(
                ledger, ids[i], i < OF_USD ? "USD/2" : "EUR/2", i == OF_USD - 1 ? "-500" : "0");
            (void)fixture_move(ledger, NULL, ids[i < OF_USD ? 0 : OF_USD], ids[i], 100);
        }
}

/* A key that is new, one that may have been used before, or none. */
static const char *key_of(struct storm *s, char key[KEY])
{
    unsigned choice = below(s, 4);
    snprintf(key, KEY, "%s-%u", s->name, choice == 0 ? below(s, s->requests + 1) : s->requests);
    return choice == 1 ? NULL : key;
}

static void pick_two(struct storm *s, const char **from, const char **to)
{
    unsigned one = below(s, ACCOUNTS), other = below(s, ACCOUNTS);
    if (below(s, 10)) { /* most often of the same asset */
        bool usd = one < OF_USD;
        other = usd ? below(s, OF_USD) : OF_USD + below(s, ACCOUNTS - OF_USD);
    }
    *from = ids[one];
    *to = ids[other];
}

static void remember(struct storm *s, uint64_t *seqs, uint64_t seq)
{
    if (seq)
        seqs[below(s, STORM_REMEMBERS)] = seq;
}

static void transfer(struct storm *s)
{
    struct ledger_leg legs[LEGS];
    char key[KEY];
    struct ledger_transfer transfer = {.key = key_of(s, key),
        .metadata = below(s, 5) ? NULL : "{\"of\":\"storm\"}",
        .legs = legs,
        .leg_count = 1 + below(s, LEGS) * (below(s, 2))};
    struct ledger_outcome outcome;
    for (uint32_t i = 0; i < transfer.leg_count; i++) {
        pick_two(s, &legs[i].from, &legs[i].to);
        legs[i].amount = 1 + below(s, 40);
    }
    ledger_transfer(co_context_background(), s->ledger, &transfer, &outcome);
    if (outcome.entry)
        remember(s, s->moves, outcome.entry->seq);
    entry_drop(&outcome.entry);
}

/* All of them with a key as often as without. */
static void send(struct storm *s, const struct ledger_transfer *transfers, size_t count,
    struct ledger_outcome *outcomes)
{
    char key[KEY];
    struct ledger_outcome whole;
    const struct ledger_batch keyed = {.key = below(s, 2) ? key_of(s, key) : NULL,
        .atomic = below(s, 2),
        .transfers = transfers,
        .count = count};
    if (keyed.key)
        ledger_keyed_batch(co_context_background(), s->ledger, &keyed, outcomes, &whole);
    else
        ledger_transfer_batch(
            co_context_background(), s->ledger, keyed.atomic, transfers, count, outcomes);
}

static void batch(struct storm *s)
{
    struct ledger_leg legs[ROWS];
    struct ledger_transfer transfers[ROWS];
    struct ledger_outcome outcomes[ROWS];
    char keys[ROWS][KEY + 12];
    size_t count = 1 + below(s, ROWS);
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "%s-%u/%zu", s->name, s->requests, i);
        pick_two(s, &legs[i].from, &legs[i].to);
        legs[i].amount = 1 + below(s, 40);
        transfers[i] = (struct ledger_transfer){
            .key = below(s, 2) ? keys[i] : NULL, .legs = &legs[i], .leg_count = 1};
    }
    send(s, transfers, count, outcomes);
    for (size_t i = 0; i < count; i++)
        if (outcomes[i].entry) {
            remember(s, s->moves, outcomes[i].entry->seq);
            entry_drop(&outcomes[i].entry);
        }
}

static void hold(struct storm *s)
{
    const char *from, *to;
    char key[KEY];
    uint64_t seq = 0;
    pick_two(s, &from, &to);
    const struct ledger_hold hold = {.key = key_of(s, key),
        .from = from,
        .to = to,
        .amount = 1 + below(s, 30),
        .expires_in_s = below(s, 2)};
    (void)request_hold_as(s->ledger, &hold, &seq);
    remember(s, s->holds, seq);
}

static void settle(struct storm *s)
{
    char key[KEY];
    uint64_t hold = s->holds[below(s, STORM_REMEMBERS)];
    if (hold && below(s, 3))
        (void)request_capture(s->ledger, key_of(s, key), hold, below(s, 20), NULL);
    else if (hold)
        (void)request_release(s->ledger, key_of(s, key), hold);
}

static void reverse(struct storm *s)
{
    char key[KEY];
    uint64_t move = s->moves[below(s, STORM_REMEMBERS)];
    if (move)
        (void)request_reverse(s->ledger, key_of(s, key), move, NULL);
}

static void freeze(struct storm *s)
{
    const char *id = below(s, 4) ? ids[below(s, ACCOUNTS)] : NULL;
    struct ledger_account account;
    uint64_t seq;
    (void)ledger_freeze(co_context_background(), s->ledger, id, true, &account, &seq);
    transfer(s);
    (void)ledger_freeze(co_context_background(), s->ledger, id, false, &account, &seq);
}

void storm_request(struct storm *s)
{
    unsigned choice = below(s, 100);
    s->requests++;
    if (choice < 55)
        transfer(s);
    else if (choice < 62)
        batch(s);
    else if (choice < 77)
        hold(s);
    else if (choice < 90)
        settle(s);
    else if (choice < 97)
        reverse(s);
    else
        freeze(s);
}
