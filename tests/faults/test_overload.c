/* SPDX-License-Identifier: MIT */
/*
 * Ten times as many requests as the program can do, on time whether it answers or not (open loop);
 * then half of what it can do. It must go on doing what it can, say no to the rest before that is
 * tried, keep its queue and its memory within bounds, and serve all again within ten seconds.
 *
 * What it can do is made small by a pause in each COMMIT and few requests in flight, so that the
 * clients can ask for ten times of it on the same machine.
 */
#include "tests/faults/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "tests/faults/trial.h"
#include "tests/service/visit.h"

enum { CLIENTS = 512, MAX_REQUESTS = 64, MEASURE_S = 2, TIMES = 10, RECOVERS_WITHIN_S = 10 };

static const char pause_in_commit[] = "commit.before=pause:80";
static const char *const few_requests[] = {"--max-requests", "64", NULL};

/* Requests are due one after the other, from now until then. */
struct stream {
    struct trial *trial;
    int64_t start_ns, end_ns, step_ns; /* step 0: whenever a client is free (closed loop) */
    _Atomic size_t sent, done, refused, unknown;
};

static size_t number; /* of a stream: it tells keys apart */

/* --- the clients ------------------------------------------------------------------------------ */

/* The next request's time has come; false: there is none any more. */
static bool await_due(struct stream *stream, size_t *ticket)
{
    *ticket = stream->sent++;
    int64_t now_ns = co_clock_now_ns();
    int64_t due_ns =
        stream->step_ns ? stream->start_ns + (int64_t)*ticket * stream->step_ns : now_ns;
    if (due_ns >= stream->end_ns || now_ns >= stream->end_ns)
        return false;
    if (due_ns > now_ns)
        co_sleep(due_ns - now_ns);
    return true;
}

static void one_client(size_t index, void *arg)
{
    struct stream *stream = arg;
    struct api api = {client_make(&stream->trial->service.target, 20 * CO_CLOCK_S), "main"};
    size_t ticket;
    co_ensure(api.client);
    while (await_due(stream, &ticket)) {
        struct op *op = history_add(&stream->trial->workload.histories[index]);
        op->kind = OP_DEPOSIT;
        op->to = (uint8_t)(ticket % HISTORY_ACCOUNTS);
        op->amount = 1;
        snprintf(op->key, sizeof op->key, "over-%zu-%zu", number, ticket);
        CU_ASSERT(history_send(&api, op));
        *(op->outcome == OP_DONE       ? &stream->done
            : op->outcome == OP_ABSENT ? &stream->refused
                                       : &stream->unknown) += 1;
        if (op->outcome == OP_ABSENT && stream->step_ns == 0)
            co_sleep(10 * CO_CLOCK_MS);
    }
    client_free(&api.client);
}

/* `rate` requests a second (0: closed loop) for `seconds`. */
static void run_stream(struct stream *stream, struct trial *trial, double rate, int seconds)
{
    number++;
    *stream = (struct stream){.trial = trial, .start_ns = co_clock_now_ns()};
    stream->end_ns = stream->start_ns + seconds * CO_CLOCK_S;
    stream->step_ns = rate > 0 ? (int64_t)((double)CO_CLOCK_S / rate) : 0;
    crew_run(CLIENTS, one_client, stream);
    CU_ASSERT_EQUAL(stream->unknown, 0);
}

/* --- the program meanwhile -------------------------------------------------------------------- */

struct watch {
    const struct service *service;
    _Atomic bool over;
    size_t memory_kib;       /* the most seen */
    long in_flight, pending; /* likewise */
    struct co_waitgroup running;
};

static void raise_to(const char *text, const char *name, long *most)
{
    const char *at = text ? strstr(text, name) : NULL;
    long value = at ? strtol(at + strlen(name), NULL, 10) : 0;
    *most = value > *most ? value : *most;
}

/* Its figures are told whatever else is refused: a request for them is outside of the limit, and
 * one of those in flight. */
static void watch_main(void *arg)
{
    struct watch *watch = arg;
    struct visit visit;
    visit_begin(&visit, watch->service);
    while (!watch->over) {
        size_t memory_kib = service_memory_kib(watch->service);
        watch->memory_kib = memory_kib > watch->memory_kib ? memory_kib : watch->memory_kib;
        visit_get(&visit, "/metrics");
        if (visit.response.status == 200) {
            raise_to(visit.response.body, "\nteller_requests_in_flight ", &watch->in_flight);
            raise_to(
                visit.response.body, "\nteller_pending_entries{ledger=\"main\"} ", &watch->pending);
        }
        co_sleep(20 * CO_CLOCK_MS);
    }
    visit_end(&visit);
    co_waitgroup_done(&watch->running);
}

/* --- too much, and then not ------------------------------------------------------------------- */

static double overload(struct trial *trial)
{
    struct stream able, flood;
    struct watch watch = {.service = &trial->service};
    int seconds = trial_is_long() ? 60 : 4;
    run_stream(&able, trial, 0, MEASURE_S);
    double capacity = (double)able.done / MEASURE_S;
    size_t memory_kib = service_memory_kib(&trial->service);
    co_waitgroup_add(&watch.running, 1);
    co_ensure(co_spawn(watch_main, &watch));
    run_stream(&flood, trial, capacity * TIMES, seconds);
    watch.over = true;
    co_waitgroup_wait(&watch.running);
    printf("[%.0f a second; of ten times as many %zu done, %zu refused; %ld in flight] ", capacity,
        flood.done, flood.refused, watch.in_flight);
    CU_ASSERT((double)flood.done > capacity * seconds / 2);
    CU_ASSERT((double)(flood.done + flood.refused) > capacity * seconds * TIMES / 2);
    CU_ASSERT(watch.in_flight > 0 && watch.in_flight <= MAX_REQUESTS + 1);
    CU_ASSERT(watch.pending <= MAX_REQUESTS);
    CU_ASSERT(watch.memory_kib < memory_kib + SERVICE_SLACK_KIB);
    return capacity;
}

/* A second in which nine in ten of what was asked for was done. */
static void recover(struct trial *trial, double capacity)
{
    struct stream calm;
    int second = 0;
    do
        run_stream(&calm, trial, capacity / 2, 1);
    while (++second < RECOVERS_WITHIN_S && calm.refused * 9 > calm.done);
    printf(
        "[of half as many %zu done, %zu refused in second %d] ", calm.done, calm.refused, second);
    CU_ASSERT(calm.done > 0 && calm.refused * 9 <= calm.done);
}

static void tenfold_by(const char *strategy)
{
    struct trial trial;
    trial_begin_with(&trial, strategy, few_requests, CLIENTS);
    workload_stop(&trial.workload); /* its accounts and histories are what is wanted */
    trial_kill(&trial);
    CU_ASSERT_FATAL(trial_restart(&trial, pause_in_commit));
    recover(&trial, overload(&trial));
    trial_verify(&trial);
    trial_end(&trial);
}

static void tenfold(void)
{
    tenfold_by(unit_seed() % 2 ? "owner" : "sharded");
    if (trial_is_long())
        tenfold_by(unit_seed() % 2 ? "sharded" : "owner");
}

const struct unit_suite overload_suite = {
    "overload", 2, (const struct unit_test[]){{"tenfold", tenfold}, {0}}};
