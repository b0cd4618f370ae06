/* SPDX-License-Identifier: MIT */
/* A ledger that another server has: what is followed is what the owner had at that position, what
 * is wrong is noticed, and taking it loses nothing. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/random.h"
#include "coro/waitgroup.h"
#include "ledger/journal/checkpointer.h"
#include "ledger/journal/store.h"
#include "ledger/ledger_private.h"
#include "ledger/memory/hold_table.h"
#include "tests/ledger/guest.h"
#include "tests/ledger/requests.h"
#include "tests/ledger/storm.h"

enum { CLIENTS = 4, REQUESTS = 120, ACCOUNTS = 64, PAGE = 100 };

/* ---- a storm at the owner's ---------------------------------------------------------------- */

struct weather {
    struct ledger *ledger;
    struct storm storms[CLIENTS];
    char names[CLIENTS][16];
    _Atomic unsigned started;
    struct co_waitgroup all;
    _Atomic bool over;
};

static void client_main(void *arg)
{
    struct weather *w = arg;
    struct storm *storm = &w->storms[atomic_fetch_add(&w->started, 1)];
    for (int i = 0; i < REQUESTS; i++)
        storm_request(storm);
    co_waitgroup_done(&w->all);
}

static void open_accounts(void *arg)
{
    struct weather *w = arg;
    char id[16];
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(id, sizeof id, "new-%d", i);
        fixture_account(w->ledger, id, "USD/2", i % 2 ? "0" : NULL);
    }
    co_waitgroup_done(&w->all);
}

static void await_end(void *arg)
{
    struct weather *w = arg;
    co_waitgroup_wait(&w->all);
    atomic_store(&w->over, true);
}

static void begin_weather(struct weather *w, struct ledger *ledger, const char *name)
{
    memset(w, 0, sizeof *w);
    w->ledger = ledger;
    co_waitgroup_add(&w->all, CLIENTS + 1);
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(w->names[i], sizeof w->names[i], "%s%d", name, i);
        w->storms[i] = (struct storm){
            .ledger = ledger, .random = (uint64_t)(i + 1) * 7919, .name = w->names[i]};
        co_ensure(co_spawn(client_main, w));
    }
    co_ensure(co_spawn(open_accounts, w));
    co_ensure(co_spawn(await_end, w));
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void expect_same(
    const struct ledger_account *guests, struct ledger *owner, uint64_t seq, const char *what)
{
    const struct ledger_moment at = {.seq = seq};
    struct ledger_account owners;
    uint64_t owners_seq;
    enum ledger_status status = ledger_read_account_at(
        co_context_background(), owner, guests->id, &at, &owners, &owners_seq);
    bool same = status == LEDGER_OK && owners.balance == guests->balance &&
                owners.held == guests->held && owners.frozen == guests->frozen &&
                owners.available == guests->available && owners.seq == guests->seq;
    CU_ASSERT(same);
    if (!same)
        printf("    %s: %s at %lu: status %d, balance %ld not %ld, held %ld not %ld, seq %lu not "
               "%lu\n",
            what, guests->id, seq, (int)status, (long)guests->balance, (long)owners.balance,
            (long)guests->held, (long)owners.held, guests->seq, owners.seq);
}

/* All accounts of the guest, as of one position, are what the owner had then. */
static uint64_t compare_lists(const char *db, struct ledger *guest, struct ledger *owner)
{
    static struct ledger_account accounts[PAGE];
    const struct ledger_account_query all = {.prefix = NULL};
    struct ledger_account_page page = {.accounts = accounts, .limit = PAGE};
    char sql[120], count[24];
    CU_ASSERT_EQUAL_FATAL(
        ledger_list_accounts(co_context_background(), guest, &all, &page), LEDGER_OK);
    CU_ASSERT(ledger_await(co_context_background(), owner, page.seq - 1));
    for (size_t i = 0; i < page.count; i++)
        expect_same(&page.accounts[i], owner, page.seq, "list");
    snprintf(count, sizeof count, "%zu", page.count);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM teller.account WHERE opened <= %lu", page.seq);
    CU_ASSERT_STRING_EQUAL(fixture_ask(db, sql), count);
    return page.seq;
}

