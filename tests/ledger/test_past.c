/* SPDX-License-Identifier: MIT */
/*
 * What was so is told the same way ever after. A random history; after each entry all accounts
 * are read, and at the end, and again after a restart, every position is asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/journal/journal.h"
#include "ledger/journal/journal_private.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/hold_table.h"
#include "tests/ledger/fixture.h"

enum { ACCOUNTS = 5, ENTRIES = 280, PAGE = 7, ASKED = 200, LONGEST = ENTRIES + 1 };
static const char *const names[ACCOUNTS] = {"a", "b", "c", "late", "world:USD.2"};

struct moment {
    bool known; /* it was looked at when the journal ended here */
    bool open[ACCOUNTS];
    struct ledger_account accounts[ACCOUNTS];
};

struct history {
    struct ledger *ledger;
    unsigned short dice[3];
    uint64_t hold; /* an open one; 0: none */
    uint64_t end;
    struct moment moments[ENTRIES + 1];
};

static long roll(struct history *h, long sides)
{
    return nrand48(h->dice) % sides;
}

static void remember(struct history *h)
{
    uint64_t seq;
    h->end = ledger_durable_seq(h->ledger);
    co_ensure(h->end <= ENTRIES);
    struct moment *moment = &h->moments[h->end];
    moment->known = true;
    for (int i = 0; i < ACCOUNTS; i++)
        moment->open[i] = ledger_read_account(co_context_background(), h->ledger, names[i],
                              &moment->accounts[i], &seq) == LEDGER_OK;
}

static void hold_or_settle(struct history *h)
{
    struct ledger_outcome outcome;
    const struct ledger_hold hold = {.from = names[roll(h, 3)], .to = "world:USD.2", .amount = 3};
    const struct ledger_settlement settlement = {
        .hold = h->hold, .capture = roll(h, 2), .amount = roll(h, 4)};
    if (h->hold)
        ledger_settle(co_context_background(), h->ledger, &settlement, &outcome);
    else
        ledger_hold(co_context_background(), h->ledger, &hold, &outcome);
    if (outcome.status == LEDGER_OK)
        h->hold = h->hold ? 0 : outcome.entry->seq;
    entry_drop(&outcome.entry);
}

static void freeze(struct history *h)
{
    struct ledger_account account;
    uint64_t seq;
    long i = roll(h, 3);
    struct moment *now = &h->moments[h->end];
    CU_ASSERT_EQUAL(ledger_freeze(co_context_background(), h->ledger, names[i],
                        !now->accounts[i].frozen, &account, &seq),
        LEDGER_OK);
}

static void live(struct history *h, uint64_t until)
{
    while (h->end < until) {
        long what = roll(h, 20);
        if (h->end == ENTRIES / 2)
            fixture_account(h->ledger, "late", "USD/2", NULL);
        else if (what == 0)
            freeze(h);
        else if (what < 4)
            hold_or_settle(h);
        else /* some are refused: that leaves nothing behind */
            (void)fixture_move(h->ledger, NULL, names[roll(h, 2) ? 4 : roll(h, 4)],
                names[roll(h, 4)], 1 + roll(h, 9));
        remember(h);
    }
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool same(const struct ledger_account *a, const struct ledger_account *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->asset, b->asset) == 0 &&
           a->has_floor == b->has_floor && a->floor == b->floor && a->frozen == b->frozen &&
           a->balance == b->balance && a->held == b->held && a->available == b->available &&
           a->seq == b->seq;
}

static void ask_position(struct history *h, uint64_t at)
{
    const struct moment *moment = &h->moments[at];
    for (int i = 0; i < ACCOUNTS; i++) {
        struct ledger_account account;
        uint64_t seq = 0;
        enum ledger_status status = ledger_read_account_at(co_context_background(), h->ledger,
            names[i], &(struct ledger_moment){.seq = at}, &account, &seq);
        CU_ASSERT_EQUAL(status, moment->open[i] ? LEDGER_OK : LEDGER_ACCOUNT_NOT_FOUND);
        CU_ASSERT_EQUAL(seq, at);
        CU_ASSERT_TRUE(status != LEDGER_OK || same(&account, &moment->accounts[i]));
    }
}

