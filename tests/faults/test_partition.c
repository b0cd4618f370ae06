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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "ledger/lease/lease.h"
#include "tests/faults/side.h"
#include "tests/faults/trial.h"
#include "tests/service/checker.h"
#include "tests/service/visit.h"

enum { SIDES = 2, WITNESSES = 2 * SIDES, CLIENTS = 16, CLIENTS_LONG = 64, SHOWN = 10, TEXT = 300 };
enum { SECONDS = 15, SECONDS_AT_MOST = 120 }; /* of one trial; a longer time is several of them */
enum {
    /* A read that takes longer is a hang: of an account that nobody pays into, longer than the
     * lease, and what a busy machine may take besides. Of one that is paid into, the entry that it
     * waits for may be with a session that has died while the lease is good: 5 s until that is
     * given up, and 5 s for a new one. */
    BUSY_MS = 1500,
    HANG_MS = LEASE_MS + BUSY_MS,
    HANG_PENDING_MS = 10000 + BUSY_MS,
    ANSWER_S = 60,   /* and later than that nobody waits for it */
    PATIENCE_S = 90, /* for what must come about in the end, on a busy machine */
    PROGRESS = 50,
    HOT = 0,                     /* the account that witnesses pay into */
    UNTOUCHED = HISTORY_ACCOUNTS /* the one that nobody pays into */
};

struct partition {
    struct side sides[SIDES];
    struct workload workload;
    struct dice dice;
    struct history witnessed[WITNESSES];
    struct co_waitgroup witnesses;
    _Atomic size_t next_witness;
    _Atomic bool stop, failed;
    struct database database;
};

static struct partition partition;

/* --- the two sides ---------------------------------------------------------------------------- */

/* The side that serves now; a failure, and NULL, if none does for too long. */
static struct side *find_owner(void)
{
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (co_clock_now_ns() < until) {
        for (int i = 0; i < SIDES; i++) {
            struct side *side = &partition.sides[i];
            if (side->up && service_probe(&side->service, "/readyz") == 200)
                return side;
        }
        co_sleep(10 * CO_CLOCK_MS);
    }
    CU_FAIL("neither of the two serves");
    return NULL;
}

static struct side *other_than(const struct side *side)
{
    return &partition.sides[side == partition.sides];
}

/* --- witnesses -------------------------------------------------------------------------------- */

/* Whether a side runs without a break from the beginning to the end of a call. */
struct watch {
    unsigned times;
    bool was_up;
};

static struct watch watch_begin(struct side *side)
{
    return (struct watch){side->suspended_times, side->up && !side->suspended};
}

static bool watch_ran(const struct watch *watch, struct side *side)
{
    return watch->was_up && side->up && !side->suspended && watch->times == side->suspended_times;
}

static void note_longest(_Atomic int64_t *longest, int64_t took_ms)
{
    if (took_ms > *longest)
        *longest = took_ms;
}

/* A read that was sent to a side that ran all the while is answered, whatever it is. */
static bool read_as(struct side *side, struct api *api, struct history *history, uint8_t account)
{
    bool pending = account != UNTOUCHED;
    struct op *op = history_add(history);
    struct watch watch = watch_begin(side);
    *op = (struct op){.kind = OP_READ, .from = account};
    bool fine = history_send(api, op);
    int64_t took_ms = (op->returned_ns - op->invoked_ns) / CO_CLOCK_MS;
    if (watch_ran(&watch, side)) {
        note_longest(pending ? &side->longest_pending_ms : &side->longest_read_ms, took_ms);
        if (took_ms >= (pending ? HANG_PENDING_MS : HANG_MS)) {
            printf("\n    side %d left a read of account %u without an answer for %lld ms\n    ",
                (int)(side - partition.sides), account, (long long)took_ms);
            side->hangs++;
        }
    }
    side->unavailable += op->status == 503;
    if (op->outcome != OP_DONE)
        history->count--;
    return fine;
}

