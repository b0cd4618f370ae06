/* SPDX-License-Identifier: MIT */
#include "server/process/process_output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "coro/poller.h"
#include "server/process/process.h"

enum { PIECE = 1024 };

/* What has come so far, and whether there may be more. */
struct output {
    int fd;
    char *text;
    size_t size, length;
};

/* What there is no room for is read, too, so that it does not wait for us. True: its end. */
static bool take(struct output *output)
{
    char piece[PIECE];
    for (;;) {
        ssize_t got = read(output->fd, piece, sizeof piece);
        if (got == 0)
            return true;
        if (got < 0)
            return errno != EAGAIN && errno != EINTR;
        for (ssize_t i = 0; i < got && output->length + 1 < output->size; i++)
            output->text[output->length++] = piece[i];
    }
}

/* False: the context ended first. */
static bool read_all(struct co_context *context, struct output *output)
{
    bool is_over = false;
    while (!(is_over = take(output)))
        if (co_poller_wait(context, output->fd, CO_POLLER_READ) != CO_POLLER_READY)
            break;
    output->text[output->length] = '\0';
    return is_over;
}

/* Its process group is its own, and lasts until it has been waited for. */
static void end(struct process *process, int *status)
{
    kill(-process->pid, SIGKILL);
    co_ensure(process_wait(co_context_background(), process, status) == PROCESS_ENDED);
}

enum process_output process_output(
    struct co_context *context, const char *const argv[], char *text, size_t size, int *status)
{
    int ends[2];
    struct process process;
    text[0] = '\0';
    *status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return PROCESS_OUTPUT_FAILED;
    const struct process_plan plan = {
        .argv = argv, .descriptors = {PROCESS_NULL, ends[1], ends[1]}, .descriptor_count = 3};
    /* Only our end must not block. */
    int error = fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 ? errno : process_start(&process, &plan);
    close(ends[1]);
    struct output output = {.fd = ends[0], .text = text, .size = size};
    bool is_over = !error && read_all(context, &output) &&
                   process_wait(context, &process, status) == PROCESS_ENDED;
    if (!error && !is_over)
        end(&process, status);
    co_poller_forget(ends[0]);
    close(ends[0]);
    errno = error;
    return error ? PROCESS_OUTPUT_FAILED : is_over ? PROCESS_OUTPUT_ENDED : PROCESS_OUTPUT_LATE;
}
