/* SPDX-License-Identifier: MIT */
/* Seeded runs: programs with a planted fault, which some seed must find; and one whose trace must
 * be the same for the same seed. Whole suites are run under seeds with CORO_SEED=N. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/cond.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/sanitize.h"
#include "coro/schedule.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "tests/coro/suites.h"

/* --- planted faults --------------------------------------------------------------------------- */

static struct waitgroup group;
static int balance;

static void withdraw(void *arg)
{
    (void)arg;
    int seen = balance;
    schedule_point(); /* where a thread could lose its processor */
    balance = seen - 10;
    waitgroup_done(&group);
}

static void lost_update(void *arg)
{
    (void)arg;
    balance = 100;
    waitgroup_add(&group, 2);
    ensure(co_spawn(withdraw, NULL) && co_spawn(withdraw, NULL));
    waitgroup_wait(&group);
}

static bool update_was_lost(const struct schedule *schedule)
{
    (void)schedule;
    return balance != 80;
}

static struct mutex left, right;
static struct cond cond;
static bool ready;

/* Looks at the condition, and takes the mutex only then. */
static void wait_carelessly(void *arg)
{
    (void)arg;
    if (!ready) {
        mutex_lock(&left);
        cond_wait(&cond, &left);
        mutex_unlock(&left);
    }
    waitgroup_done(&group);
}

static void missed_wakeup(void *arg)
{
    (void)arg;
    cond = (struct cond){0};
    left = (struct mutex){0};
    ready = false;
    waitgroup_add(&group, 1);
    ensure(co_spawn(wait_carelessly, NULL));
    mutex_lock(&left);
    ready = true;
    cond_signal(&cond);
    mutex_unlock(&left);
    waitgroup_wait(&group);
}

static void lock_both(struct mutex *first, struct mutex *second)
{
    mutex_lock(first);
    mutex_lock(second);
    mutex_unlock(second);
    mutex_unlock(first);
    waitgroup_done(&group);
}

static void lock_left_first(void *arg)
{
    (void)arg;
    lock_both(&left, &right);
}

static void lock_right_first(void *arg)
{
    (void)arg;
    lock_both(&right, &left);
}

static void lock_order(void *arg)
{
    (void)arg;
    left = right = (struct mutex){0};
    waitgroup_add(&group, 2);
    ensure(co_spawn(lock_left_first, NULL) && co_spawn(lock_right_first, NULL));
    waitgroup_wait(&group);
}

static bool deadlocked(const struct schedule *schedule)
{
    return schedule->deadlocked;
}

static void count_correctly(void *arg)
{
    (void)arg;
    mutex_lock(&left);
    withdraw(NULL);
    mutex_unlock(&left);
}

static void no_fault(void *arg)
{
    (void)arg;
    left = (struct mutex){0};
    balance = 100;
    waitgroup_add(&group, 2);
    ensure(co_spawn(count_correctly, NULL) && co_spawn(count_correctly, NULL));
    waitgroup_wait(&group);
}

static bool any_fault(const struct schedule *schedule)
{
    return deadlocked(schedule) || update_was_lost(schedule);
}

enum { SEEDS_MOST = 1000 };

/* How many seeds it takes until the fault shows; SEEDS_MOST: it does not. */
static int seeds_until(void (*program)(void *arg),
    bool (*is_fault)(const struct schedule *schedule), enum schedule_strategy strategy, int depth)
{
    for (int seed = 1; seed < SEEDS_MOST; seed++) {
        struct schedule schedule = {.strategy = strategy,
            .seed = (uint64_t)seed,
            .depth = depth,
            .steps = 20,
            .quiet = true};
        group = (struct waitgroup){0};
        runtime_run(&(struct runtime_options){.schedule = &schedule}, program, NULL);
        if (is_fault(&schedule))
            return seed;
    }
    return SEEDS_MOST;
}

int seeds_planted(void)
{
    static const struct {
        const char *name;
        void (*program)(void *arg);
        bool (*is_fault)(const struct schedule *schedule);
    } faults[] = {
        {"lost-update", lost_update, update_was_lost},
        {"missed-wakeup", missed_wakeup, deadlocked},
        {"lock-order", lock_order, deadlocked},
        {"no-fault", no_fault, any_fault},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        printf("%s random %d\n", faults[i].name,
            seeds_until(faults[i].program, faults[i].is_fault, SCHEDULE_RANDOM, 0));
        for (int depth = 2; depth <= 3; depth++)
            printf("%s pct%d %d\n", faults[i].name, depth,
                seeds_until(faults[i].program, faults[i].is_fault, SCHEDULE_PCT, depth));
    }
    return 0;
}

