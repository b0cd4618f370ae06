/* SPDX-License-Identifier: MIT */
#include "tests/cluster/drill.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/cluster/tally.h"
#include "tests/service/checker.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"

enum {
    CLIENTS = 16,
    ROUND = 10,
    PAUSE_MS = 10, /* of each client: a round is to be judged in seconds */
    SHOWN = 10,
    PROGRESS = 100,
    PATIENCE_S = 90, /* for what must come about in the end */
    PULSE_S = 2,     /* that the pulse waits for one answer */
    PULSE_MS = 5,
    STANDING_S = 7200, /* that one may stand by in the long form */
};

int drill_round(int *left)
{
    int times = *left < ROUND ? *left : ROUND;
    *left -= times;
    return times;
}

/* --- the pulse -------------------------------------------------------------------------------- */

static void note_beat(struct drill *drill, const struct op *op, int64_t begun_ns)
{
    int64_t now_ns = co_clock_now_ns();
    int64_t since_ns = drill->acked_ns > drill->marked_ns ? drill->acked_ns : drill->marked_ns;
    if (op->outcome != OP_DONE)
        return;
    if (now_ns - since_ns > drill->longest_ns)
        drill->longest_ns = now_ns - since_ns;
    drill->acked_ns = now_ns;
    if (begun_ns > drill->beat_ns)
        drill->beat_ns = begun_ns;
}

/* One payment, always at the same teller: a hung one must not keep the other waiting. */
static void beat(
    struct drill *drill, struct api *api, struct history *history, struct key_source *keys)
{
    struct op *op = history_add(history);
    int64_t begun_ns = co_clock_now_ns();
    op->kind = OP_DEPOSIT;
    op->amount = 1;
    key_next(keys, op->key);
    while (op->outcome != OP_DONE && !drill->failed) {
        if (!history_send(api, op))
            drill->failed = true;
        if (op->outcome == OP_DONE)
            break;
        co_sleep(PULSE_MS * CO_CLOCK_MS);
        if (drill->stop)
            return;
    }
    note_beat(drill, op, begun_ns);
}

static void pulse_main(void *arg)
{
    struct drill *drill = arg;
    int number = drill->pulse_count++;
    struct key_source keys = key_source_make(unit_seed(), 2000 + (uint32_t)number);
    struct api api = {client_make(&drill->targets[number], PULSE_S * CO_CLOCK_S), "main"};
    co_ensure(api.client);
    while (!drill->stop && !drill->failed) {
        beat(drill, &api, &drill->pulses[number], &keys);
        co_sleep(PULSE_MS * CO_CLOCK_MS);
    }
    client_free(&api.client);
    co_waitgroup_done(&drill->beating);
}

void drill_mark(struct drill *drill)
{
    drill->marked_ns = co_clock_now_ns();
    drill->longest_ns = 0;
}

/* A payment that is begun from now on; the longest gap since the mark, in milliseconds. */
static int64_t await_beat(struct drill *drill)
{
    int64_t since_ns = co_clock_now_ns();
    int64_t until_ns = since_ns + PATIENCE_S * CO_CLOCK_S;
    while (drill->beat_ns < since_ns && !drill->failed && co_clock_now_ns() < until_ns)
        co_sleep(PULSE_MS * CO_CLOCK_MS);
    CU_ASSERT(drill->beat_ns >= since_ns);
    return drill->longest_ns / CO_CLOCK_MS;
}

int64_t drill_resumed(struct drill *drill, const char *what, int64_t bound_ms)
{
    int64_t gap_ms = await_beat(drill);
    tally_note(what, gap_ms, bound_ms);
    CU_ASSERT(gap_ms <= bound_ms + DRILL_BUSY_S * 1000);
    return gap_ms;
}

int64_t drill_unready(struct drill *drill)
{
    int64_t until_ns = drill->marked_ns + PATIENCE_S * CO_CLOCK_S;
    for (bool ready = true; ready && co_clock_now_ns() < until_ns;) {
        ready = false;
        for (int i = 0; i < DRILL_TELLERS; i++)
            ready |= service_probe(&drill->tellers[i].service, "/readyz") == 200;
        ready &= drill->beat_ns < drill->marked_ns || drill->longest_ns < CO_CLOCK_S;
        co_sleep(PULSE_MS * CO_CLOCK_MS);
    }
    return (co_clock_now_ns() - drill->marked_ns) / CO_CLOCK_MS;
}

/* --- the two tellers -------------------------------------------------------------------------- */

struct standby *drill_owner(struct drill *drill)
{
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (co_clock_now_ns() < until_ns) {
        for (int i = 0; i < DRILL_TELLERS; i++)
            if (drill->tellers[i].up && service_probe(&drill->tellers[i].service, "/readyz") == 200)
                return &drill->tellers[i];
        co_sleep(PULSE_MS * CO_CLOCK_MS);
    }
    CU_FAIL("no teller is ready");
    return NULL;
}

struct standby *drill_other(struct drill *drill, const struct standby *teller)
{
    return &drill->tellers[teller == drill->tellers];
}

/* One that has just woken may still take itself for the owner, beside the one that is. */
static bool is_prepared(const struct standby *teller, const struct standby *other)
{
    struct visit visit;
    visit_begin(&visit, &teller->service);
    visit_get(&visit, "/readyz");
    bool prepared = visit_is(&visit, "state", "\"following\"");
    if (!prepared && visit_is(&visit, "state", "\"running\""))
        prepared = service_probe(&other->service, "/readyz") != 200;
    visit_end(&visit);
    return prepared;
}

