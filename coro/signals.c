/* SPDX-License-Identifier: MIT */
/* The handler only writes the number to a pipe, which may be done in a handler; a watch reads it.
 */
#include "coro/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro/runtime.h"
#include "coro/worker.h"

enum { QUEUE = 16, NUMBERS = 65 };

struct co_signals {
    struct co_chan *chan;
    struct co_worker_watch watch;
    size_t n;
    int number[NUMBERS];
    struct sigaction before[NUMBERS];
};

static volatile sig_atomic_t pipe_of[NUMBERS]; /* 1 + the write end; 0: not taken */

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(pipe_of[number] - 1, &byte, 1);
    (void)written; /* a full pipe means that more than enough are on their way */
    errno = saved;
}

static void on_readable(void *arg)
{
    struct co_signals *signals = arg;
    unsigned char bytes[QUEUE];
    ssize_t n = read(signals->watch.fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        int number = bytes[i];
        enum co_chan_status full_is_dropped = co_chan_try_send(signals->chan, &number);
        (void)full_is_dropped;
    }
}

static bool take_over(struct co_signals *signals, int number, int fd)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    if (number < 1 || number >= NUMBERS || pipe_of[number]) {
        errno = number < 1 || number >= NUMBERS ? EINVAL : EBUSY;
        return false;
    }
    pipe_of[number] = fd + 1;
    if (sigaction(number, &action, &signals->before[signals->n]) != 0) {
        pipe_of[number] = 0;
        return false;
    }
    signals->number[signals->n++] = number;
    return true;
}

static void give_back(struct co_signals *signals)
{
    int fd = -1;
    for (size_t i = 0; i < signals->n; i++) {
        int number = signals->number[i];
        sigaction(number, &signals->before[i], NULL);
        fd = pipe_of[number] - 1;
        pipe_of[number] = 0;
    }
    if (fd >= 0)
        close(fd);
    close(signals->watch.fd);
    co_chan_free(&signals->chan);
    free(signals);
}

struct co_signals *co_signals_open(const int *numbers, size_t n)
{
    co_ensure(n > 0);
    int ends[2];
    struct co_signals *signals = calloc(1, sizeof *signals);
    if (!signals || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(signals);
        return NULL;
    }
    signals->chan = co_chan_make(sizeof(int), QUEUE);
    signals->watch = (struct co_worker_watch){.fd = ends[0], .fn = on_readable, .arg = signals};
    bool taken = signals->chan != NULL;
    for (size_t i = 0; i < n && taken; i++)
        taken = take_over(signals, numbers[i], ends[1]);
    if (taken) {
        errno = co_worker_watch_start(&signals->watch);
        taken = errno == 0;
    }
    if (taken)
        return signals;

    /* Undo: the write end is closed here only if no handler has it. */
    int error = errno;
    if (signals->n == 0)
        close(ends[1]);
    give_back(signals);
    errno = error;
    return NULL;
}

struct co_chan *co_signals_chan(struct co_signals *signals)
{
    return signals->chan;
}

void co_signals_close(struct co_signals **signals)
{
    co_worker_watch_stop(&(*signals)->watch);
    give_back(*signals);
    *signals = NULL;
}