/* Pay into the hot account, with one key until the answer is final, by this side only. */
static bool write_as(struct side *side, struct api *api, struct op *op)
{
    for (;;) {
        struct watch watch = watch_begin(side);
        int64_t sent_ns = co_clock_now_ns();
        if (!history_send(api, op))
            return false;
        if (watch_ran(&watch, side))
            note_longest(&side->longest_write_ms, (co_clock_now_ns() - sent_ns) / CO_CLOCK_MS);
        side->unavailable += op->status == 503;
        if (op->outcome == OP_DONE) {
            side->acknowledged++;
            return true;
        }
        if (op->outcome == OP_ABSENT || partition.stop)
            return true;
        co_sleep(20 * CO_CLOCK_MS);
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
    struct api api = {client_make(&side->target, ANSWER_S * CO_CLOCK_S), "main"};
    co_ensure(api.client);
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
        co_sleep(10 * CO_CLOCK_MS);
    }
    client_free(&api.client);
    co_waitgroup_done(&partition.witnesses);
}

/* --- faults ----------------------------------------------------------------------------------- */

/* Each fault once, in an order that nobody could foresee, then again, on whoever serves, until the
 * time is over. After each of them it goes on. How many there were. */
static size_t strike_until(int64_t until)
{
    size_t order[SIDE_FAULTS], round = 0;
    for (size_t i = 0; i < SIDE_FAULTS; i++)
        order[i] = i;
    for (; co_clock_now_ns() < until && !partition.workload.failed && !partition.failed; round++) {
        if (round % SIDE_FAULTS == 0)
            for (size_t i = SIDE_FAULTS - 1; i > 0; i--) {
                size_t at = dice_below(&partition.dice, i + 1), was = order[i];
                order[i] = order[at];
                order[at] = was;
            }
        struct side *owner = find_owner();
        if (!owner)
            return round;
        const struct side_fault *fault = &side_faults[order[round % SIDE_FAULTS]];
        printf("%s%d %s", round ? ", " : "[", (int)(owner - partition.sides), fault->name);
        fflush(stdout);
        fault->strike(owner, &partition.dice);
        CU_ASSERT(workload_await(&partition.workload, PROGRESS, PATIENCE_S * CO_CLOCK_S));
    }
    printf("] ");
    return round;
}

/* --- the judgement ---------------------------------------------------------------------------- */