static void ask_time(struct history *h, uint64_t at)
{
    struct entry *entry;
    struct ledger_account account;
    uint64_t seq;
    CU_ASSERT_EQUAL(ledger_entry(co_context_background(), h->ledger, at, &entry, &seq), LEDGER_OK);
    for (int64_t before_us = 0; before_us <= 1; before_us++) {
        uint64_t expected = at - (uint64_t)before_us;
        enum ledger_status status = ledger_read_account_at(co_context_background(), h->ledger, "a",
            &(struct ledger_moment){.at_us = entry->at_us - before_us}, &account, &seq);
        CU_ASSERT_EQUAL(seq, expected);
        CU_ASSERT_TRUE(!h->moments[expected].known || status == LEDGER_OK);
        CU_ASSERT_TRUE(
            !h->moments[expected].known || same(&account, &h->moments[expected].accounts[0]));
    }
    entry_drop(&entry);
}

/* The movements before a position, newest first, are those at which the balance changed. */
static void ask_page(struct history *h, int i, uint64_t before)
{
    struct entry *entries[PAGE];
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    size_t expected = 0;
    CU_ASSERT_EQUAL(
        ledger_statement(co_context_background(), h->ledger, names[i], before, &page), LEDGER_OK);
    for (uint64_t at = before - 1; at > 1 && expected < PAGE; at--) {
        const struct moment *now = &h->moments[at], *then = &h->moments[at - 1];
        if (!now->known || now->accounts[i].balance == then->accounts[i].balance)
            continue;
        CU_ASSERT_TRUE(expected < page.count && entries[expected]->seq == at);
        expected++;
    }
    CU_ASSERT_EQUAL(page.count, expected);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
}

/* Those after a position, oldest first. */
static void ask_page_forward(struct history *h, int i, uint64_t after)
{
    struct entry *entries[PAGE];
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    size_t expected = 0;
    CU_ASSERT_EQUAL(
        ledger_statement_forward(co_context_background(), h->ledger, names[i], after, &page),
        LEDGER_OK);
    for (uint64_t at = after + 1; at <= h->end && expected < PAGE; at++) {
        const struct moment *now = &h->moments[at], *then = &h->moments[at - 1];
        if (!now->known || now->accounts[i].balance == then->accounts[i].balance)
            continue;
        CU_ASSERT_TRUE(expected < page.count && entries[expected]->seq == at);
        expected++;
    }
    CU_ASSERT_EQUAL(page.count, expected);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
}

static void ask_all(struct history *h)
{
    for (uint64_t at = 1; at <= h->end; at++) {
        if (!h->moments[at].known)
            continue;
        ask_position(h, at);
        for (int i = 0; i < ACCOUNTS && at > 5; i++)
            if (h->moments[h->end].open[i])
                ask_page(h, i, at), ask_page_forward(h, i, at);
        if (at % 16 == 0)
            ask_time(h, at);
    }
}

/* The positions of a list, page by page. `read` reads one from a place on, 0 at first. */
typedef enum ledger_status list_read(
    struct history *h, int i, uint64_t from, struct ledger_entry_page *page);

static size_t walk(struct history *h, list_read *read, int i, size_t limit, uint64_t found[LONGEST])
{
    struct entry *entries[LONGEST];
    struct ledger_entry_page page = {.entries = entries, .limit = limit};
    size_t count = 0;
    uint64_t from = 0;
    do {
        CU_ASSERT_EQUAL_FATAL(read(h, i, from, &page), LEDGER_OK);
        CU_ASSERT_FATAL(count + page.count <= LONGEST && page.count <= limit);
        for (size_t j = 0; j < page.count; j++) {
            found[count++] = from = entries[j]->seq;
            entry_drop(&entries[j]);
        }
    } while (page.next && page.count > 0);
    CU_ASSERT_EQUAL(page.next, 0);
    return count;
}

static enum ledger_status back(
    struct history *h, int i, uint64_t from, struct ledger_entry_page *page)
{
    return ledger_statement(co_context_background(), h->ledger, names[i], from, page);
}

static enum ledger_status forward(
    struct history *h, int i, uint64_t from, struct ledger_entry_page *page)
{
    return ledger_statement_forward(co_context_background(), h->ledger, names[i], from, page);
}

static enum ledger_status journal_back(
    struct history *h, int i, uint64_t from, struct ledger_entry_page *page)
{
    (void)i;
    enum ledger_status status = ledger_journal_back(co_context_background(), h->ledger, from, page);
    page->next = page->count > 0 && page->entries[page->count - 1]->seq > 1;
    return status;
}

static enum ledger_status journal(
    struct history *h, int i, uint64_t from, struct ledger_entry_page *page)
{
    (void)i;
    enum ledger_status status = ledger_journal(co_context_background(), h->ledger, from, page);
    page->next = page->count > 0 && page->entries[page->count - 1]->seq < page->seq;
    return status;
}

