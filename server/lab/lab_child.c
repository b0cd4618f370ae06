/* SPDX-License-Identifier: MIT */
/*
 * The kernel keeps the bounds that it can (lab_confine.c). Those of time by the clock, of output
 * and of memory in use are kept here: a look at least every 20 ms, and then SIGKILL. A growing heap
 * passes the look before it meets the kernel's limit, so that it is known what was the matter.
 *
 * What it writes to stderr goes to a sealed file in memory that cannot grow: no pipe that would
 * have to be emptied, and no message, however long, that would stop it.
 */
#include "server/lab/lab_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/poller.h"
#include "server/lab/lab_bounds.h"
#include "server/lab/lab_share.h"
#include "server/process/process.h"

enum { FIRST_BYTES = 16 << 10, PAGE_KIB = 4, VARIABLES = 8 };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { MEMORY_KIB = LAB_CHILD_MEMORY_SANITIZED_MIB << 10 };
#else
enum { MEMORY_KIB = LAB_CHILD_MEMORY_MIB << 10 };
#endif

static const int64_t look_every_ns = 20 * CO_CLOCK_MS;

const char *const lab_end_names[LAB_ENDS] = {
#define X(symbol, name) [LAB_END_##symbol] = name,
    LAB_END_MAP(X)
#undef X
};

struct child {
    const struct lab_child_job *job;
    struct lab_child_report *report;
    struct process process;
    int pipe;             /* -1: it has closed its end */
    int words, memory_fd; /* the memory of its stderr; /proc/PID/statm, -1: not known */
    unsigned processor_s, time_s;
    int64_t deadline_ns, rested_ns; /* the latter is part of the former */
    int64_t waited_ns;              /* for a processor: part of what it has rested */
    int64_t looked_ns, charged_ns;  /* the last look; what has been charged for so far */
    bool rests;                     /* it is stopped until there is something left for it */
    size_t room;                    /* of the output */
    bool is_over;                   /* `how` is known */
};

__attribute__((format(printf, 3, 4))) static void end_as(
    struct child *child, enum lab_end how, const char *format, ...)
{
    va_list args;
    if (child->is_over) /* the first reason is the reason */
        return;
    child->is_over = true;
    child->report->how = how;
    va_start(args, format);
    vsnprintf(child->report->text, LAB_CHILD_TEXT, format, args);
    va_end(args);
}

/* ---- start --------------------------------------------------------------------------------- */

/* As large as it will ever be. */
static int make_words(void)
{
    int fd = memfd_create("lab-said", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && ftruncate(fd, LAB_CHILD_SAID) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Nothing of ours but what it needs. Its sanitizer must not start a process that looks for leaks,
 * for it may not; and a crash is to end it as it ends others. */
static void write_environment(const struct lab_child_job *job, char *database, size_t size,
    const char *environment[VARIABLES])
{
    size_t n = 0;
    environment[n++] = "LANG=C.UTF-8";
    environment[n++] = "HOME=/nonexistent";
    environment[n++] = "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:handle_segv=0";
    environment[n++] = "UBSAN_OPTIONS=abort_on_error=1";
    environment[n++] = "TSAN_OPTIONS=abort_on_error=1:handle_segv=0";
    if (job->database) {
        snprintf(database, size, "TELLER_DATABASE=%s", job->database);
        environment[n++] = database;
    }
    environment[n] = NULL;
}

/* Not on the command line, which everyone on the machine may read. */
static char *make_database(const struct lab_child_job *job, size_t *size)
{
    *size = job->database ? strlen(job->database) + sizeof "TELLER_DATABASE=" : 1;
    return malloc(*size);
}

static int spawn(struct child *child, int pipe_end)
{
    const struct lab_child_job *job = child->job;
    const char *argv[LAB_CHILD_WORDS + 6], *environment[VARIABLES];
    char parent[20], seconds[20];
    size_t n = 0, size;
    char *database = make_database(job, &size);
    if (!database)
        return ENOMEM;
    write_environment(job, database, size, environment);
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    snprintf(seconds, sizeof seconds, "%u", child->processor_s);
    argv[n++] = job->program ? job->program : "/proc/self/exe";
    argv[n++] = "lab-child";
    argv[n++] = parent;
    argv[n++] = seconds;
    argv[n++] = lab_confine_names[job->kind];
    for (const char *const *word = job->words; *word; word++) {
        co_ensure(n < LAB_CHILD_WORDS + 5);
        argv[n++] = *word;
    }
    argv[n] = NULL;
    const struct process_plan plan = {.argv = argv,
        .environment = environment,
        .descriptors = {PROCESS_NULL, pipe_end, child->words, job->folder_fd},
        .descriptor_count = job->kind == LAB_CONFINE_SOCKET ? 4 : 3};
    int error = process_start(&child->process, &plan);
    free(database);
    return error;
}

static void open_memory(struct child *child)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)child->process.pid);
    child->memory_fd = open(path, O_RDONLY | O_CLOEXEC);
}

