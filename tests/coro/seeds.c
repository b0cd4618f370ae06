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

static struct co_waitgroup group;
static int balance;

static void withdraw(void *arg)
{
    (void)arg;
    int seen = balance;
    co_schedule_point(); /* where a thread could lose its processor */
    balance = seen - 10;
    co_waitgroup_done(&group);
}

static void lost_update(void *arg)
{
    (void)arg;
    balance = 100;
    co_waitgroup_add(&group, 2);
    co_ensure(co_spawn(withdraw, NULL) && co_spawn(withdraw, NULL));
    co_waitgroup_wait(&group);
}

static bool update_was_lost(const struct co_schedule *schedule)
{
    (void)schedule;
    return balance != 80;
}

static struct co_mutex left, right;
static struct co_cond cond;
static bool ready;

/* Looks at the condition, and takes the mutex only then. */
static void wait_carelessly(void *arg)
{
    (void)arg;
    if (!ready) {
        co_mutex_lock(&left);
        co_cond_wait(&cond, &left);
        co_mutex_unlock(&left);
    }
    co_waitgroup_done(&group);
}

static void missed_wakeup(void *arg)
{
    (void)arg;
    cond = (struct co_cond){0};
    left = (struct co_mutex){0};
    ready = false;
    co_waitgroup_add(&group, 1);
    co_ensure(co_spawn(wait_carelessly, NULL));
    co_mutex_lock(&left);
    ready = true;
    co_cond_signal(&cond);
    co_mutex_unlock(&left);
    co_waitgroup_wait(&group);
}

static void lock_both(struct co_mutex *first, struct co_mutex *second)
{
    co_mutex_lock(first);
    co_mutex_lock(second);
    co_mutex_unlock(second);
    co_mutex_unlock(first);
    co_waitgroup_done(&group);
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
    left = right = (struct co_mutex){0};
    co_waitgroup_add(&group, 2);
    co_ensure(co_spawn(lock_left_first, NULL) && co_spawn(lock_right_first, NULL));
    co_waitgroup_wait(&group);
}

static bool deadlocked(const struct co_schedule *schedule)
{
    return schedule->deadlocked;
}

static void count_correctly(void *arg)
{
    (void)arg;
    co_mutex_lock(&left);
    withdraw(NULL);
    co_mutex_unlock(&left);
}

static void no_fault(void *arg)
{
    (void)arg;
    left = (struct co_mutex){0};
    balance = 100;
    co_waitgroup_add(&group, 2);
    co_ensure(co_spawn(count_correctly, NULL) && co_spawn(count_correctly, NULL));
    co_waitgroup_wait(&group);
}

static bool any_fault(const struct co_schedule *schedule)
{
    return deadlocked(schedule) || update_was_lost(schedule);
}

enum { SEEDS_MOST = 1000 };

/* How many seeds it takes until the fault shows; SEEDS_MOST: it does not. */
static int seeds_until(void (*program)(void *arg),
    bool (*is_fault)(const struct co_schedule *schedule), enum co_schedule_strategy strategy,
    int depth)
{
    for (int seed = 1; seed < SEEDS_MOST; seed++) {
        struct co_schedule schedule = {.strategy = strategy,
            .seed = (uint64_t)seed,
            .depth = depth,
            .steps = 20,
            .quiet = true};
        group = (struct co_waitgroup){0};
        co_runtime_run(&(struct co_runtime_options){.schedule = &schedule}, program, NULL);
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
        bool (*is_fault)(const struct co_schedule *schedule);
    } faults[] = {
        {"lost-update", lost_update, update_was_lost},
        {"missed-wakeup", missed_wakeup, deadlocked},
        {"lock-order", lock_order, deadlocked},
        {"no-fault", no_fault, any_fault},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        printf("%s random %d\n", faults[i].name,
            seeds_until(faults[i].program, faults[i].is_fault, CO_SCHEDULE_RANDOM, 0));
        for (int depth = 2; depth <= 3; depth++)
            printf("%s pct%d %d\n", faults[i].name, depth,
                seeds_until(faults[i].program, faults[i].is_fault, CO_SCHEDULE_PCT, depth));
    }
    return 0;
}

/* --- the same seed, the same run -------------------------------------------------------------- */

static struct co_chan *numbers;

static void send_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        co_ensure(co_chan_send(numbers, &i) == CO_CHAN_OK);
        co_sleep(i % 3 * CO_CLOCK_US);
    }
    co_waitgroup_done(&group);
}

static void busy_program(void *arg)
{
    (void)arg;
    int item, sum = 0;
    group = (struct co_waitgroup){0};
    numbers = co_chan_make(sizeof(int), 2);
    struct co_select_case from_numbers = {.op = CO_SELECT_RECV, .chan = numbers, .item = &item};
    co_waitgroup_add(&group, 4);
    for (int i = 0; i < 4; i++)
        co_ensure(co_spawn(send_some, NULL));
    for (int got = 0; got < 80;) /* a timeout can come first: time may pass at any point */
        if (co_select_timeout(&from_numbers, 1, CO_CLOCK_MS) == 0) {
            sum += item;
            got++;
        }
    co_ensure(sum == 4 * 190);
    co_waitgroup_wait(&group);
    co_chan_free(&numbers);
    int64_t from = co_clock_now_ns();
    co_sleep(3600 * CO_CLOCK_S); /* an hour of virtual time */
    co_ensure(co_clock_now_ns() - from >= 3600 * CO_CLOCK_S);
}

