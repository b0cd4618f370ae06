/* SPDX-License-Identifier: MIT */
/*
 * Two programs on one database, each with a link of its own to it, while the links are cut, swallow
 * or crawl, and the programs are suspended, killed or stopped: whoever of the two serves, nothing
 * that was acknowledged is lost or done twice, and no answer is older than what was known before.
 *
 * Beside the clients of the workload, which go from one to the other, each side has witnesses of
 * its own that never ask the other one. What they are told goes into the same judgement.
 */
#include "tests/faults/suites.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/faults/proxy.h"
#include "tests/faults/trial.h"
#include "tests/service/checker.h"
#include "tests/service/visit.h"

enum { SIDES = 2, WITNESSES = 2 * SIDES, CLIENTS = 16, CLIENTS_LONG = 64, SHOWN = 10, TEXT = 300 };
enum { SECONDS = 25, SECONDS_AT_MOST = 120 }; /* of one trial; a longer time is several of them */
enum {
    /* An answer that takes longer is a hang. From memory it comes within lease and takeover, 4.5 s;
     * a read of the database over a link that swallows everything is given up after 10 s. */
    HANG_S = 13,
    PATIENCE_S = 90, /* for what must come about in the end, on a busy machine */
    FAULT_MS = 6000, /* the longest time that a link is down or a program suspended */
    PROGRESS = 50,
    PACE = 100000,
    HOT = 0,                     /* the account that witnesses pay into */
    UNTOUCHED = HISTORY_ACCOUNTS /* the one that nobody pays into */
};

struct side {
    struct service service;
    struct proxy proxy;
    struct target target; /* the service's: there before that has been up */
    char url[TEXT];
    _Atomic bool up;        /* it listens, whether it serves or stands by */
    _Atomic bool suspended; /* or about to be ended: what is asked may stay unanswered */
    _Atomic unsigned suspended_times;
    _Atomic size_t acknowledged; /* writes, by this very side */
    _Atomic size_t hangs;
    struct waitgroup starting;
};

struct partition {
    struct side sides[SIDES];
    struct workload workload;
    struct dice dice;
    struct history witnessed[WITNESSES];
    struct waitgroup witnesses;
    _Atomic size_t next_witness;
    _Atomic bool stop, failed;
    char url[TEXT], name[20], folder[100]; /* of the database, without a proxy */
};

static struct partition partition;

static void run_command(void *arg)
{
    const char *command = arg;
    CU_ASSERT_EQUAL(system(command), 0);
}

/* --- the two sides ---------------------------------------------------------------------------- */

static void start_main(void *arg)
{
    struct side *side = arg;
    side->up = service_run(&side->service);
    CU_ASSERT(side->up);
    side->suspended = false;
    waitgroup_done(&side->starting);
}

/* It comes up beside the test: while the other one serves, not before that ends or is fenced. */
static void start(struct side *side)
{
    waitgroup_add(&side->starting, 1);
    ensure(co_spawn(start_main, side));
}

