/* SPDX-License-Identifier: MIT */
#include "server/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/poller.h"

extern char **environ;

/* What the child finds at its descriptors. */
static int give_descriptors(posix_spawn_file_actions_t *files, const struct process_plan *plan)
{
    int error = 0;
    for (int i = 0; !error && i < (int)plan->descriptor_count; i++)
        error = plan->descriptors[i] == PROCESS_NULL
                    ? posix_spawn_file_actions_addopen(files, i, "/dev/null", O_RDONLY, 0)
                    : posix_spawn_file_actions_adddup2(files, plan->descriptors[i], i);
    return error ? error : posix_spawn_file_actions_addchdir_np(files, "/");
}

/* A group of its own: Ctrl-C on the terminal must reach us only, we stop the child in our order. */
static int give_attributes(posix_spawnattr_t *attributes)
{
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    /* A child must not inherit the signals that we block or ignore. */
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &usual);
    if (!error)
        error = posix_spawnattr_setpgroup(attributes, 0);
    return error ? error : posix_spawnattr_setflags(attributes, flags);
}

/* posix_spawn() does not write to them. */
static char *const *unchanged(const char *const *texts)
{
    union {
        const char *const *in;
        char *const *out;
    } both = {.in = texts};
    return both.out;
}

static int spawn(struct process *process, const struct process_plan *plan,
    posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes)
{
    int error = give_descriptors(files, plan);
    if (!error)
        error = give_attributes(attributes);
    char *const *environment = plan->environment ? unchanged(plan->environment) : environ;
    return error ? error
                 : posix_spawnp(&process->pid, plan->argv[0], files, attributes,
                       unchanged(plan->argv), environment);
}

int process_start(struct process *process, const struct process_plan *plan)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    *process = (struct process){.pid = 0, .pidfd = -1};
    co_ensure(plan->descriptor_count <= PROCESS_DESCRIPTORS);
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = spawn(process, plan, &files, &attributes);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    if (error) {
        process->pid = 0;
        return error;
    }
    /* By descriptor, for a process id may be used again for another process. */
    process->pidfd = pidfd_open(process->pid, 0);
    co_ensure(process->pidfd >= 0); /* it is our child and not yet waited for */
    return 0;
}

enum process_status process_wait(struct co_context *context, struct process *process, int *status)
{
    struct rusage usage = {.ru_maxrss = 0};
    for (;;) {
        /* Looked at first, for it may have ended before it was watched. */
        pid_t ended = wait4(process->pid, status, WNOHANG, &usage);
        co_ensure(ended == 0 || ended == process->pid);
        if (ended)
            break;
        enum co_poller_status polled = co_poller_wait(context, process->pidfd, CO_POLLER_READ);
        co_ensure(polled != CO_POLLER_FAILED);
        if (polled == CO_POLLER_CANCELLED)
            return PROCESS_RUNNING;
    }
    co_poller_forget(process->pidfd);
    close(process->pidfd);
    int64_t us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
                 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    *process = (struct process){
        .pid = 0, .pidfd = -1, .peak_kib = (uint64_t)usage.ru_maxrss, .processor_us = (uint64_t)us};
    return PROCESS_ENDED;
}

void process_signal(const struct process *process, int signal)
{
    /* 0 once it has been waited for. */
    if (process->pid)
        (void)pidfd_send_signal(process->pidfd, signal, NULL, 0); /* it may just have ended */
}

void process_describe(int status, char text[40])
{
    if (WIFSIGNALED(status))
        snprintf(text, 40, "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(text, 40, "ended with code %d", WEXITSTATUS(status));
}
