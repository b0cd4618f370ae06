/* SPDX-License-Identifier: MIT */
/* One recording at a time, of bounded length and size: it is recorded while the request waits, so a
 * service that nobody asks pays nothing. The file is made by a thread of blocking calls. Where all
 * is recorded anyway (CORO_TRACE), a recording is the newest part of that, and ends nothing. */
#include "server/api/recordings.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/trace_events.h"
#include "coro/worker.h"
#include "server/api/call.h"

enum { USUAL_MS = 1000, LONGEST_MS = 5000, EVENTS = 65536 /* of all rings together */ };

static const struct problem busy = {
    409, "recording", "Another recording is being made. Ask again when it is done."};

static _Atomic bool taken;

struct recording {
    int fd;
    int64_t last_ns; /* how much of what the rings have; 0: all */
    bool is_whole;
    size_t size;
};

static void write_it(void *arg)
{
    struct recording *recording = arg;
    struct stat about;
    recording->fd = memfd_create("recording", MFD_CLOEXEC);
    recording->is_whole = recording->fd >= 0 && co_trace_write(recording->fd, recording->last_ns) &&
                          fstat(recording->fd, &about) == 0;
    if (recording->is_whole)
        recording->size = (size_t)about.st_size;
}

/* Into the request's memory. */
static void answer(struct call *call, const struct recording *recording)
{
    char *body = arena_try(call->arena, recording->size);
    for (size_t at = 0; body && at < recording->size;) {
        ssize_t n = pread(recording->fd, body + at, recording->size - at, (off_t)at);
        if (n <= 0)
            body = NULL;
        at += n > 0 ? (size_t)n : 0;
    }
    if (!body) {
        call_refuse_short(call);
        return;
    }
    call->response->status = 200;
    call->response->content_type = "application/json";
    call->response->body = body;
    call->response->length = recording->size;
}

/* Of a ring for each worker and one for all other threads; a ring takes no other sizes. */
static size_t ring_events(void)
{
    size_t most = EVENTS / ((size_t)co_worker_count() + 1), events = 1;
    while (events * 2 <= most)
        events *= 2;
    return events;
}

static void record(struct call *call, int64_t ms)
{
    bool goes_on = co_trace_is_on();
    /* A sleep may be longer than it was asked to be: of our own recording nothing is left out. */
    struct recording recording = {.fd = -1, .last_ns = goes_on ? ms * CO_CLOCK_MS : 0};
    if (!goes_on && !co_trace_start(ring_events())) {
        call_refuse_short(call);
        return;
    }
    co_sleep(ms * CO_CLOCK_MS);
    if (!goes_on)
        co_trace_stop();
    co_blocking_call(write_it, &recording);
    if (recording.is_whole)
        answer(call, &recording);
    else
        call_refuse_short(call);
    if (recording.fd >= 0)
        close(recording.fd);
}

void recordings_get(struct call *call)
{
    uint64_t ms = USUAL_MS;
    if (!call_query_number(call, "ms", 1, LONGEST_MS, &ms))
        return;
    if (atomic_exchange(&taken, true)) {
        call_refuse_as(call, &busy, NULL);
        return;
    }
    record(call, (int64_t)ms);
    atomic_store(&taken, false);
}