static void make_side(struct side *side, const char *strategy, int number)
{
    memset(side, 0, sizeof *side);
    CU_ASSERT_FATAL(proxy_start(&side->proxy, partition.folder));
    snprintf(side->url, sizeof side->url,
        "host=127.0.0.1 port=%d user=tester dbname=%s application_name=side%d sslmode=disable "
        "gssencmode=disable",
        side->proxy.port, partition.name, number);
    side->service = (struct service){.strategy = strategy,
        .start_seconds = 3600, /* who stands by from its start comes up when it serves */
        .arguments = {"--database", side->url, NULL}};
    service_reserve(&side->service);
    snprintf(side->service.folder, sizeof side->service.folder, "/tmp/teller-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(side->service.folder));
}

/* One database has one token; the second side reads it in its own folder. */
static void share_token(const struct side *first, struct side *second)
{
    char path[200];
    struct service *service = &second->service;
    snprintf(path, sizeof path, "%s/admin.token", service->folder);
    FILE *file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_FATAL(fprintf(file, "%s\n", first->service.target.token) > 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    snprintf(service->url, sizeof service->url, "http://127.0.0.1:%d", service->port);
    ensure(target_make(service->url, first->service.target.token, &service->target) == NULL);
}

static void make_database(void)
{
    static unsigned databases;
    const char *given = getenv("TEST_DATABASE");
    const char *host = given ? strstr(given, "host=") : NULL;
    char command[TEXT];
    if (!host)
        printf("\n    run it by tools/with-postgres: it needs a cluster in TEST_DATABASE\n    ");
    CU_ASSERT_FATAL(host != NULL);
    snprintf(
        partition.folder, sizeof partition.folder, "%.*s", (int)strcspn(host + 5, " "), host + 5);
    snprintf(partition.name, sizeof partition.name, "partition%u", ++databases);
    snprintf(partition.url, sizeof partition.url, "host=%s user=tester dbname=%s", partition.folder,
        partition.name);
    snprintf(command, sizeof command, "psql -qXc 'CREATE DATABASE %s' '%s'", partition.name, given);
    blocking_call(run_command, command);
}

/* The side that serves now; a failure, and NULL, if none does for too long. */
static struct side *find_owner(void)
{
    int64_t until = clock_now_ns() + PATIENCE_S * CLOCK_S;
    while (clock_now_ns() < until) {
        for (int i = 0; i < SIDES; i++) {
            struct side *side = &partition.sides[i];
            if (side->up && service_probe(&side->service, "/readyz") == 200)
                return side;
        }
        co_sleep(10 * CLOCK_MS);
    }
    CU_FAIL("neither of the two serves");
    return NULL;
}

static struct side *other_than(const struct side *side)
{
    return &partition.sides[side == partition.sides];
}

/* --- witnesses -------------------------------------------------------------------------------- */

/* A read that was sent to a side that ran all the while is answered, whatever it is. */
static bool read_as(struct side *side, struct api *api, struct history *history, uint8_t account)
{
    struct op *op = history_add(history);
    unsigned times = side->suspended_times;
    bool was_up = side->up && !side->suspended;
    *op = (struct op){.kind = OP_READ, .from = account};
    bool fine = history_send(api, op);
    int64_t took_ms = (op->returned_ns - op->invoked_ns) / CLOCK_MS;
    bool hung = took_ms >= HANG_S * 1000;
    if (hung && was_up && side->up && !side->suspended && times == side->suspended_times) {
        printf("\n    side %d left a read of account %u without an answer for %lld ms\n    ",
            (int)(side - partition.sides), account, (long long)took_ms);
        side->hangs++;
    }
    if (op->outcome != OP_DONE)
        history->count--;
    return fine;
}

/* Pay into the hot account, with one key until the answer is final, by this side only. */
static bool write_as(struct side *side, struct api *api, struct op *op)
{
    for (;;) {
        if (!history_send(api, op))
            return false;
        if (op->outcome == OP_DONE) {
            side->acknowledged++;
            return true;
        }
        if (op->outcome == OP_ABSENT || partition.stop)
            return true;
        co_sleep(20 * CLOCK_MS);
    }
}

/* One of a side's two: the first only reads, so that no write delays it; the other writes, too. */
static void witness_main(void *arg)
{
    (void)arg;
    size_t number = partition.next_witness++;
    struct side *side = &partition.sides[number % SIDES];
    struct history *history = &partition.witnessed[number];
    struct key_source keys = key_source_make(unit_seed(), 1000 + (uint32_t)number);
    struct api api = {client_make(&side->target, 3 * HANG_S * CLOCK_S), "main"};
    ensure(api.client);
    while (!partition.stop && !partition.failed) {
        bool fine = read_as(side, &api, history, number < SIDES ? UNTOUCHED : HOT);
        if (fine && number >= SIDES) {
            struct op *op = history_add(history);
            op->kind = OP_DEPOSIT;
            op->to = HOT;
            op->amount = 1;
            key_next(&keys, op->key);
            fine = write_as(side, &api, op);
        }
        if (!fine)
            partition.failed = true;
        co_sleep(10 * CLOCK_MS);
    }
    client_free(&api.client);
    waitgroup_done(&partition.witnesses);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void pause_while(void)
{
    co_sleep((int64_t)(200 + dice_below(&partition.dice, FAULT_MS)) * CLOCK_MS);
}

static void cut_link(struct side *side)
{
    side->proxy.is_cut = true;
    pause_while();
    side->proxy.is_cut = false;
    trial_tally.cuts++;
}

static void swallow(struct side *side)
{
    side->proxy.swallows = true;
    pause_while();
    side->proxy.swallows = false;
    trial_tally.cuts++;
}

static void crawl(struct side *side)
{
    side->proxy.pace = PACE;
    pause_while();
    side->proxy.pace = 0;
}

static void suspend(struct side *side)
{
    side->suspended = true;
    side->suspended_times++;
    kill(side->service.pid, SIGSTOP);
    pause_while();
    kill(side->service.pid, SIGCONT);
    side->suspended = false;
}

static void kill_it(struct side *side)
{
    side->suspended = true;
    side->suspended_times++;
    side->up = false;
    service_kill(&side->service);
    trial_tally.kills++;
    co_sleep((int64_t)dice_below(&partition.dice, FAULT_MS) * CLOCK_MS);
    start(side);
}

static void stop_it(struct side *side)
{
    side->suspended = true;
    side->suspended_times++;
    side->up = false;
    CU_ASSERT_EQUAL(service_stop(&side->service), 0);
    start(side);
}

static void terminate_sessions(struct side *side)
{
    char command[2 * TEXT + 200];
    snprintf(command, sizeof command,
        "psql -qtAXc \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = '%s' AND application_name = 'side%d'\" '%s' | grep -q t",
        partition.name, (int)(side - partition.sides), partition.url);
    blocking_call(run_command, command);
    trial_tally.cuts++;
}

static const struct fault {
    const char *name;
    void (*strike)(struct side *side);
} faults[] = {{"cut", cut_link}, {"swallowed", swallow}, {"slow", crawl}, {"suspended", suspend},
    {"killed", kill_it}, {"sessions ended", terminate_sessions}, {"stopped", stop_it}};
enum { FAULTS = sizeof faults / sizeof faults[0] };

/* Each fault once, in an order that nobody could foresee, then again, on whoever serves, until the
 * time is over. After each of them it goes on. */
static void strike_until(int64_t until)
{
    size_t order[FAULTS], round = 0;
    for (size_t i = 0; i < FAULTS; i++)
        order[i] = i;
    for (; clock_now_ns() < until && !partition.workload.failed && !partition.failed; round++) {
        if (round % FAULTS == 0)
            for (size_t i = FAULTS - 1; i > 0; i--) {
                size_t at = dice_below(&partition.dice, i + 1), was = order[i];
                order[i] = order[at];
                order[at] = was;
            }
        struct side *owner = find_owner();
        if (!owner)
            return;
        const struct fault *fault = &faults[order[round % FAULTS]];
        printf("%s%d %s", round ? ", " : "[", (int)(owner - partition.sides), fault->name);
        fflush(stdout);
        fault->strike(owner);
        CU_ASSERT(workload_await(&partition.workload, PROGRESS, PATIENCE_S * CLOCK_S));
    }
    printf("] ");
}

/* --- the judgement ---------------------------------------------------------------------------- */

/* Whoever has not served yet serves when the other one stops. */
static void let_each_serve(void)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &partition.sides[i], *owner = NULL;
        int64_t until = clock_now_ns() + PATIENCE_S * CLOCK_S;
        while (side->acknowledged == 0 && clock_now_ns() < until) {
            if (!owner && (owner = find_owner()) == other_than(side))
                stop_it(owner);
            co_sleep(20 * CLOCK_MS);
        }
        CU_ASSERT(side->acknowledged > 0);
    }
}

static void run_audit(void *url)
{
    char command[2 * TEXT + SERVICE_PROGRAM], program[SERVICE_PROGRAM];
    service_program(program);
    snprintf(command, sizeof command, "'%s' audit --database '%s' >/dev/null", program,
        (const char *)url);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* What the clients and the witnesses were told is one history, and the journal agrees with it. */
static void verify(struct side *owner)
{
    struct workload *workload = &partition.workload;
    struct checker_figures figures = {0};
    struct visit visit;
    size_t count = workload->clients + WITNESSES;
    struct history *all = calloc(count, sizeof all[0]);
    ensure(all);
    memcpy(all, workload->histories, workload->clients * sizeof all[0]);
    memcpy(all + workload->clients, partition.witnessed, sizeof partition.witnessed);
    struct workload whole = {.service = &owner->service, .histories = all, .clients = count};
    CU_ASSERT(workload_settle(&whole, PATIENCE_S * CLOCK_S));
    visit_begin(&visit, &owner->service);
    size_t problems = checker_run(&visit.api, all, count, SHOWN, &figures);
    visit_end(&visit);
    CU_ASSERT_EQUAL(problems, 0);
    CU_ASSERT_EQUAL(figures.unknown, 0);
    CU_ASSERT(figures.done > 0);
    trial_tally.violations += problems;
    trial_tally.operations += figures.done + figures.refused + figures.reads + figures.absent;
    free(all);
    blocking_call(run_audit, partition.url);
    printf("[%zu done, %zu refused, %zu read, %zu not executed] ", figures.done, figures.refused,
        figures.reads, figures.absent);
}

/* --- a trial ---------------------------------------------------------------------------------- */

static void begin(const char *strategy, unsigned long seed)
{
    struct side *sides = partition.sides;
    struct visit visit;
    memset(&partition, 0, sizeof partition);
    partition.dice = dice_make(seed, 12);
    make_database();
    for (int i = 0; i < SIDES; i++)
        make_side(&sides[i], strategy, i);
    start(&sides[0]);
    waitgroup_wait(&sides[0].starting);
    CU_ASSERT_FATAL(sides[0].up);
    share_token(&sides[0], &sides[1]);
    for (int i = 0; i < SIDES; i++)
        sides[i].target = sides[i].service.target;
    visit_begin(&visit, &sides[0].service);
    CU_ASSERT(visit_fund(&visit, "crash-16", 1));
    visit_end(&visit);
    CU_ASSERT_FATAL(workload_start_between(&partition.workload, &sides[0].service, &sides[1].target,
        trial_is_long() ? CLIENTS_LONG : CLIENTS, seed));
    start(&sides[1]);
    waitgroup_add(&partition.witnesses, WITNESSES);
    for (int i = 0; i < WITNESSES; i++)
        ensure(co_spawn(witness_main, NULL));
    CU_ASSERT(workload_await(&partition.workload, PROGRESS, PATIENCE_S * CLOCK_S));
}

/* Who serves stops first: who stood by from its start comes up then, and its start has an end. */
static void end(void)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *owner = find_owner();
        if (!owner)
            break;
        owner->up = false;
        CU_ASSERT_EQUAL(service_stop(&owner->service), 0);
        waitgroup_wait(&other_than(owner)->starting);
    }
    workload_free(&partition.workload);
    for (int i = 0; i < SIDES; i++) {
        waitgroup_wait(&partition.sides[i].starting);
        service_remove(&partition.sides[i].service);
        proxy_stop(&partition.sides[i].proxy);
    }
    for (int i = 0; i < WITNESSES; i++)
        history_free(&partition.witnessed[i]);
}

