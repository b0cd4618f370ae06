/* SPDX-License-Identifier: MIT */
/* What tests/coro/trace/run records: parks of all kinds on several workers, a ring that runs over
 * and is written while it runs (argument: a file), a deadlock ("deadlock"), nothing that comes from
 * outside ("plain"), a start for which memory is short ("short"). */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/trace_events.h"
#include "coro/waitgroup.h"

enum { PAIRS = 20, TURNS = 50, SMALL = 128 };

static const char *how = "";
static struct co_chan *chan;
static struct co_mutex mutex;
static struct co_waitgroup all;

static void call(void *arg)
{
    (void)arg;
    usleep(1000);
}

static void sender(void *arg)
{
    (void)arg;
    for (int i = 0; i < TURNS; i++)
        if (co_chan_send(chan, &i) != CO_CHAN_OK)
            break;
    if (strcmp(how, "plain") != 0)
        co_blocking_call(call, NULL);
    co_waitgroup_done(&all);
}

static void receiver(void *arg)
{
    int item = 0;
    (void)arg;
    for (int i = 0; i < TURNS && co_chan_recv(chan, &item) == CO_CHAN_OK; i++) {
        co_mutex_lock(&mutex);
        co_yield();
        co_mutex_unlock(&mutex);
    }
    co_trace_mark("a \"mark\"");
    co_sleep(CO_CLOCK_MS);
    co_waitgroup_done(&all);
}

static void work(void)
{
    co_waitgroup_add(&all, 2 * PAIRS);
    for (int i = 0; i < PAIRS; i++)
        if (!co_spawn_named("sender", sender, NULL) || !co_spawn(receiver, NULL))
            _exit(9);
    co_waitgroup_wait(&all);
}

/* A recording is written while others go on; off, on again, and what was before is forgotten. */
static void record(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || co_trace_is_on() || !co_trace_start(SMALL) || co_trace_start(SMALL))
        _exit(8);
    work();
    co_trace_stop();
    if (co_trace_is_on() || !co_trace_start(4 * SMALL))
        _exit(7);
    co_waitgroup_add(&all, 2);
    if (!co_spawn_named("sender", sender, NULL) || !co_spawn(receiver, NULL))
        _exit(9);
    co_sleep(CO_CLOCK_MS);
    if (!co_trace_write(fd, 0))
        _exit(6);
    co_waitgroup_wait(&all);
    close(fd);
}

/* What could not be started can be written like anything else: there is nothing. */
static void run_short(void)
{
    struct rlimit before, none;
    int fd = open("/dev/null", O_WRONLY);
    getrlimit(RLIMIT_AS, &before);
    none = (struct rlimit){1, before.rlim_max};
    setrlimit(RLIMIT_AS, &none);
    bool started = co_trace_start(CO_TRACE_EVENTS_MAX);
    setrlimit(RLIMIT_AS, &before);
    if (fd < 0 || started || co_trace_is_on() || !co_trace_write(fd, 0))
        _exit(5);
    close(fd);
}

static void first(void *arg)
{
    (void)arg;
    chan = co_chan_make(sizeof(int), 4);
    if (strcmp(how, "deadlock") == 0)
        _exit(co_chan_recv(chan, NULL) == CO_CHAN_OK);
    if (strcmp(how, "short") == 0)
        run_short();
    else if (*how && strcmp(how, "plain") != 0)
        record(how);
    else
        work();
    co_chan_free(&chan);
}

int main(int argc, char **argv)
{
    how = argc > 1 ? argv[1] : "";
    return (int)co_runtime_run(&(struct co_runtime_options){.workers = 3}, first, NULL);
}
