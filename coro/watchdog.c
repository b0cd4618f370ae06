/* SPDX-License-Identifier: MIT */
/*
 * A worker that makes progress changes its stamp: turns of its loop, switches left in this turn,
 * who runs. One that waits in epoll says so. While neither changes, its processor time is counted
 * from when the stamp was first seen; and the looks in a row that found its thread asleep without
 * any. The thread that looks counts looks, not time: stopped or starved with the others, it counts
 * less.
 */
#include "coro/watchdog.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/say.h"
#include "coro/sched_private.h"
#include "coro/symbols_private.h"
#include "coro/watchdog_private.h"

enum { LOOKS = 4, NEAR_WORDS = 512, CALL_FRAMES = 4, ANSWER_MS = 1000 };
enum { CATCH = SIGURG }; /* ignored by default, and hardly used by anyone */

struct stamp {
    uint64_t beats;
    int turns_left;
    const struct co *current;
};

struct watched {
    struct stamp stamp;
    int64_t since_cpu_ns, last_cpu_ns;
    int asleep_looks;
    bool told;
};

static struct {
    pthread_t thread;
    bool runs;
    int64_t limit_ns;
    void (*tell)(const struct co_watchdog_report *report, void *arg);
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t stop; /* by the monotonic clock: the other one may be set back */
    bool stopping;       /* under the mutex */
    struct sigaction before;
    struct watched workers[CO_WORKERS_MAX];
    /* What the signal finds: whose thread is asked, and its answer. */
    _Atomic int asked;
    void *caught[CO_WATCHDOG_FRAMES + 8]; /* the handler copies them: backtrace() is instrumented */
    int caught_count;
} dog = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* --- looking at a thread ---------------------------------------------------------------------- */