static void one_trial(const char *strategy, unsigned long seed, int64_t seconds)
{
    begin(strategy, seed);
    strike_until(clock_now_ns() + seconds * CLOCK_S);
    let_each_serve();
    partition.stop = true;
    workload_stop(&partition.workload);
    waitgroup_wait(&partition.witnesses);
    CU_ASSERT_FALSE(partition.workload.failed);
    CU_ASSERT_FALSE(partition.failed);
    for (int i = 0; i < SIDES; i++)
        CU_ASSERT_EQUAL(partition.sides[i].hangs, 0);
    printf("[%zu and %zu acknowledged to witnesses] ", partition.sides[0].acknowledged,
        partition.sides[1].acknowledged);
    struct side *owner = find_owner();
    if (owner)
        verify(owner);
    end();
}

static void partitioned(const char *strategy)
{
    const char *text = getenv("PARTITION_SECONDS");
    int64_t seconds = text ? strtol(text, NULL, 10) : SECONDS;
    for (unsigned long i = 0; seconds > 0; i++, seconds -= SECONDS_AT_MOST)
        one_trial(strategy, unit_seed() + i,
            seconds < SECONDS_AT_MOST ? seconds : (int64_t)SECONDS_AT_MOST);
}

static void owner(void)
{
    partitioned("owner");
}

static void sharded(void)
{
    partitioned("sharded");
}

const struct unit_suite partition_suite = {
    "partition", 2, (const struct unit_test[]){{"owner", owner}, {"sharded", sharded}, {0}}};