static void compare_journals(struct ledger *guest, struct ledger *owner)
{
    static struct entry *guests[PAGE], *owners[PAGE];
    struct ledger_entry_page page = {.entries = guests, .limit = PAGE}, other = page;
    other.entries = owners;
    uint64_t after = 0;
    do {
        CU_ASSERT_EQUAL_FATAL(
            ledger_journal(co_context_background(), guest, after, &page), LEDGER_OK);
        other.limit = page.count;
        if (page.count > 0)
            CU_ASSERT_EQUAL_FATAL(
                ledger_journal(co_context_background(), owner, after, &other), LEDGER_OK);
        for (size_t i = 0; i < page.count; i++) {
            after = guests[i]->seq;
            CU_ASSERT(after == owners[i]->seq && guests[i]->kind == owners[i]->kind &&
                      guests[i]->at_us == owners[i]->at_us);
            entry_drop(&guests[i]);
            entry_drop(&owners[i]);
        }
    } while (page.count > 0);
    CU_ASSERT_EQUAL(after, ledger_durable_seq(owner));
}

static void compare_figures(struct ledger *guest, struct ledger *owner)
{
    struct ledger_figures guests, owners;
    ledger_read_figures(guest, &guests);
    ledger_read_figures(owner, &owners);
    CU_ASSERT_EQUAL(guests.state, LEDGER_FOLLOWING);
    CU_ASSERT_EQUAL(guests.durable_seq, owners.durable_seq);
    CU_ASSERT_EQUAL(guests.accounts, owners.accounts);
    CU_ASSERT_EQUAL(guests.open_holds, owners.open_holds);
    CU_ASSERT_EQUAL(guests.frozen, owners.frozen);
    CU_ASSERT_EQUAL(guests.followed_behind, 0);
    CU_ASSERT_EQUAL(owners.followed_behind, 0);
    CU_ASSERT(guests.followed_ns >= 0 && guests.followed_ns < co_clock_boot_ns());
}

/* ---- tests --------------------------------------------------------------------------------- */

