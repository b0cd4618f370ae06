/* SPDX-License-Identifier: MIT */
/* No two sections that share an account run concurrently, whoever sends them, from wherever. */
#include "ledger/strategy/strategy.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/random.h"
#include "coro/waitgroup.h"
#include "ledger/memory/account_table.h"
#include "tests/ledger/fixture.h"

enum { ACCOUNTS = 300, CLIENTS = 16, SECTIONS = 1000, NAMED = 4, LINGER = 100 };

struct meeting {
    struct strategy *strategy;
    struct account *accounts[ACCOUNTS];
    _Atomic int inside[ACCOUNTS]; /* which client's section is at the account; 0: none */
    _Atomic int met, run;
    struct co_waitgroup all;
};

struct visitor {
    struct meeting *meeting;
    int number; /* from 1 */
    uint64_t random;
    size_t count;
    struct account *named[NAMED];
    bool everywhere;
};

static size_t place(const struct visitor *v, size_t i)
{
    return v->everywhere ? i : v->named[i]->number - 1;
}

static void section(void *arg)
{
    struct visitor *v = arg;
    struct meeting *m = v->meeting;
    size_t count = v->everywhere ? ACCOUNTS : v->count;
    for (size_t i = 0; i < count; i++) {
        int other = atomic_exchange(&m->inside[place(v, i)], v->number);
        m->met += other != 0 && other != v->number;
    }
    if (co_random_of(&v->random) % 4 == 0)
        sched_yield(); /* so that the other worker gets here, were there but one processor */
    for (int i = 0; i < LINGER; i++)
        m->met += atomic_load(&m->inside[place(v, (size_t)i % count)]) != v->number;
    for (size_t i = 0; i < count; i++)
        atomic_store(&m->inside[place(v, i)], 0);
    m->run++;
}

/* Keep the worker for so long that the other one comes and takes those that have not begun. */
static void compute_for_a_while(void)
{
    int64_t end_ns = co_clock_now_ns() + 2 * CO_CLOCK_MS;
    while (co_clock_now_ns() < end_ns)
        ;
}

static void visitor_main(void *arg)
{
    struct visitor *v = arg;
    compute_for_a_while();
    for (int i = 0; i < SECTIONS; i++) {
        v->everywhere = co_random_of(&v->random) % 20 == 0;
        v->count = 1 + co_random_of(&v->random) % NAMED;
        for (size_t n = 0; n < v->count; n++) /* the same one twice, too */
            v->named[n] = v->meeting->accounts[co_random_of(&v->random) % ACCOUNTS];
        strategy_run(v->meeting->strategy, v->everywhere ? NULL : v->named, v->count, section, v);
    }
    co_waitgroup_done(&v->meeting->all);
}

static void make_accounts(struct account_table *table, struct account *accounts[ACCOUNTS])
{
    co_ensure(table != NULL);
    for (int i = 0; i < ACCOUNTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "a%d", i);
        accounts[i] = account_find_or_add(table, id);
        co_ensure(accounts[i] && account_number(table, accounts[i]));
    }
}

static void sections_exclude_each_other(const char *strategy)
{
    static struct meeting m;
    static struct visitor visitors[CLIENTS];
    struct account_table *table = account_table_make();
    m = (struct meeting){.strategy = strategy_make(strategy)};
    co_ensure(m.strategy);
    make_accounts(table, m.accounts);
    co_waitgroup_add(&m.all, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        visitors[i] =
            (struct visitor){.meeting = &m, .number = i + 1, .random = unit_seed() + (unsigned)i};
        co_ensure(co_spawn(visitor_main, &visitors[i]));
    }
    co_waitgroup_wait(&m.all);
    CU_ASSERT_EQUAL(m.met, 0);
    CU_ASSERT_EQUAL(m.run, CLIENTS * SECTIONS);
    strategy_free(&m.strategy);
    account_table_free(&table);
}

/* ---- which sections wait for each other ------------------------------------------------------ */

enum { SHARED = 256, SOON_S = 30 }; /* every 256th account has the same mutex */

/* A long section of the first account, and what others do meanwhile. */
struct long_section {
    struct strategy *strategy;
    struct account *accounts[ACCOUNTS];
    _Atomic int ran;           /* sections of the accounts 1 to 255 during the long one */
    _Atomic bool begun, ended; /* the long one */
    _Atomic bool entered;      /* that of account 256 */
    bool overtook;
    struct co_waitgroup all;
};

static void run_long(void *arg)
{
    struct long_section *s = arg;
    int64_t end_ns = co_clock_now_ns() + SOON_S * CO_CLOCK_S;
    s->begun = true;
    while (s->ran < SHARED - 1 && co_clock_now_ns() < end_ns)
        sched_yield();
    s->overtook = s->entered;
    s->ended = true;
}

static void run_short(void *arg)
{
    struct long_section *s = arg;
    s->ran += !s->ended;
}

static void run_shared(void *arg)
{
    struct long_section *s = arg;
    s->entered = true;
}

static void visit_others(void *arg)
{
    struct long_section *s = arg;
    for (int i = 1; i < SHARED; i++)
        strategy_run(s->strategy, &s->accounts[i], 1, run_short, s);
    co_waitgroup_done(&s->all);
}