void drill_await_prepared(struct drill *drill, const struct standby *teller)
{
    const struct standby *other = drill_other(drill, teller);
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    bool prepared = false;
    while (
        !(prepared = is_prepared(teller, other)) && !teller->over && co_clock_now_ns() < until_ns)
        co_sleep(PULSE_MS * CO_CLOCK_MS);
    CU_ASSERT(prepared || teller->up);
}

static void finish_service(struct drill *drill, int number, bool require_sync)
{
    struct service *service = &drill->tellers[number].service;
    service->start_seconds = STANDING_S;
    if (require_sync)
        service->arguments[2] = "--require-sync";
}

void drill_begin(struct drill *drill, const char *const urls[DRILL_TELLERS], bool require_sync)
{
    struct standby *tellers = drill->tellers;
    memset(drill, 0, sizeof *drill);
    drill->strategy = unit_seed() % 2 ? "owner" : "sharded";
    drill->dice = dice_make(unit_seed(), 21);
    drill->urls[0] = urls[0];
    drill->urls[1] = urls[1];
    standby_prepare(&tellers[0].service, drill->strategy, urls[0]);
    finish_service(drill, 0, require_sync);
    standby_start(&tellers[0]);
    CU_ASSERT_FATAL(standby_await(&tellers[0]));
    standby_make(&tellers[1], &tellers[0].service, urls[1]);
    finish_service(drill, 1, require_sync);
    for (int i = 0; i < DRILL_TELLERS; i++)
        drill->targets[i] = tellers[i].service.target;
    CU_ASSERT_FATAL(workload_start_between(
        &drill->workload, &tellers[0].service, &drill->targets[1], CLIENTS, unit_seed()));
    drill->workload.pause_ns = PAUSE_MS * CO_CLOCK_MS;
    standby_start(&tellers[1]);
    co_waitgroup_add(&drill->beating, DRILL_TELLERS);
    for (int i = 0; i < DRILL_TELLERS; i++)
        co_ensure(co_spawn(pulse_main, drill));
    CU_ASSERT(workload_await(&drill->workload, PROGRESS, PATIENCE_S * CO_CLOCK_S));
    drill_await_prepared(drill, &tellers[1]);
    drill_mark(drill);
    (void)await_beat(drill);
}

void drill_begin_in_cluster(struct drill *drill)
{
    static char url[CLUSTER_URL];
    cluster_await_whole();
    cluster_make_database(url);
    drill_begin(drill, (const char *const[DRILL_TELLERS]){url, url}, true);
}

/* --- the judgement ---------------------------------------------------------------------------- */

static void compare(struct drill *drill, const struct service *owner)
{
    struct checker_figures checked = {0};
    struct visit visit;
    size_t clients = drill->workload.clients, count = clients;
    struct history *all = calloc(count + DRILL_TELLERS + STEADY_CLIENTS, sizeof all[0]);
    co_ensure(all);
    memcpy(all, drill->workload.histories, clients * sizeof all[0]);
    for (int i = 0; i < DRILL_TELLERS; i++)
        all[count++] = drill->pulses[i];
    for (int i = 0; drill->steady && i < STEADY_CLIENTS; i++)
        all[count++] = drill->steady->histories[i];
    struct workload whole = {.service = owner, .histories = all, .clients = count};
    CU_ASSERT(workload_settle(&whole, PATIENCE_S * CO_CLOCK_S));
    visit_begin(&visit, owner);
    size_t problems = checker_run(&visit.api, all, count, SHOWN, &checked);
    visit_end(&visit);
    CU_ASSERT_EQUAL(problems, 0);
    CU_ASSERT_EQUAL(checked.unknown, 0);
    CU_ASSERT(checked.done > 0);
    printf("[%zu done, %zu refused, %zu read, %zu not executed] ", checked.done, checked.refused,
        checked.reads, checked.absent);
    free(all);
    /* Whose journal it was, batch by batch: epochs never fall, and each batch has the hash of the
     * one before it. */
    CU_ASSERT(command_audits(drill->urls[0]));
    tally_judged(checked.done + checked.refused + checked.reads + checked.absent, problems);
}

static void stop_clients(struct drill *drill)
{
    drill->stop = true;
    co_waitgroup_wait(&drill->beating);
    workload_stop(&drill->workload);
}

void drill_verify(struct drill *drill)
{
    CU_ASSERT(workload_await(&drill->workload, PROGRESS, PATIENCE_S * CO_CLOCK_S));
    stop_clients(drill);
    CU_ASSERT_FALSE(drill->workload.failed);
    CU_ASSERT_FALSE(drill->failed);
    struct standby *owner = drill_owner(drill);
    if (owner)
        compare(drill, &owner->service);
}

/* Whoever stands by ends its start thereby. */
void drill_end(struct drill *drill)
{
    stop_clients(drill);
    for (int i = DRILL_TELLERS - 1; i >= 0; i--) {
        struct service *service = &drill->tellers[i].service;
        service->quiet = true;
        if (service->pid)
            kill(service->pid, SIGCONT), kill(service->pid, SIGTERM);
        co_waitgroup_wait(&drill->tellers[i].running);
        service_remove(service);
    }
    workload_free(&drill->workload);
    for (int i = 0; i < DRILL_TELLERS; i++)
        history_free(&drill->pulses[i]);
}
