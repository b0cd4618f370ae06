/* SPDX-License-Identifier: MIT */
/* No two sections that share an account run concurrently, whoever sends them, from wherever. */
#include "ledger/strategy/strategy.h"

#include <sched.h>
#include <stdio.h>

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
    struct waitgroup all;
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
    if (random_of(&v->random) % 4 == 0)
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
    int64_t end_ns = clock_now_ns() + 2 * CLOCK_MS;
    while (clock_now_ns() < end_ns)
        ;
}

static void visitor_main(void *arg)
{
    struct visitor *v = arg;
    compute_for_a_while();
    for (int i = 0; i < SECTIONS; i++) {
        v->everywhere = random_of(&v->random) % 20 == 0;
        v->count = 1 + random_of(&v->random) % NAMED;
        for (size_t n = 0; n < v->count; n++) /* the same one twice, too */
            v->named[n] = v->meeting->accounts[random_of(&v->random) % ACCOUNTS];
        strategy_run(v->meeting->strategy, v->everywhere ? NULL : v->named, v->count, section, v);
    }
    waitgroup_done(&v->meeting->all);
}

static void sections_exclude_each_other(const char *strategy)
{
    static struct meeting m;
    static struct visitor visitors[CLIENTS];
    struct account_table *table = account_table_make();
    m = (struct meeting){.strategy = strategy_make(strategy)};
    ensure(m.strategy && table);
    for (int i = 0; i < ACCOUNTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "a%d", i);
        m.accounts[i] = account_find_or_add(table, id);
        ensure(m.accounts[i] && account_number(table, m.accounts[i]));
    }
    waitgroup_add(&m.all, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        visitors[i] =
            (struct visitor){.meeting = &m, .number = i + 1, .random = unit_seed() + (unsigned)i};
        ensure(co_spawn(visitor_main, &visitors[i]));
    }
    waitgroup_wait(&m.all);
    CU_ASSERT_EQUAL(m.met, 0);
    CU_ASSERT_EQUAL(m.run, CLIENTS * SECTIONS);
    strategy_free(&m.strategy);
    account_table_free(&table);
}

#define TESTS(X) X(sections_exclude_each_other)
FIXTURE_BOTH(strategy)