static void start(struct child *child)
{
    int ends[2] = {-1, -1}, error = 0;
    child->report->output = malloc(FIRST_BYTES);
    child->room = FIRST_BYTES;
    child->words = make_words();
    /* Only our end must not block. */
    if (!child->report->output || child->words < 0 || pipe2(ends, O_CLOEXEC) != 0 ||
        fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    if (!error)
        error = spawn(child, ends[1]);
    if (ends[1] >= 0)
        close(ends[1]);
    child->pipe = ends[0];
    if (error)
        end_as(child, LAB_END_FAILED, "It could not be started: %s.", strerror(error));
    else
        open_memory(child);
}

/* ---- while it runs ------------------------------------------------------------------------- */

static bool make_room(struct child *child)
{
    struct lab_child_report *report = child->report;
    if (report->length + 1 < child->room)
        return true;
    char *more = realloc(report->output, 2 * child->room);
    if (!more) {
        end_as(child, LAB_END_FAILED, "The service has no memory left for its output.");
        return false;
    }
    report->output = more;
    child->room *= 2;
    return true;
}

static void close_pipe(struct child *child)
{
    if (child->pipe < 0)
        return;
    co_poller_forget(child->pipe);
    close(child->pipe);
    child->pipe = -1;
}

/* What has come. A byte at the end of the room stays free for the text's end. */
static void read_output(struct child *child)
{
    struct lab_child_report *report = child->report;
    while (!child->is_over && make_room(child)) {
        ssize_t got =
            read(child->pipe, report->output + report->length, child->room - report->length - 1);
        if (got < 0)
            return; /* no more just now */
        report->length += (size_t)got;
        if (got == 0) {
            close_pipe(child);
            return;
        }
        if (report->length > child->job->output_max)
            end_as(child, LAB_END_OUTPUT, "It wrote more than %zu KiB and was ended.",
                child->job->output_max >> 10);
    }
}

static size_t memory_kib(const struct child *child)
{
    char text[100];
    unsigned long pages = 0;
    ssize_t length = child->memory_fd < 0 ? 0 : pread(child->memory_fd, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    /* The second figure: what is resident. */
    return sscanf(text, "%*u %lu", &pages) == 1 ? pages * PAGE_KIB : 0;
}

/* What it has used: processor time; one that asks a database has that compute as well, so all the
 * time in which it does not rest counts. */
static int64_t used_ns(const struct child *child, int64_t now_ns)
{
    struct timespec used;
    clockid_t clock;
    if (child->job->kind != LAB_CONFINE_MEMORY)
        return child->charged_ns + (child->rests ? 0 : now_ns - child->looked_ns);
    if (clock_getcpuclockid(child->process.pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return child->charged_ns; /* it has just ended */
    return used.tv_sec * CO_CLOCK_S + used.tv_nsec;
}

/* Charge for what it has used, and stop it or let it go on. */
static void charge(struct child *child)
{
    int64_t now_ns = co_clock_now_ns(), used = used_ns(child, now_ns);
    if (child->rests && child->rested_ns < lab_bounds.rest_s * CO_CLOCK_S) {
        child->rested_ns += now_ns - child->looked_ns;
        child->deadline_ns += now_ns - child->looked_ns;
    }
    bool rests =
        child->job->share && !lab_share_charge(child->job->share, used - child->charged_ns);
    if (rests != child->rests)
        process_signal(&child->process, rests ? SIGSTOP : SIGCONT);
    child->rests = rests;
    child->charged_ns = used;
    child->looked_ns = now_ns;
}

/* How long a thread of it, that which waited longest, was ready to run while others had the
 * processors. 0: not known. */
static int64_t longest_wait_ns(const struct child *child)
{
    char path[40], text[100];
    int64_t longest = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)child->process.pid);
    DIR *threads = opendir(path);
    for (struct dirent *thread; threads && (thread = readdir(threads));) {
        snprintf(path, sizeof path, "%.20s/schedstat", thread->d_name);
        int fd = openat(dirfd(threads), path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        int64_t waited;
        text[length > 0 ? length : 0] = '\0';
        if (sscanf(text, "%*u %" SCNd64, &waited) == 1 && waited > longest)
            longest = waited;
        if (fd >= 0)
            close(fd);
    }
    if (threads)
        closedir(threads);
    return longest;
}

/* It has the lowest priority: where others keep the processors busy its time would pass without
 * it. What it has waited is given back, as what it rests is. False: there is nothing to give. */
static bool give_back(struct child *child)
{
    int64_t more = longest_wait_ns(child) - child->waited_ns;
    int64_t left = lab_bounds.rest_s * CO_CLOCK_S - child->rested_ns;
    if (more > left)
        more = left;
    if (more <= 0)
        return false;
    child->waited_ns += more;
    child->rested_ns += more;
    child->deadline_ns += more;
    return true;
}

static void judge(struct child *child, struct co_context *context)
{
    if (co_context_err(context) != CO_CONTEXT_OK)
        end_as(child, LAB_END_STOPPED, "It was ended because the service stops.");
    else if (memory_kib(child) > MEMORY_KIB)
        end_as(child, LAB_END_MEMORY, "It took more than %d MiB of memory and was ended.",
            MEMORY_KIB >> 10);
    else if (co_clock_now_ns() > child->deadline_ns && !give_back(child))
        end_as(
            child, LAB_END_TIME, "It had not ended after %u seconds and was ended.", child->time_s);
}

/* Park until there is something to read, it has ended (true), or it is time for a look. */
static bool look(struct child *child, struct co_context *context, int *status)
{
    struct co_context *moment = co_context_with_timeout(context, look_every_ns);
    bool ended = false;
    if (!moment) { /* memory is short */
        co_sleep(look_every_ns);
        return false;
    }
    if (child->pipe >= 0) {
        if (co_poller_wait(moment, child->pipe, CO_POLLER_READ) == CO_POLLER_READY)
            read_output(child);
    } else {
        ended = process_wait(moment, &child->process, status) == PROCESS_ENDED;
    }
    co_context_release(&moment);
    return ended;
}

static int await_end(struct child *child, struct co_context *context)
{
    int status = 0;
    bool ended = false;
    while (!ended && !child->is_over) {
        ended = look(child, context, &status);
        if (ended)
            break;
        charge(child);
        judge(child, context);
    }
    if (ended)
        return status;
    process_signal(&child->process, SIGKILL);
    /* Nothing outlives SIGKILL; for that alone it waits without a bound. */
    if (process_wait(co_context_background(), &child->process, &status) != PROCESS_ENDED)
        co_ensure(!"a background context does not end");
    return status;
}

/* ---- how it ended -------------------------------------------------------------------------- */

static void read_words(struct child *child)
{
    char *said = child->report->said;
    ssize_t length = child->words < 0 ? 0 : pread(child->words, said, LAB_CHILD_SAID, 0);
    said[length > 0 ? length : 0] = '\0'; /* the file was all zero, so the text ends by itself */
    for (char *c = said; *c; c++)
        if ((*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
            *c = '?';
}

static void explain_signal(struct child *child, int number)
{
    switch (number) {
    case SIGXCPU:
        end_as(child, LAB_END_PROCESSOR_TIME,
            "It used more than %u seconds of processor time and was ended.", child->processor_s);
        break;
    case SIGXFSZ:
        end_as(child, LAB_END_OUTPUT, "It wrote more to a file than it may and was ended.");
        break;
    case SIGSYS:
        end_as(child, LAB_END_FORBIDDEN,
            "It asked for what no experiment may do, such as starting a process, and was ended.");
        break;
    default:
        end_as(child, LAB_END_CRASHED, "It crashed: signal %d (%s).", number,
            sigdescr_np(number) ? sigdescr_np(number) : "without a name");
    }
}

static void explain(struct child *child, int status)
{
    struct lab_child_report *report = child->report;
    /* What the runtime says when nothing can wake anyone (coro/runtime.h). */
    bool deadlocked =
        strncmp(report->said, "deadlock:", 9) == 0 || strstr(report->said, "\ndeadlock:") != NULL;
    /* It may have met the kernel's limit between two looks. */
    if (WIFSIGNALED(status) && report->peak_kib > MEMORY_KIB)
        end_as(child, LAB_END_MEMORY, "It took more than %d MiB of memory and was ended.",
            MEMORY_KIB >> 10);
    if (WIFSIGNALED(status))
        explain_signal(child, WTERMSIG(status));
    else if (WEXITSTATUS(status) <= child->job->exits)
        end_as(child, LAB_END_RESULT, "%s", "");
    else if (deadlocked)
        end_as(child, LAB_END_DEADLOCK, "Its coroutines all waited for each other: a deadlock.");
    else
        end_as(child, LAB_END_CRASHED, "It gave up with exit code %d.", WEXITSTATUS(status));
    report->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* The text of a result, with an end, and no more memory than it takes; of others nothing. */
static void finish_output(struct lab_child_report *report)
{
    if (report->how != LAB_END_RESULT) {
        free(report->output);
        report->output = NULL;
        report->length = 0;
        return;
    }
    report->output[report->length] = '\0';
    char *fitting = realloc(report->output, report->length + 1);
    if (fitting)
        report->output = fitting;
}

void lab_child_run(
    struct co_context *context, const struct lab_child_job *job, struct lab_child_report *report)
{
    struct child child = {.job = job,
        .report = report,
        .pipe = -1,
        .words = -1,
        .memory_fd = -1,
        .processor_s = job->processor_s ? job->processor_s : lab_bounds.processor_s,
        .time_s = job->time_s ? job->time_s : lab_bounds.time_s};
    child.looked_ns = co_clock_now_ns();
    child.deadline_ns = child.looked_ns + child.time_s * CO_CLOCK_S;
    memset(report, 0, sizeof *report);
    start(&child);
    if (child.process.pid) {
        int status = await_end(&child, context);
        report->peak_kib = child.process.peak_kib;
        report->processor_us = child.process.processor_us;
        /* What it used since the last look. */
        int64_t left_ns = (int64_t)report->processor_us * CO_CLOCK_US - child.charged_ns;
        if (job->share && left_ns > 0)
            (void)!lab_share_charge(job->share, left_ns);
        read_words(&child);
        explain(&child, status);
    }
    close_pipe(&child);
    if (child.words >= 0)
        close(child.words);
    if (child.memory_fd >= 0)
        close(child.memory_fd);
    finish_output(report);
}