/* --- the same seed, the same run -------------------------------------------------------------- */

static struct chan *numbers;

static void send_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        ensure(chan_send(numbers, &i) == CHAN_OK);
        co_sleep(i % 3 * CLOCK_US);
    }
    waitgroup_done(&group);
}

static void busy_program(void *arg)
{
    (void)arg;
    int item, sum = 0;
    group = (struct waitgroup){0};
    numbers = chan_make(sizeof(int), 2);
    struct select_case from_numbers = {.op = SELECT_RECV, .chan = numbers, .item = &item};
    waitgroup_add(&group, 4);
    for (int i = 0; i < 4; i++)
        ensure(co_spawn(send_some, NULL));
    for (int got = 0; got < 80;) /* a timeout can come first: time may pass at any point */
        if (select_timeout(&from_numbers, 1, CLOCK_MS) == 0) {
            sum += item;
            got++;
        }
    ensure(sum == 4 * 190);
    waitgroup_wait(&group);
    chan_free(&numbers);
    int64_t from = clock_now_ns();
    co_sleep(3600 * CLOCK_S); /* an hour of virtual time */
    ensure(clock_now_ns() - from >= 3600 * CLOCK_S);
}

static size_t traced(uint64_t seed, char *text, size_t size, struct schedule *schedule)
{
    int fd = memfd_create("trace", MFD_CLOEXEC);
    *schedule = (struct schedule){.seed = seed, .trace_fd = fd, .quiet = true};
    if (seed % 2)
        schedule->strategy = SCHEDULE_PCT;
    schedule->depth = 3;
    runtime_run(&(struct runtime_options){.schedule = schedule}, busy_program, NULL);
    ssize_t n = pread(fd, text, size, 0);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

int seeds_replay(void)
{
    static char once[256 * 1024], again[256 * 1024];
    uint64_t last_hash = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct schedule first, second;
        size_t n = traced(seed, once, sizeof once, &first);
        size_t m = traced(seed, again, sizeof again, &second);
        if (n == 0 || n != m || memcmp(once, again, n) != 0 || first.hash != second.hash)
            return 1;
        if (first.hash == last_hash) /* and another seed, another run */
            return 2;
        last_hash = first.hash;
    }
    return 0;
}

/* --- by a list of choices --------------------------------------------------------------------- */

static void run_busy(struct schedule *schedule)
{
    schedule->quiet = true;
    runtime_run(&(struct runtime_options){.schedule = schedule}, busy_program, NULL);
}

/* What a seed chose, as a list, goes the same way; and so does what that run noted of itself. */
int seeds_listed(void)
{
    enum { ROOM = 20000 };
    static struct schedule_choice list[ROOM], again[ROOM];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct schedule drawn = {.seed = seed, .switches = list, .switch_room = ROOM, .depth = 3};
        drawn.strategy = seed % 2 ? SCHEDULE_PCT : SCHEDULE_RANDOM;
        run_busy(&drawn);
        if (drawn.switch_count == 0 || drawn.switch_count > ROOM)
            return 1;
        struct schedule listed = {.strategy = SCHEDULE_REPLAY,
            .choices = list,
            .choice_count = drawn.switch_count,
            .switches = again,
            .switch_room = ROOM};
        run_busy(&listed);
        if (listed.hash != drawn.hash || listed.taken != drawn.taken)
            return 2;
        if (listed.switch_count != drawn.switch_count ||
            memcmp(list, again, drawn.switch_count * sizeof *list) != 0)
            return 3;
    }
    return 0;
}

/* --- what an observer sees -------------------------------------------------------------------- */

static struct {
    char text[2000];
    size_t length;
} seen;