/* What /proc says of it, as text. */
static bool ask_proc(int thread, const char *what, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Asleep in the system, not waiting for a processor nor stopped. */
static bool is_asleep(int thread)
{
    char text[512];
    if (!ask_proc(thread, "stat", text, sizeof text))
        return false;
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' && (end[2] == 'S' || end[2] == 'D');
}

/* --- where it is ------------------------------------------------------------------------------ */

CO_UNSANITIZED static void on_catch(int number, siginfo_t *info, void *machine)
{
    (void)number, (void)info;
    int saved = errno;
    if (atomic_load(&dog.asked) == (int)syscall(SYS_gettid)) {
        const ucontext_t *context = machine;
#if defined(__x86_64__)
        void *pc = (void *)context->uc_mcontext.gregs[REG_RIP];
#else
        void *pc = (void *)context->uc_mcontext.pc;
#endif
        void *frames[CO_WATCHDOG_FRAMES + 8];
        int n = backtrace(frames, CO_WATCHDOG_FRAMES + 8), from = 0;
        while (from < n && frames[from] != pc) /* its own frames, and the signal's */
            from++;
        if (from == n) {
            frames[0] = pc;
            from = 0, n = 1;
        }
        dog.caught_count = n - from;
        for (int i = 0; i < dog.caught_count; i++)
            dog.caught[i] = frames[from + i];
        atomic_store(&dog.asked, 0);
    }
    errno = saved;
}

/* By a signal to the thread, which computes: nothing that it does is disturbed. */
static void catch_it(int thread, struct co_watchdog_report *report)
{
    dog.caught_count = 0;
    atomic_store(&dog.asked, thread);
    if (syscall(SYS_tgkill, getpid(), thread, CATCH) != 0)
        atomic_store(&dog.asked, 0);
    for (int i = 0; i < ANSWER_MS && atomic_load(&dog.asked); i++)
        nanosleep(&(struct timespec){.tv_nsec = CO_CLOCK_MS}, NULL);
    if (atomic_exchange(&dog.asked, 0))
        return; /* it has no processor: it will not find itself asked */
    for (int i = 0; i < dog.caught_count && i < CO_WATCHDOG_FRAMES; i++)
        report->frames[report->depth++] = dog.caught[i];
}

/* A signal would interrupt the call, which its caller may not expect. So by what lies on the stack
 * of the coroutine above the stack pointer, which /proc tells. */
CO_UNSANITIZED static void find_call(int thread, const struct co *co, struct co_watchdog_report *to)
{
    char text[256];
    unsigned long sp = 0;
    to->call = -1;
    if (!ask_proc(thread, "syscall", text, sizeof text) ||
        sscanf(text, "%ld %*x %*x %*x %*x %*x %*x %lx", &to->call, &sp) != 2)
        return;
    if (!co || co->stack == CO_INDEX_NONE)
        return;
    uintptr_t bottom = (uintptr_t)co_stack_bottom(&co_runtime.stacks, co->stack);
    uintptr_t top = (uintptr_t)co_stack_top(&co_runtime.stacks, co->stack);
    if (sp < bottom || sp >= top)
        return;
    size_t offset;
    for (int i = 0; i < NEAR_WORDS && sp + sizeof(void *) <= top && to->depth < CALL_FRAMES; i++) {
        const void *word = *(const void *volatile *)sp;
        if (co_symbols_find(word, &offset) && offset > 0)
            to->frames[to->depth++] = word;
        sp += sizeof(void *);
    }
}

/* --- the report ------------------------------------------------------------------------------- */

const char *co_watchdog_frame(
    const struct co_watchdog_report *report, int frame, char text[CO_WATCHDOG_FRAME_TEXT])
{
    return co_symbols_text(report->frames[frame], text, CO_WATCHDOG_FRAME_TEXT);
}

void co_watchdog_say(int fd, const struct co_watchdog_report *report)
{
    char who[200], text[CO_WATCHDOG_FRAME_TEXT];
    snprintf(who, sizeof who, "a callback");
    if (report->spawned)
        snprintf(who, sizeof who, "coroutine #%llu %s, spawned at %s:%d,",
            (unsigned long long)report->id, report->spawned->name, report->spawned->file,
            report->spawned->line);
    long long ms = report->for_ns / CO_CLOCK_MS;
    if (report->blocks)
        co_say_line(fd, "%s blocks worker %d in system call %ld for %lld ms: see blocking.h\n", who,
            report->worker, report->call, ms);
    else
        co_say_line(fd, "%s hogs worker %d: it has computed for %lld ms without a switch\n", who,
            report->worker, ms);
    for (int i = 0; i < report->depth; i++)
        co_say_line(fd, "        in %s\n", co_watchdog_frame(report, i, text));
}

static void say(const struct co_watchdog_report *report, void *arg)
{
    (void)arg;
    co_watchdog_say(STDERR_FILENO, report);
}

CO_UNSANITIZED static struct stamp stamp_of(const struct co_worker *worker)
{
    return (struct stamp){
        .beats = atomic_load_explicit(&worker->beats, memory_order_relaxed),
        .turns_left = *(const volatile int *)&worker->turns_left,
        .current = *(struct co *const volatile *)&worker->current,
    };
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->beats == b->beats && a->turns_left == b->turns_left && a->current == b->current;
}

static void report(struct co_worker *worker, struct watched *watched, bool blocks, int64_t for_ns)
{
    const struct co *co = watched->stamp.current;
    struct co_watchdog_report told = {.worker = worker->index,
        .id = co_id(co),
        .spawned = co ? atomic_load_explicit(&co->site, memory_order_relaxed) : NULL,
        .blocks = blocks,
        .call = -1,
        .for_ns = for_ns};
    int thread = atomic_load(&worker->thread_id);
    if (blocks)
        find_call(thread, co, &told);
    else
        catch_it(thread, &told);

    /* Still the same: else it has just gone on, and it is another one that was found. */
    struct stamp now = stamp_of(worker);
    if (!is_same(&now, &watched->stamp) || atomic_load(&worker->waits))
        return;
    watched->told = true;
    dog.tell(&told, dog.arg);
}

/* True: it waits for work. */
static bool look_at(struct co_worker *worker, struct watched *watched)
{
    struct stamp stamp = stamp_of(worker);
    int thread = atomic_load(&worker->thread_id);
    bool waits = thread == 0 || atomic_load(&worker->waits);
    if (waits || !is_same(&stamp, &watched->stamp)) {
        *watched = (struct watched){.stamp = stamp, .since_cpu_ns = -1};
        return waits;
    }
    int64_t cpu_ns = co_worker_cpu_ns(worker);
    if (watched->told || cpu_ns < 0)
        return false;
    if (watched->since_cpu_ns < 0)
        watched->since_cpu_ns = watched->last_cpu_ns = cpu_ns;

    /* It computes, or it sleeps; what waits for a processor does neither. */
    bool asleep = cpu_ns == watched->last_cpu_ns && is_asleep(thread);
    watched->asleep_looks = asleep ? watched->asleep_looks + 1 : 0;
    watched->last_cpu_ns = cpu_ns;
    if (cpu_ns - watched->since_cpu_ns >= dog.limit_ns)
        report(worker, watched, false, cpu_ns - watched->since_cpu_ns);
    else if (watched->asleep_looks > LOOKS)
        report(worker, watched, true, watched->asleep_looks * (dog.limit_ns / LOOKS));
    return false;
}

/* --- its thread ------------------------------------------------------------------------------- */

/* False: it is to stop. */
static bool sleep_for(int64_t ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + ns) / CO_CLOCK_S;
    until.tv_nsec = (until.tv_nsec + ns) % CO_CLOCK_S;
    pthread_mutex_lock(&dog.mutex);
    int status = 0;
    while (!dog.stopping && status == 0)
        status = pthread_cond_timedwait(&dog.stop, &dog.mutex, &until);
    bool goes_on = !dog.stopping;
    pthread_mutex_unlock(&dog.mutex);
    return goes_on;
}