/* Whoever has not served yet serves when the other one stops. */
static void let_each_serve(void)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &partition.sides[i], *owner = NULL;
        int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
        while (side->acknowledged == 0 && co_clock_now_ns() < until) {
            if (!owner && (owner = find_owner()) == other_than(side))
                side_stop(owner);
            co_sleep(20 * CO_CLOCK_MS);
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

/* What the witnesses saw, of all trials with one strategy. */
static struct figures {
    size_t operations, acknowledged[SIDES], unavailable;
    uint64_t takeovers;
    int64_t read_ms, pending_ms, write_ms;
} figures;

static int64_t more_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Each time that a server takes the ledger its epoch rises. */
static void note_figures(struct side *owner)
{
    struct visit visit;
    int64_t epoch = 1;
    visit_begin(&visit, &owner->service);
    visit_get(&visit, "/v1/ledgers/main");
    CU_ASSERT(json_view_integer(json_view_member(visit.body, "epoch"), &epoch));
    visit_end(&visit);
    figures.takeovers += (uint64_t)epoch - 1;
    for (int i = 0; i < SIDES; i++) {
        const struct side *side = &partition.sides[i];
        figures.acknowledged[i] += side->acknowledged;
        figures.unavailable += side->unavailable;
        figures.read_ms = more_of(figures.read_ms, side->longest_read_ms);
        figures.pending_ms = more_of(figures.pending_ms, side->longest_pending_ms);
        figures.write_ms = more_of(figures.write_ms, side->longest_write_ms);
    }
}

static void print_figures(const char *strategy)
{
    printf("\n    %s: %zu operations, %llu takeovers; to witnesses %zu and %zu acknowledged, %zu "
           "times 503;\n    longest read %lld ms, of what was being written %lld ms, longest write "
           "%lld ms\n    ",
        strategy, figures.operations, (unsigned long long)figures.takeovers,
        figures.acknowledged[0], figures.acknowledged[1], figures.unavailable,
        (long long)figures.read_ms, (long long)figures.pending_ms, (long long)figures.write_ms);
}

/* What the clients and the witnesses were told is one history, and the journal agrees with it. */
static void verify(struct side *owner)
{
    struct workload *workload = &partition.workload;
    struct checker_figures checked = {0};
    struct visit visit;
    size_t count = workload->clients + WITNESSES;
    struct history *all = calloc(count, sizeof all[0]);
    co_ensure(all);
    memcpy(all, workload->histories, workload->clients * sizeof all[0]);
    memcpy(all + workload->clients, partition.witnessed, sizeof partition.witnessed);
    struct workload whole = {.service = &owner->service, .histories = all, .clients = count};
    CU_ASSERT(workload_settle(&whole, PATIENCE_S * CO_CLOCK_S));
    visit_begin(&visit, &owner->service);
    size_t problems = checker_run(&visit.api, all, count, SHOWN, &checked);
    visit_end(&visit);
    CU_ASSERT_EQUAL(problems, 0);
    CU_ASSERT_EQUAL(checked.unknown, 0);
    CU_ASSERT(checked.done > 0);
    trial_tally.violations += problems;
    size_t operations = checked.done + checked.refused + checked.reads + checked.absent;
    trial_tally.operations += operations;
    figures.operations += operations;
    free(all);
    co_blocking_call(run_audit, partition.database.url);
    printf("[%zu done, %zu refused, %zu read, %zu not executed] ", checked.done, checked.refused,
        checked.reads, checked.absent);
}

/* --- a trial ---------------------------------------------------------------------------------- */

static void begin(const char *strategy, unsigned long seed)
{
    struct side *sides = partition.sides;
    struct visit visit;
    memset(&partition, 0, sizeof partition);
    partition.dice = dice_make(seed, 12);
    database_make(&partition.database, "partition");
    for (int i = 0; i < SIDES; i++)
        side_make(&sides[i], strategy, i, &partition.database);
    side_start(&sides[0]);
    co_waitgroup_wait(&sides[0].starting);
    CU_ASSERT_FATAL(sides[0].up);
    side_share_token(&sides[0], &sides[1]);
    for (int i = 0; i < SIDES; i++)
        sides[i].target = sides[i].service.target;
    visit_begin(&visit, &sides[0].service);
    CU_ASSERT(visit_fund(&visit, "crash-16", 1));
    visit_end(&visit);
    CU_ASSERT_FATAL(workload_start_between(&partition.workload, &sides[0].service, &sides[1].target,
        trial_is_long() ? CLIENTS_LONG : CLIENTS, seed));
    side_start(&sides[1]);
    co_waitgroup_add(&partition.witnesses, WITNESSES);
    for (int i = 0; i < WITNESSES; i++)
        co_ensure(co_spawn(witness_main, NULL));
    CU_ASSERT(workload_await(&partition.workload, PROGRESS, PATIENCE_S * CO_CLOCK_S));
}

/* The one that serves stops first: the standby comes up then, and its start has an end. */
static void end(void)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *owner = find_owner();
        if (!owner)
            break;
        owner->up = false;
        CU_ASSERT_EQUAL(service_stop(&owner->service), 0);
        co_waitgroup_wait(&other_than(owner)->starting);
    }
    workload_free(&partition.workload);
    for (int i = 0; i < SIDES; i++) {
        co_waitgroup_wait(&partition.sides[i].starting);
        service_remove(&partition.sides[i].service);
        proxy_stop(&partition.sides[i].proxy);
    }
    for (int i = 0; i < WITNESSES; i++)
        history_free(&partition.witnessed[i]);
}

static void one_trial(const char *strategy, unsigned long seed, int64_t seconds)
{
    begin(strategy, seed);
    size_t struck = strike_until(co_clock_now_ns() + seconds * CO_CLOCK_S);
    for (int i = 0; i < SIDES && struck >= SIDE_FAULTS; i++)
        CU_ASSERT(partition.sides[i].acknowledged > 0); /* amid faults that end a server */
    let_each_serve();
    partition.stop = true;
    workload_stop(&partition.workload);
    co_waitgroup_wait(&partition.witnesses);
    CU_ASSERT_FALSE(partition.workload.failed);
    CU_ASSERT_FALSE(partition.failed);
    for (int i = 0; i < SIDES; i++)
        CU_ASSERT_EQUAL(partition.sides[i].hangs, 0);
    struct side *owner = find_owner();
    if (owner) {
        note_figures(owner);
        verify(owner);
    }
    end();
}

static void partitioned(const char *strategy)
{
    const char *text = getenv("PARTITION_SECONDS");
    int64_t seconds = text ? strtol(text, NULL, 10) : SECONDS;
    figures = (struct figures){0};
    for (unsigned long i = 0; seconds > 0; i++, seconds -= SECONDS_AT_MOST)
        one_trial(strategy, unit_seed() + i,
            seconds < SECONDS_AT_MOST ? seconds : (int64_t)SECONDS_AT_MOST);
    print_figures(strategy);
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