static size_t traced(uint64_t seed, char *text, size_t size, struct co_schedule *schedule)
{
    int fd = memfd_create("trace", MFD_CLOEXEC);
    *schedule = (struct co_schedule){.seed = seed, .trace_fd = fd, .quiet = true};
    if (seed % 2)
        schedule->strategy = CO_SCHEDULE_PCT;
    schedule->depth = 3;
    co_runtime_run(&(struct co_runtime_options){.schedule = schedule}, busy_program, NULL);
    ssize_t n = pread(fd, text, size, 0);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

int seeds_replay(void)
{
    static char once[256 * 1024], again[256 * 1024];
    uint64_t last_hash = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct co_schedule first, second;
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

static void run_busy(struct co_schedule *schedule)
{
    schedule->quiet = true;
    co_runtime_run(&(struct co_runtime_options){.schedule = schedule}, busy_program, NULL);
}

/* What a seed chose, as a list, goes the same way; and so does what that run noted of itself. */
int seeds_listed(void)
{
    enum { ROOM = 20000 };
    static struct co_schedule_choice list[ROOM], again[ROOM];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct co_schedule drawn = {
            .seed = seed, .switches = list, .switch_room = ROOM, .depth = 3};
        drawn.strategy = seed % 2 ? CO_SCHEDULE_PCT : CO_SCHEDULE_RANDOM;
        run_busy(&drawn);
        if (drawn.switch_count == 0 || drawn.switch_count > ROOM)
            return 1;
        struct co_schedule listed = {.strategy = CO_SCHEDULE_REPLAY,
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

static void see(const struct co_schedule_event *event, void *arg)
{
    static const char *const names[] = {[CO_SCHEDULE_SPAWNED] = "spawned",
        [CO_SCHEDULE_RUNS] = "runs",
        [CO_SCHEDULE_PARKS] = "parks",
        [CO_SCHEDULE_READIED] = "readied",
        [CO_SCHEDULE_ENDED] = "ended",
        [CO_SCHEDULE_LOCKED] = "locked",
        [CO_SCHEDULE_UNLOCKED] = "unlocked",
        [CO_SCHEDULE_SENT] = "sent",
        [CO_SCHEDULE_RECEIVED] = "received"};
    (void)arg;
    co_sanitize_acquire(&seen); /* one after the other: there is one worker */
    int n = snprintf(seen.text + seen.length, sizeof seen.text - seen.length, "%u %s%s%s%s%s\n",
        event->co, names[event->kind], event->why ? " " : "", event->why ? event->why : "",
        event->at ? " at " : "", event->at ? event->at->name : "");
    seen.length += (size_t)n;
    co_sanitize_release(&seen);
}

static void lock_it(void *arg)
{
    co_schedule_mark("the lock");
    co_mutex_lock(&left);
    co_mutex_unlock(&left);
    co_ensure(co_chan_send(arg, NULL) == CO_CHAN_OK);
}

static void watched_program(void *arg)
{
    (void)arg;
    left = (struct co_mutex){0};
    struct co_chan *done = co_chan_make(0, 0);
    co_ensure(done && co_spawn(lock_it, done));
    co_mutex_lock(&left);
    co_schedule_point(); /* the list makes the other one wait for the lock */
    co_mutex_unlock(&left);
    co_ensure(co_chan_recv(done, NULL) == CO_CHAN_OK);
    co_chan_free(&done);
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
    static const struct co_schedule_choice list[] = {{4, 1}};
    struct co_schedule schedule = {.strategy = CO_SCHEDULE_REPLAY,
        .choices = list,
        .choice_count = 1,
        .observe = see,
        .quiet = true};
    co_runtime_run(&(struct co_runtime_options){.schedule = &schedule}, watched_program, NULL);
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
    co_ensure(co_spawn(wait_busily, NULL));
    wait_busily(NULL);
}

static struct co_chan *abandoned;

static void wait_for_nobody(void *arg)
{
    (void)arg;
    if (co_chan_recv(abandoned, NULL) == CO_CHAN_OK)
        never = true;
}

static void leaving_program(void *arg)
{
    (void)arg;
    abandoned = co_chan_make(0, 0);
    co_ensure(abandoned && co_spawn(wait_for_nobody, NULL));
    co_yield();
}

/* One that never ends is stopped at its limit; and whatever a run leaves behind, the next
 * begins as if there had been none. */
int seeds_stopped(void)
{
    uint64_t hash = 0;
    for (int i = 0; i < 100; i++) {
        struct co_schedule endless = {
            .strategy = CO_SCHEDULE_REPLAY, .limit = 500, .quiet = true, .seed = 1};
        co_runtime_run(&(struct co_runtime_options){.schedule = &endless}, endless_program, NULL);
        if (!endless.endless || endless.taken != 500)
            return 1;
        struct co_schedule leaving = {.strategy = CO_SCHEDULE_REPLAY, .quiet = true};
        if (co_runtime_run(
                &(struct co_runtime_options){.schedule = &leaving}, leaving_program, NULL) != 1)
            return 2;
        co_chan_free(&abandoned); /* nobody waits for it any more */
        struct co_schedule busy = {.seed = 7};
        run_busy(&busy);
        if (hash && busy.hash != hash)
            return 3;
        hash = busy.hash;
    }
    return 0;
}