static void visit_shared(void *arg)
{
    struct long_section *s = arg;
    while (!s->begun)
        co_yield();
    co_ensure(co_spawn(visit_others, s)); /* runs as soon as this one parks */
    strategy_run(s->strategy, &s->accounts[SHARED], 1, run_shared, s);
    co_waitgroup_done(&s->all);
}

/* The owner has one section at a time. Of mutexes the accounts have every one in turn, in the order
 * in which they were added; so runs that add them in the same order meet in the same places. */
static void a_section_keeps_out_every_256th_account(const char *strategy)
{
    static struct long_section s;
    struct account_table *table = account_table_make();
    bool owner = strcmp(strategy, "owner") == 0;
    s = (struct long_section){.strategy = strategy_make(strategy), .ran = owner ? SHARED : 0};
    co_ensure(s.strategy);
    make_accounts(table, s.accounts);
    co_waitgroup_add(&s.all, 2);
    co_ensure(co_spawn(visit_shared, &s));
    strategy_run(s.strategy, s.accounts, 1, run_long, &s);
    co_waitgroup_wait(&s.all);
    CU_ASSERT_FALSE(s.overtook);
    CU_ASSERT_TRUE(s.entered && s.ran >= SHARED - 1);
    strategy_free(&s.strategy);
    account_table_free(&table);
}

/* ---- what can be seen of those that wait ----------------------------------------------------- */

enum { QUEUED = 5, QUEUED_ELSEWHERE = 2, ELSEWHERE = 3 };

struct waiting {
    struct strategy *strategy;
    struct account *accounts[ACCOUNTS];
    _Atomic int begun; /* long sections */
    _Atomic bool may_end;
    struct co_waitgroup all;
};

static void run_until_told(void *arg)
{
    struct waiting *w = arg;
    w->begun++;
    while (!w->may_end)
        sched_yield();
}

static void run_nothing(void *arg)
{
    (void)arg;
}

static void visit_first(void *arg)
{
    struct waiting *w = arg;
    strategy_run(w->strategy, &w->accounts[0], 1, run_nothing, w);
    co_waitgroup_done(&w->all);
}

static void visit_elsewhere(void *arg)
{
    struct waiting *w = arg;
    strategy_run(w->strategy, (struct account *[]){w->accounts[0], w->accounts[ELSEWHERE]}, 2,
        run_nothing, w);
    co_waitgroup_done(&w->all);
}

/* On a worker of its own: what it sees is what all others show that wait. */
static void look(struct waiting *w, struct strategy_figures *figures)
{
    int64_t end_ns = co_clock_now_ns() + SOON_S * CO_CLOCK_S;
    do
        strategy_read_figures(w->strategy, figures);
    while (figures->waiting < QUEUED + QUEUED_ELSEWHERE && co_clock_now_ns() < end_ns);
}

static void look_and_end(void *arg)
{
    struct waiting *w = arg;
    struct strategy_figures figures;
    while (!w->begun)
        co_yield();
    for (int i = 0; i < QUEUED; i++)
        co_ensure(co_spawn_local(visit_first, w));
    for (int i = 0; i < QUEUED_ELSEWHERE; i++)
        co_ensure(co_spawn_local(visit_elsewhere, w));
    co_sleep(CO_CLOCK_MS); /* until they have begun, and wait */
    look(w, &figures);
    CU_ASSERT_EQUAL(figures.waiting, QUEUED + QUEUED_ELSEWHERE);
    bool owner = figures.capacity > 0;
    CU_ASSERT_EQUAL(figures.places, owner ? 0U : 256U);
    CU_ASSERT_EQUAL(figures.held, owner ? 0U : 1U);
    CU_ASSERT_EQUAL(figures.busiest_count, owner ? 0U : 1U);
    if (!owner) {
        CU_ASSERT_EQUAL(figures.busiest[0].place, w->accounts[0]->place % 256);
        CU_ASSERT_EQUAL(figures.busiest[0].waiting, QUEUED + QUEUED_ELSEWHERE);
    }
    w->may_end = true;
    co_waitgroup_done(&w->all);
}

static void waiting_sections_are_counted(const char *strategy)
{
    static struct waiting w;
    struct strategy_figures figures;
    struct account_table *table = account_table_make();
    w = (struct waiting){.strategy = strategy_make(strategy)};
    co_ensure(w.strategy);
    make_accounts(table, w.accounts);
    co_waitgroup_add(&w.all, 1 + QUEUED + QUEUED_ELSEWHERE);
    co_ensure(co_spawn(look_and_end, &w));
    strategy_run(w.strategy, w.accounts, 1, run_until_told, &w);
    co_waitgroup_wait(&w.all);
    strategy_read_figures(w.strategy, &figures);
    CU_ASSERT_EQUAL(figures.waiting, 0);
    CU_ASSERT_EQUAL(figures.held, 0);
    CU_ASSERT_TRUE(strlen(w.strategy->kind->how) > 0);
    strategy_free(&w.strategy);
    account_table_free(&table);
}

#define TESTS(X)                                                                                   \
    X(sections_exclude_each_other)                                                                 \
    X(a_section_keeps_out_every_256th_account) X(waiting_sections_are_counted)
FIXTURE_BOTH(strategy)
