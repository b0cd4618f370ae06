/* SPDX-License-Identifier: MIT */
#include "server/postgres/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/poller.h"

extern char **environ;

/* A group of its own: Ctrl-C on the terminal must reach us only, we stop the child in our order. */
static int prepare(
    posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int output_fd, int folder_fd)
{
    /* A child must not inherit the signals that we block or ignore. */
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    int error = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, output_fd, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, output_fd, STDERR_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(files, folder_fd, PROCESS_FOLDER_FD);
    if (!error)
        error = posix_spawn_file_actions_addchdir_np(files, "/");
    if (!error)
        error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &usual);
    if (!error)
        error = posix_spawnattr_setpgroup(attributes, 0);
    if (!error)
        error = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

int process_start(struct process *process, const char *const argv[], int output_fd, int folder_fd)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    *process = (struct process){.pid = 0, .pidfd = -1};
    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = prepare(&files, &attributes, output_fd, folder_fd);
        union {
            const char *const *in;
            char *const *out;
        } arguments = {.in = argv}; /* posix_spawn does not write to them */
        if (!error)
            error =
                posix_spawnp(&process->pid, argv[0], &files, &attributes, arguments.out, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    if (error) {
        process->pid = 0;
        return error;
    }
    /* By descriptor, for a process id may be used again for another process. */
    process->pidfd = pidfd_open(process->pid, 0);
    ensure(process->pidfd >= 0); /* it is our child and not yet waited for */
    return 0;
}

enum process_status process_wait(struct context *context, struct process *process, int *status)
{
    for (;;) {
        /* Looked at first, for it may have ended before it was watched. */
        pid_t ended = waitpid(process->pid, status, WNOHANG);
        ensure(ended == 0 || ended == process->pid);
        if (ended)
            break;
        enum poller_status polled = poller_wait(context, process->pidfd, POLLER_READ);
        ensure(polled != POLLER_FAILED);
        if (polled == POLLER_CANCELLED)
            return PROCESS_RUNNING;
    }
    poller_forget(process->pidfd);
    close(process->pidfd);
    *process = (struct process){.pid = 0, .pidfd = -1};
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