/* Forwards there is the same as backwards, in the other order, however long the pages are. */
static void is_the_same_backwards(struct history *h)
{
    static const size_t limits[] = {1, 3, 64, 65, LONGEST};
    static uint64_t one[LONGEST], other[LONGEST];
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++)
        for (int i = 0; i <= ACCOUNTS; i++) {
            bool all = i == ACCOUNTS;
            size_t count = walk(h, all ? journal : forward, i, limits[l], one);
            CU_ASSERT_EQUAL_FATAL(walk(h, all ? journal_back : back, i, limits[l], other), count);
            CU_ASSERT(!all || count == h->end);
            for (size_t j = 0; j < count; j++)
                CU_ASSERT_EQUAL(one[j], other[count - 1 - j]);
        }
    struct ledger_entry_page page = {.entries = NULL, .limit = 1};
    CU_ASSERT_EQUAL(forward(h, 0, h->end + 1, &page), LEDGER_POSITION_AHEAD);
}

static void is_as_it_was(const char *strategy)
{
    const char *db = fixture_database();
    struct history *h = calloc(1, sizeof *h);
    co_ensure(h != NULL);
    h->dice[0] = (unsigned short)unit_seed();
    h->ledger = fixture_open(db, strategy);
    fixture_account(h->ledger, "a", "USD/2", "-100");
    fixture_account(h->ledger, "b", "USD/2", "0");
    fixture_account(h->ledger, "c", "USD/2", NULL);
    remember(h);
    live(h, ENTRIES * 3 / 4);
    ask_all(h);
    ledger_close(&h->ledger); /* a start does not know how far the next waypoint is */
    h->ledger = fixture_open(db, strategy);
    live(h, ENTRIES);
    ask_all(h);
    is_the_same_backwards(h);
    CU_ASSERT_TRUE(strtol(fixture_ask(db, "SELECT count(*) FROM waypoint"), NULL, 10) >= 4);
    ledger_close(&h->ledger);
    free(h);
}

/* Each 64th movement of an account is a place where a walk can start: of the payer, and of the
 * payee. */
static void has_places_to_start(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "0");
    for (int i = 0; i < 10 + ACCOUNT_STEPS; i++) /* positions from 4 on */
        CU_ASSERT_EQUAL(
            fixture_move(ledger, NULL, "world:USD.2", i < 10 ? "b" : "a", 1), LEDGER_OK);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT string_agg(account || ' at ' || seq, ', ' ORDER BY account)"
                        " FROM teller.waypoint"),
        "1 at 67, 2 at 77");
    ledger_close(&ledger);
}

/* A start sets the next one early, as it does not know how far the last one is. A page is as full
 * as without. */
static void has_full_pages_behind_starts(const char *strategy)
{
    enum { STARTS = 6, MOVES = 7, FULL = 20 };
    const char *db = fixture_database();
    struct entry *entries[FULL];
    struct ledger_entry_page page = {.entries = entries, .limit = FULL};
    struct ledger *ledger = fixture_open(db, strategy);
    fixture_account(ledger, "a", "USD/2", "0"); /* the moves are at 3 and on */
    for (int start = 0; start < STARTS; start++) {
        for (int i = 0; i < MOVES; i++)
            CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 1), LEDGER_OK);
        ledger_close(&ledger);
        ledger = fixture_open(db, strategy);
    }
    CU_ASSERT_EQUAL(
        ledger_statement_forward(co_context_background(), ledger, "a", 0, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, FULL);
    CU_ASSERT_EQUAL(page.next, 2 + FULL);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
    ledger_close(&ledger);
}

/* While money moves, the balance at the moment of asking: what was told then is told from then
 * on. */
struct asker {
    struct ledger *ledger;
    struct co_waitgroup *all;
    struct told {
        int64_t at_us;
        money balance;
        uint64_t seq;
    } told[ASKED];
};

static struct told ask_moment(struct ledger *ledger, int64_t at_us)
{
    struct ledger_account account = {0};
    struct told told = {.at_us = at_us};
    CU_ASSERT_EQUAL(ledger_read_account_at(co_context_background(), ledger, "a",
                        &(struct ledger_moment){.at_us = at_us}, &account, &told.seq),
        LEDGER_OK);
    told.balance = account.balance;
    return told;
}

static void ask_now(void *arg)
{
    struct asker *asker = arg;
    for (int i = 0; i < ASKED; i++)
        asker->told[i] = ask_moment(asker->ledger, co_clock_wall_us());
    co_waitgroup_done(asker->all);
}

