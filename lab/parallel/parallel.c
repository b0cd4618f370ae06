/* SPDX-License-Identifier: MIT */
/*
 * Clients of strategies in memory are spawned by each worker for itself, which waits with them
 * until all workers have theirs. So all processors work on the same cells from the first operation
 * on, however short that is; left to themselves, idle workers would come to help too late.
 */
#include "lab/parallel/parallel.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/worker.h"
#include "lab/machine/cell_access.h"
#include "lab/parallel/latencies.h"
#include "lab/sql/sql_bench.h"

struct round {
    struct trial *trial;
    struct latencies *latencies;
    struct client *clients;
    _Atomic int workers_ready;
    _Atomic int64_t begun_ns, ended_ns; /* of the first client, of the last; 0: none has */
    int workers;
    bool prepared;
};

struct client {
    struct round *round;
    struct operation *op;
};

/* ---- a round --------------------------------------------------------------------------------- */

static void client_main(void *arg)
{
    const struct client *client = arg;
    struct round *round = client->round;
    int64_t begun_ns = co_clock_now_ns(), none = 0;
    atomic_compare_exchange_strong(&round->begun_ns, &none, begun_ns);
    trial_carry_out(round->trial, client->op);

    /* The last one leaves the latest time. */
    int64_t ended_ns = co_clock_now_ns(), last = atomic_load(&round->ended_ns);
    latencies_add(round->latencies, ended_ns - begun_ns);
    while (last < ended_ns && !atomic_compare_exchange_weak(&round->ended_ns, &last, ended_ns))
        continue;
    co_waitgroup_done(&round->trial->answered);
}

static void spawn_clients(struct round *round, int first, int step)
{
    for (int i = first; i < round->trial->clients; i += step) {
        round->clients[i] = (struct client){round, &round->trial->operations[i]};
        bool spawned = co_spawn(client_main, &round->clients[i]);
        co_ensure(spawned); /* there are far fewer than there can be coroutines */
    }
}

static void spawn_share(int index, void *arg)
{
    struct round *round = arg;
    spawn_clients(round, index, round->workers);
    atomic_fetch_add(&round->workers_ready, 1);
    while (atomic_load(&round->workers_ready) < round->workers)
        sched_yield();
}

static void round_main(void *arg)
{
    struct round *round = arg;
    struct trial *trial = round->trial;
    round->workers = co_worker_count();
    round->prepared = trial_prepare(trial);
    if (!round->prepared)
        return;
    trial->answered = (struct co_waitgroup){0};
    co_waitgroup_add(&trial->answered, trial->clients);
    co_worker_each(spawn_share, round);
    co_waitgroup_wait(&trial->answered);
    trial_stop(trial);
}

/* On a database the lanes are the bottleneck, and spread themselves. */
static bool round_on_bench(struct round *round)
{
    struct trial *trial = round->trial;
    round->workers = co_worker_count();
    round->prepared = trial_prepare(trial);
    if (!sql_bench_fill(trial->bench, trial))
        return false;
    trial->answered = (struct co_waitgroup){0};
    co_waitgroup_add(&trial->answered, trial->clients);
    spawn_clients(round, 0, 1);
    co_waitgroup_wait(&trial->answered);
    return sql_bench_read(trial->bench, trial);
}

/* ---- adding up ------------------------------------------------------------------------------- */

static void add_operations(struct parallel *parallel, const struct trial *trial)
{
    parallel->operations += (uint64_t)trial->clients;
    for (int i = 0; i < trial->clients; i++) {
        const struct operation *op = &trial->operations[i];
        if (!op->ended)
            parallel->stuck++;
        else if (op->done)
            parallel->succeeded++;
        else if (op->failed)
            parallel->failed++;
        else
            parallel->refused++;
    }
}

/* What is there, against what the operations that were carried out should have left. Of those that
 * are stuck nobody can tell. */
static void add_money(struct parallel *parallel, const struct trial *trial)
{
    int64_t more = 0;
    for (int i = 0; i < trial->cell_count; i++) {
        more += cell_value(&trial->cells[i]) - trial->cells[i].start;
        parallel->negative += trial->verdict.broken && cell_value(&trial->cells[i]) < 0;
        parallel->retries += atomic_load(&trial->cells[i].retried);
    }
    for (int i = 0; i < trial->clients; i++)
        for (int k = 0; trial->operations[i].done && k < trial->operations[i].count; k++)
            more -= trial->operations[i].change[k];
    if (more < 0)
        parallel->lost -= more;
    else
        parallel->made += more;
}

static void add_round(struct parallel *parallel, struct round *round)
{
    struct trial *trial = round->trial;
    trial_judge(trial);
    if (parallel->broken_rounds == 0)
        parallel->verdict = trial->verdict;
    parallel->rounds++;
    parallel->broken_rounds += trial->verdict.broken;
    parallel->deadlocks += trial->deadlocked;
    parallel->workers = round->workers;
    int64_t begun_ns = atomic_load(&round->begun_ns), ended_ns = atomic_load(&round->ended_ns);
    if (ended_ns > begun_ns)
        parallel->spent_ns += ended_ns - begun_ns;
    add_operations(parallel, trial);
    if (!trial->deadlocked)
        add_money(parallel, trial);
}

/* ---- all rounds ------------------------------------------------------------------------------ */

/* False: it could not be run. */
static bool run_round(struct parallel *parallel, struct round *round)
{
    struct trial *trial = round->trial;
    struct sql_bench *bench = trial->bench;
    trial->endless = trial->deadlocked = false;
    trial->leaked = 0;
    trace_begin(&trial->trace, false, trial->cells, 0);
    trace_end();
    atomic_store(&round->workers_ready, 0);
    atomic_store(&round->begun_ns, 0);
    atomic_store(&round->ended_ns, 0);
    if (!bench)
        (void)co_runtime_run(
            &(struct co_runtime_options){.deadlocked = &trial->deadlocked}, round_main, round);
    else if (!round_on_bench(round))
        return false;
    if (round->prepared)
        add_round(parallel, round);
    trial_clear(trial);
    return round->prepared && !(bench && bench->failed);
}

bool parallel_run(struct trial *trial, int64_t time_ns, struct parallel *parallel)
{
    struct round round = {.trial = trial};
    int64_t until_ns = co_clock_now_ns() + time_ns;
    bool good = true;
    memset(parallel, 0, sizeof *parallel);
    round.latencies = calloc(1, sizeof *round.latencies);
    round.clients = calloc((size_t)trial->clients, sizeof *round.clients);
    if (!round.latencies || !round.clients)
        good = false;
    while (good && (parallel->rounds == 0 || co_clock_now_ns() < until_ns) &&
           parallel->rounds < PARALLEL_ROUNDS_MAX &&
           (trial->bench || parallel->deadlocks < PARALLEL_DEADLOCKS_MAX))
        good = run_round(parallel, &round);

    /* What the database has counted. */
    if (good && trial->bench) {
        const struct sql_tally *tally = &((struct sql_bench *)trial->bench)->tally;
        parallel->deadlocks += atomic_load(&tally->deadlocks);
        parallel->retries += atomic_load(&tally->retries);
    }
    parallel->p99_ns = good ? latencies_permille(round.latencies, 990) : 0;
    free(round.latencies);
    free(round.clients);
    return good;
}