/* What ends by itself has ended, and then nothing changes any more. */
static void await_expiry(struct ledger *owner)
{
    for (int waited = 0; waited < 6000 && hold_table_next(owner->holds) != 0; waited++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(hold_table_next(owner->holds), 0);
    struct ledger_figures figures;
    ledger_read_figures(owner, &figures);
    CU_ASSERT(ledger_await(co_context_background(), owner, figures.head_seq - 1));
}

static void same_at_each_position(const char *strategy)
{
    static struct weather w;
    const char *db = fixture_database();
    struct guest guest = {0};
    unsigned positions = 0;
    uint64_t last = 0;
    struct ledger *owner = fixture_open(db, strategy);
    storm_prepare(owner);
    guest_begin(&guest, db, strategy);
    guest_follow(&guest);
    begin_weather(&w, owner, "storm");
    do {
        uint64_t seq = compare_lists(db, guest.ledger, owner);
        CU_ASSERT(seq >= last);
        positions += seq > last;
        last = seq;
        co_sleep(CO_CLOCK_MS);
    } while (!atomic_load(&w.over));
    CU_ASSERT(positions > 1);
    await_expiry(owner);
    guest_await(&guest, ledger_durable_seq(owner));
    compare_lists(db, guest.ledger, owner);
    compare_journals(guest.ledger, owner);
    compare_figures(guest.ledger, owner);
    CU_ASSERT_FALSE(guest.wrong);
    guest_end(&guest);
    fixture_check(owner);
    ledger_close(&owner);
}

/* Checkpoints move on while it is read, again and again. */
static void read_amid_checkpoints(const char *strategy)
{
    static struct weather w;
    const char *db = fixture_database();
    struct guest guest = {0};
    struct ledger *owner = fixture_open(db, strategy);
    storm_prepare(owner);
    begin_weather(&w, owner, "check");
    do {
        guest_begin(&guest, db, strategy);
        guest_follow(&guest);
        compare_lists(db, guest.ledger, owner);
        CU_ASSERT_TRUE(checkpointer_fold(owner->checkpointer));
        guest_await(&guest, ledger_durable_seq(owner));
        compare_lists(db, guest.ledger, owner);
        CU_ASSERT_FALSE(guest.wrong);
        guest_pause(&guest);
        ledger_close(&guest.ledger);
    } while (!atomic_load(&w.over));
    guest_end(&guest);
    ledger_close(&owner);
}

/* Once the lease has seen it. */
static void expect_behind(struct guest *guest, uint64_t entries)
{
    struct ledger_figures figures = {0};
    for (int waited = 0; waited < 6000 && figures.followed_behind != entries; waited++) {
        ledger_read_figures(guest->ledger, &figures);
        co_sleep(10 * CO_CLOCK_MS);
    }
    CU_ASSERT_EQUAL(figures.followed_behind, entries);
}

/* Reads that a guest may answer, and what only the owner may say. */
static void answers_what_it_knows(const char *strategy)
{
    const char *db = fixture_database();
    struct co_context *context = co_context_background();
    struct guest guest = {0};
    struct ledger_account account;
    static struct entry *entries[PAGE];
    struct entry *entry;
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    uint64_t seq;
    struct ledger *owner = fixture_open_abc(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(owner, "k", "a", "b", 30), LEDGER_OK);
    guest_begin(&guest, db, strategy);
    uint64_t end = ledger_durable_seq(owner);
    CU_ASSERT_EQUAL(fixture_move(owner, "later", "a", "c", 1), LEDGER_OK); /* not followed yet */
    expect_behind(&guest, 1);

    CU_ASSERT_EQUAL(ledger_entry_by_key(context, guest.ledger, "k", &entry, &seq), LEDGER_OK);
    CU_ASSERT(entry && entry->seq == end);
    entry_drop(&entry);
    CU_ASSERT_EQUAL(
        ledger_entry_by_key(context, guest.ledger, "never", &entry, &seq), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(ledger_read_account(context, guest.ledger, "a", &account, &seq), LEDGER_OK);
    CU_ASSERT(account.balance == 70 && seq == end);
    CU_ASSERT_EQUAL(ledger_read_account(context, guest.ledger, "none", &account, &seq),
        LEDGER_ACCOUNT_NOT_FOUND);
    CU_ASSERT_EQUAL(ledger_statement(context, guest.ledger, "a", 0, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, 2);
    while (page.count > 0)
        entry_drop(&entries[--page.count]);
    CU_ASSERT_EQUAL(ledger_journal(context, guest.ledger, 0, &page), LEDGER_OK);
    CU_ASSERT_EQUAL(page.count, end);
    int64_t last_us = entries[page.count - 1]->at_us;
    while (page.count > 0)
        entry_drop(&entries[--page.count]);

    /* A moment is known once there is an entry of a later time; until then it is not over here. */
    struct ledger_moment at = {.at_us = last_us - 1};
    CU_ASSERT_EQUAL(
        ledger_read_account_at(context, guest.ledger, "a", &at, &account, &seq), LEDGER_OK);
    CU_ASSERT(account.balance == 100 && seq == end - 1);
    at.at_us = last_us;
    CU_ASSERT_EQUAL(ledger_read_account_at(context, guest.ledger, "a", &at, &account, &seq),
        LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(fixture_move(guest.ledger, NULL, "a", "b", 1), LEDGER_UNAVAILABLE);
    CU_ASSERT_EQUAL(fixture_move(guest.ledger, "new", "a", "b", 1), LEDGER_UNAVAILABLE);

    guest_follow(&guest);
    guest_await(&guest, end + 1);
    CU_ASSERT_EQUAL(
        ledger_read_account_at(context, guest.ledger, "a", &at, &account, &seq), LEDGER_OK);
    CU_ASSERT(account.balance == 70 && seq == end);
    CU_ASSERT_EQUAL(ledger_read_account(context, guest.ledger, "a", &account, &seq), LEDGER_OK);
    CU_ASSERT(account.balance == 69 && seq == end + 1);
    guest_end(&guest);
    ledger_close(&owner);
}

/* One value of what was committed meanwhile is altered: it is noticed, and nothing more is told. */
static void wrong_is_noticed(const char *strategy)
{
    static const char *const alterations[] = {
        "UPDATE teller.entry SET amount = amount + 1 WHERE seq = 7",
        "UPDATE teller.batch SET no = no + 1 WHERE last_seq = 7",
    };
    for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++) {
        const char *db = fixture_database();
        struct guest guest = {0};
        struct ledger_account account;
        char sql[300];
        uint64_t seq;
        struct ledger *owner = fixture_open_abc(db, strategy);
        guest_begin(&guest, db, strategy);
        CU_ASSERT_EQUAL(ledger_durable_seq(guest.ledger), 5);
        CU_ASSERT_EQUAL(fixture_move(owner, NULL, "a", "b", 1), LEDGER_OK);
        CU_ASSERT_EQUAL(fixture_move(owner, NULL, "a", "b", 1), LEDGER_OK);
        ledger_close(&owner);
        snprintf(sql, sizeof sql, "SET session_replication_role = replica; %s", alterations[i]);
        fixture_do(db, sql);
        guest_follow(&guest);
        for (int waited = 0; waited < 6000 && !atomic_load(&guest.wrong); waited++)
            co_sleep(10 * CO_CLOCK_MS);
        CU_ASSERT(guest.wrong);
        CU_ASSERT_PTR_NOT_NULL(strstr(guest.why, "seq 7"));
        CU_ASSERT_EQUAL(
            ledger_read_account(co_context_background(), guest.ledger, "a", &account, &seq),
            LEDGER_UNAVAILABLE);
        CU_ASSERT(ledger_is_over(guest.ledger));
        guest_end(&guest);
    }
}

/* ---- taking it ----------------------------------------------------------------------------- */

enum { PAYERS = 8, PAYMENTS = 30 };

struct payers {
    struct ledger *_Atomic ledger; /* NULL: nobody's */
    struct co_waitgroup all, inside;
    _Atomic unsigned started, done;
    _Atomic uint64_t seqs[PAYERS * PAYMENTS]; /* of each key that was answered */
};

/* Until it is answered for good: the same request, whoever has the ledger. */
static void pay(struct payers *p, unsigned number)
{
    enum ledger_status status = LEDGER_UNAVAILABLE;
    char key[24];
    snprintf(key, sizeof key, "pay-%u", number);
    while (status != LEDGER_OK) {
        struct ledger *ledger = atomic_load(&p->ledger);
        struct entry *entry = NULL;
        uint64_t seq;
        if (!ledger) {
            co_sleep(CO_CLOCK_MS);
            continue;
        }
        co_waitgroup_add(&p->inside, 1);
        if (atomic_load(&p->ledger) == ledger) {
            status = fixture_move(ledger, key, "world:USD.2", "a", 1);
            if (status == LEDGER_OK && ledger_entry_by_key(co_context_background(), ledger, key,
                                           &entry, &seq) == LEDGER_OK) {
                atomic_store(&p->seqs[number], entry->seq);
                entry_drop(&entry);
            }
        }
        co_waitgroup_done(&p->inside);
    }
    atomic_fetch_add(&p->done, 1);
}

static void payer_main(void *arg)
{
    struct payers *p = arg;
    unsigned first = atomic_fetch_add(&p->started, 1) * PAYMENTS;
    for (unsigned i = 0; i < PAYMENTS; i++)
        pay(p, first + i);
    co_waitgroup_done(&p->all);
}

static void taken_under_load(const char *strategy)
{
    static struct payers p;
    const char *db = fixture_database();
    struct guest guest = {0};
    char key[24];
    memset(&p, 0, sizeof p);
    struct ledger *owner = fixture_open_abc(db, strategy);
    guest_begin(&guest, db, strategy);
    guest_follow(&guest);
    atomic_store(&p.ledger, owner);
    co_waitgroup_add(&p.all, PAYERS);
    for (int i = 0; i < PAYERS; i++)
        co_ensure(co_spawn(payer_main, &p));
    while (atomic_load(&p.done) < PAYERS * PAYMENTS / 3)
        co_sleep(CO_CLOCK_MS);

    /* Whoever is inside gets an answer; then the guest takes it where it stands. */
    atomic_store(&p.ledger, NULL);
    co_waitgroup_wait(&p.inside);
    ledger_close(&owner);
    struct ledger *taken = guest_take(&guest);
    CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
    CU_ASSERT(fixture_heard(NOTICE_INFO, "followed"));
    atomic_store(&p.ledger, taken);
    co_waitgroup_wait(&p.all);

    CU_ASSERT(fixture_balance(taken, "a") == 100 + PAYERS * PAYMENTS);
    CU_ASSERT_STRING_EQUAL(
        fixture_ask(db, "SELECT count(*) || ' ' || count(DISTINCT key) FROM teller.entry"
                        " WHERE key LIKE 'pay-%'"),
        "240 240");
    for (unsigned i = 0; i < PAYERS * PAYMENTS; i++) {
        struct entry *entry = NULL;
        uint64_t seq;
        snprintf(key, sizeof key, "pay-%u", i);
        CU_ASSERT_EQUAL(
            ledger_entry_by_key(co_context_background(), taken, key, &entry, &seq), LEDGER_OK);
        CU_ASSERT(entry && entry->seq == atomic_load(&p.seqs[i]));
        entry_drop(&entry);
    }
    fixture_check(taken);
    ledger_close(&taken);
    guest_end(&guest);
    struct ledger *again = fixture_open(db, strategy);
    CU_ASSERT(fixture_balance(again, "a") == 100 + PAYERS * PAYMENTS);
    ledger_close(&again);
}

/* What is open, held, frozen and reversed is known to the one that takes it. */
static void takes_all_there_is(const char *strategy)
{
    static struct weather w;
    const char *db = fixture_database();
    struct guest guest = {0};
    struct ledger *owner = fixture_open(db, strategy);
    storm_prepare(owner);
    guest_begin(&guest, db, strategy);
    guest_follow(&guest);
    begin_weather(&w, owner, "one");
    while (!atomic_load(&w.over))
        co_sleep(5 * CO_CLOCK_MS);
    ledger_close(&owner);
    struct ledger *taken = guest_take(&guest);
    CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
    for (int i = 0; i < CLIENTS; i++) {
        w.storms[i].ledger = taken; /* its old keys, holds and transfers come again */
        for (int j = 0; j < REQUESTS / 4; j++)
            storm_request(&w.storms[i]);
    }
    fixture_check(taken);
    ledger_close(&taken);
    guest_end(&guest);
    struct ledger *again = fixture_open(db, strategy);
    fixture_check(again);
    ledger_close(&again);
}

/* Holds that were settled do not wait for their time for ever. */
static void settled_holds_leave(const char *strategy)
{
    enum { HOLDS = 10 };
    const char *db = fixture_database();
    struct guest guest = {0};
    uint64_t seq;
    struct ledger *owner = fixture_open_abc(db, strategy);
    guest_begin(&guest, db, strategy);
    guest_follow(&guest);
    for (int i = 0; i < HOLDS; i++) {
        const struct ledger_hold hold = {.from = "a", .to = "b", .amount = 1, .expires_in_s = 1};
        CU_ASSERT_EQUAL_FATAL(request_hold_as(owner, &hold, &seq), LEDGER_OK);
        CU_ASSERT_EQUAL(request_release(owner, NULL, seq), LEDGER_OK);
    }
    guest_await(&guest, ledger_durable_seq(owner));
    CU_ASSERT_EQUAL(hold_table_waiting(guest.ledger->holds), HOLDS);
    co_sleep(1100 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(fixture_move(owner, NULL, "a", "b", 1), LEDGER_OK);
    guest_await(&guest, ledger_durable_seq(owner));
    guest_pause(&guest);
    CU_ASSERT_EQUAL(hold_table_waiting(guest.ledger->holds), 0);
    guest_end(&guest);
    ledger_close(&owner);
}

#define TESTS(X)                                                                                   \
    X(same_at_each_position)                                                                       \
    X(read_amid_checkpoints)                                                                       \
    X(answers_what_it_knows)                                                                       \
    X(wrong_is_noticed)                                                                            \
    X(taken_under_load)                                                                            \
    X(takes_all_there_is)                                                                          \
    X(settled_holds_leave)
FIXTURE_BOTH(follow)