static void is_told_for_good(const char *strategy)
{
    struct ledger *ledger = fixture_open_abc(fixture_database(), strategy);
    struct co_waitgroup all = {0};
    struct asker *asker = calloc(1, sizeof *asker);
    co_ensure(asker != NULL);
    asker->ledger = ledger;
    asker->all = &all;
    co_waitgroup_add(&all, 1);
    co_ensure(co_spawn(ask_now, asker));
    for (int i = 0; i < 4 * ASKED; i++)
        CU_ASSERT_EQUAL(fixture_move(ledger, NULL, i % 2 ? "a" : "b", i % 2 ? "b" : "a", 1),
            i ? LEDGER_OK : LEDGER_INSUFFICIENT_FUNDS);
    co_waitgroup_wait(&all);
    for (int i = 0; i < ASKED; i++) {
        struct told again = ask_moment(ledger, asker->told[i].at_us);
        CU_ASSERT_TRUE(again.balance == asker->told[i].balance && again.seq == asker->told[i].seq);
    }
    free(asker);
    ledger_close(&ledger);
}

/* A time that was asked for is over: entries come later, though the clock is set back. */
static void keeps_what_it_told(const char *strategy)
{
    struct ledger *ledger = fixture_open_abc(fixture_database(), strategy);
    int64_t soon_us = co_clock_wall_us() + 300000; /* not yet: it is waited for */
    struct told told = ask_moment(ledger, soon_us);
    CU_ASSERT_TRUE(co_clock_wall_us() >= soon_us);
    co_lock_take(&ledger->journal->lock);
    CU_ASSERT_TRUE(ledger->journal->last_us >= soon_us);
    co_lock_drop(&ledger->journal->lock);
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "a", "b", 1), LEDGER_OK);
    struct told again = ask_moment(ledger, soon_us);
    CU_ASSERT_TRUE(told.balance == 100 && again.balance == 100 && again.seq == told.seq);
    ledger_close(&ledger);
}

static void knows_its_ends(const char *strategy)
{
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, strategy);
    struct co_context *context = co_context_background();
    struct ledger_account account;
    uint64_t seq = 7;
    CU_ASSERT_EQUAL(ledger_read_account_at(context, ledger, "a",
                        &(struct ledger_moment){.at_us = co_clock_wall_us()}, &account, &seq),
        LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(seq, 0);
    fixture_account(ledger, "a", "USD/2", NULL);
    CU_ASSERT_EQUAL(ledger_read_account_at(context, ledger, "a", &(struct ledger_moment){.seq = 1},
                        &account, &seq), /* world's is 1 */
        LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(ledger_read_account_at(
                        context, ledger, "a", &(struct ledger_moment){.seq = 2}, &account, &seq),
        LEDGER_OK);
    CU_ASSERT_TRUE(seq == 2 && account.seq == 2 && account.balance == 0);
    for (uint64_t ahead = 3; ahead; ahead = ahead == 3 ? UINT64_MAX : 0) {
        CU_ASSERT_EQUAL(ledger_read_account_at(context, ledger, "a",
                            &(struct ledger_moment){.seq = ahead}, &account, &seq),
            LEDGER_POSITION_AHEAD);
        CU_ASSERT_EQUAL(seq, 2);
    }
    CU_ASSERT_EQUAL(
        ledger_read_account_at(context, ledger, "a",
            &(struct ledger_moment){.at_us = co_clock_wall_us() + 60000000}, &account, &seq),
        LEDGER_POSITION_AHEAD);
    CU_ASSERT_EQUAL(seq, 2);
    struct entry *entries[1];
    struct ledger_entry_page page = {.entries = entries, .limit = 1};
    CU_ASSERT_EQUAL(ledger_journal(context, ledger, 2, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 0);
    CU_ASSERT_EQUAL(ledger_journal(context, ledger, 3, &page), LEDGER_POSITION_AHEAD);
    CU_ASSERT_EQUAL(page.count, 0);
    CU_ASSERT_EQUAL(ledger_entry(context, ledger, 9, entries, &seq), LEDGER_TRANSFER_NOT_FOUND);
    CU_ASSERT_EQUAL(ledger_read_account_at(
                        context, ledger, "a", &(struct ledger_moment){.at_us = -5}, &account, &seq),
        LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(ledger_read_account_at(
                        context, ledger, "b", &(struct ledger_moment){.seq = 2}, &account, &seq),
        LEDGER_ACCOUNT_NOT_FOUND);
    ledger_close(&ledger);
}

#define TESTS(X)                                                                                   \
    X(is_as_it_was)                                                                                \
    X(has_places_to_start)                                                                         \
    X(has_full_pages_behind_starts) X(is_told_for_good) X(keeps_what_it_told) X(knows_its_ends)
FIXTURE_BOTH(past)