static void see(const struct schedule_event *event, void *arg)
{
    static const char *const names[] = {[SCHEDULE_SPAWNED] = "spawned",
        [SCHEDULE_RUNS] = "runs",
        [SCHEDULE_PARKS] = "parks",
        [SCHEDULE_READIED] = "readied",
        [SCHEDULE_ENDED] = "ended",
        [SCHEDULE_LOCKED] = "locked",
        [SCHEDULE_UNLOCKED] = "unlocked",
        [SCHEDULE_SENT] = "sent",
        [SCHEDULE_RECEIVED] = "received"};
    (void)arg;
    sanitize_acquire(&seen); /* one after the other: there is one worker */
    int n = snprintf(seen.text + seen.length, sizeof seen.text - seen.length, "%u %s%s%s%s%s\n",
        event->co, names[event->kind], event->why ? " " : "", event->why ? event->why : "",
        event->at ? " at " : "", event->at ? event->at->name : "");
    seen.length += (size_t)n;
    sanitize_release(&seen);
}

static void lock_it(void *arg)
{
    schedule_mark("the lock");
    mutex_lock(&left);
    mutex_unlock(&left);
    ensure(chan_send(arg, NULL) == CHAN_OK);
}

static void watched_program(void *arg)
{
    (void)arg;
    left = (struct mutex){0};
    struct chan *done = chan_make(0, 0);
    ensure(done && co_spawn(lock_it, done));
    mutex_lock(&left);
    schedule_point(); /* the list makes the other one wait for the lock */
    mutex_unlock(&left);
    ensure(chan_recv(done, NULL) == CHAN_OK);
    chan_free(&done);
}

int seeds_observed(void)
{
    static const char expected[] = "0 spawned\n0 runs\n1 spawned\n0 runs\n0 runs\n0 locked\n"
                                   "1 runs\n1 runs at the lock\n1 parks mutex at the lock\n"
                                   "0 runs\n0 unlocked\n1 readied at the lock\n0 runs\n"
                                   "0 parks channel receive\n1 runs at the lock\n"
                                   "1 locked at the lock\n1 unlocked at the lock\n"
                                   "1 runs at the lock\n0 readied\n1 sent at the lock\n"
                                   "1 ended at the lock\n0 runs\n0 received\n0 ended\n";
    static const struct schedule_choice list[] = {{4, 1}};
    struct schedule schedule = {.strategy = SCHEDULE_REPLAY,
        .choices = list,
        .choice_count = 1,
        .observe = see,
        .quiet = true};
    runtime_run(&(struct runtime_options){.schedule = &schedule}, watched_program, NULL);
    if (strcmp(seen.text, expected) == 0)
        return 0;
    fputs(seen.text, stdout);
    return 1;
}

/* --- runs that do not end, and those whose coroutines are left -------------------------------- */

static bool never;

static void wait_busily(void *arg)
{
    (void)arg;
    while (!never)
        co_yield();
}

static void endless_program(void *arg)
{
    (void)arg;
    ensure(co_spawn(wait_busily, NULL));
    wait_busily(NULL);
}

static struct chan *abandoned;

static void wait_for_nobody(void *arg)
{
    (void)arg;
    if (chan_recv(abandoned, NULL) == CHAN_OK)
        never = true;
}

static void leaving_program(void *arg)
{
    (void)arg;
    abandoned = chan_make(0, 0);
    ensure(abandoned && co_spawn(wait_for_nobody, NULL));
    co_yield();
}

/* One that never ends is stopped at its limit; and whatever a run leaves behind, the next
 * begins as if there had been none. */
int seeds_stopped(void)
{
    uint64_t hash = 0;
    for (int i = 0; i < 100; i++) {
        struct schedule endless = {
            .strategy = SCHEDULE_REPLAY, .limit = 500, .quiet = true, .seed = 1};
        runtime_run(&(struct runtime_options){.schedule = &endless}, endless_program, NULL);
        if (!endless.endless || endless.taken != 500)
            return 1;
        struct schedule leaving = {.strategy = SCHEDULE_REPLAY, .quiet = true};
        if (runtime_run(&(struct runtime_options){.schedule = &leaving}, leaving_program, NULL) !=
            1)
            return 2;
        chan_free(&abandoned); /* nobody waits for it any more */
        struct schedule busy = {.seed = 7};
        run_busy(&busy);
        if (hash && busy.hash != hash)
            return 3;
        hash = busy.hash;
    }
    return 0;
}