/* Rarely while nobody works. */
static void *watch(void *arg)
{
    (void)arg;
    bool idle = false;
    while (sleep_for(idle ? dog.limit_ns : dog.limit_ns / LOOKS)) {
        idle = true;
        for (int i = 0; i < co_runtime.worker_count; i++)
            idle &= look_at(&co_runtime.workers[i], &dog.workers[i]);
    }
    return NULL;
}

static bool start_watching(void)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&dog.stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&dog.thread, NULL, watch, NULL) == 0)
        return true;
    pthread_cond_destroy(&dog.stop);
    return false;
}

void co_watchdog_start(const struct co_runtime_options *options)
{
    const char *ms = getenv("CORO_WATCHDOG");
    dog.limit_ns = ms ? strtoll(ms, NULL, 10) * CO_CLOCK_MS : options->watchdog_ns;
    if (dog.limit_ns <= 0 || options->schedule)
        return;
    dog.tell = options->on_watchdog ? options->on_watchdog : say;
    dog.arg = options->watchdog_arg;
    dog.stopping = false;
    memset(dog.workers, 0, sizeof dog.workers);
    void *first[2];
    backtrace(first, 2); /* the first one loads a library, which a signal handler must not */
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    action.sa_sigaction = on_catch;
    sigemptyset(&action.sa_mask);
    if (sigaction(CATCH, &action, &dog.before) != 0)
        return;
    dog.runs = start_watching();
    if (!dog.runs)
        sigaction(CATCH, &dog.before, NULL);
}

void co_watchdog_stop(void)
{
    if (!dog.runs)
        return;
    pthread_mutex_lock(&dog.mutex);
    dog.stopping = true;
    pthread_cond_signal(&dog.stop);
    pthread_mutex_unlock(&dog.mutex);
    pthread_join(dog.thread, NULL);
    pthread_cond_destroy(&dog.stop);
    sigaction(CATCH, &dog.before, NULL);
    dog.runs = false;
}
