/* SPDX-License-Identifier: MIT */
/*
 * Each worker has one epoll. A descriptor is registered with the worker that last waited for it,
 * one-shot; its entry in the table says which coroutine waits. An event carries the number of the
 * wait that it was armed for, so one that comes late, or for an earlier descriptor of that number,
 * is dropped.
 *
 * An event for a coroutine is handled on the worker that it parked on, so only after it has left
 * its stack. Lock order: an entry's lock is the innermost.
 */
#include "coro/poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/context_private.h"
#include "coro/sched_private.h"

enum { EVENTS_MAX = 64, CHUNK = 1024, CHUNKS = 1024 };
enum { BY_FD, BY_CONTEXT };
#define FD_TAG (UINT64_C(1) << 63) /* else the event's data is a struct worker_watch */
#define TURN_MASK UINT32_C(0x7fffffff)

struct poller_fd {
    struct lock lock;
    uint32_t turn; /* the number of the wait */
    struct waiter *waiter;
    struct worker *home; /* in whose epoll it is registered */
};

struct poller_batch {
    struct epoll_event events[EVENTS_MAX];
    int count, at; /* how many were fetched, and which one is being handled */
};

static _Atomic(struct poller_fd *) table[CHUNKS];
static _Atomic bool table_used; /* some chunk has been made */

static struct poller_fd *entry_of(int fd, bool make)
{
    if (fd < 0 || fd >= CHUNK * CHUNKS)
        return NULL;
    _Atomic(struct poller_fd *) *chunk = &table[fd / CHUNK];
    struct poller_fd *entries = atomic_load(chunk);
    if (!entries && make) {
        struct poller_fd *made = calloc(CHUNK, sizeof *made);
        if (!made)
            return NULL;
        atomic_store(&table_used, true);
        if (atomic_compare_exchange_strong(chunk, &entries, made))
            entries = made;
        else
            free(made);
    }
    return entries ? &entries[fd % CHUNK] : NULL;
}

void poller_reset(void)
{
    if (!atomic_exchange(&table_used, false))
        return;
    for (int i = 0; i < CHUNKS; i++)
        free(atomic_exchange(&table[i], NULL));
}

bool poller_open(struct worker *worker)
{
    if (worker->epoll >= 0)
        return true;
    worker->batch = calloc(1, sizeof *worker->batch);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* Edge-triggered: each ring is one event, and nobody has to read the counter. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (worker->batch && worker->epoll >= 0 && worker->doorbell >= 0 &&
        epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->doorbell, &event) == 0)
        return true;
    int error = errno;
    poller_close(worker);
    errno = error;
    return false;
}

void poller_close(struct worker *worker)
{
    free(worker->batch);
    worker->batch = NULL;
    if (worker->epoll >= 0)
        close(worker->epoll);
    if (worker->doorbell >= 0)
        close(worker->doorbell);
    worker->epoll = worker->doorbell = -1;
}

/* --- events ----------------------------------------------------------------------------------- */

static void fd_is_ready(uint64_t data)
{
    struct poller_fd *entry = entry_of((int)(uint32_t)data, false);
    if (!entry)
        return;
    struct co *co = NULL;
    lock_take(&entry->lock);
    struct waiter *waiter = entry->waiter;
    if (waiter && entry->turn == (data >> 32 & TURN_MASK)) {
        entry->waiter = NULL;
        if (wait_claim(waiter->wait, waiter->index))
            co = waiter->co;
    }
    lock_drop(&entry->lock);
    if (co)
        co_ready(co);
}

UNSANITIZED static void handle(struct worker *worker, struct epoll_event *event)
{
    if (event->data.u64 & FD_TAG) {
        fd_is_ready(event->data.u64);
    } else if (event->data.ptr) {
        struct worker_watch *watch = event->data.ptr;
        sanitize_acquire(watch);
        sanitize_acquire(&worker->own);
        watch->hung_up |= (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        watch->fn(watch->arg); /* *watch may be gone after this */
        sanitize_release(&worker->own);
        sanitize_release(worker->batch);
    }
}

/* Before Linux 5.11, and under Valgrind, waits are rounded up to milliseconds. */
UNSANITIZED static int wait_for_ms(struct worker *worker, int64_t timeout_ns)
{
    int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + CLOCK_MS - 1) / CLOCK_MS;
    return epoll_wait(
        worker->epoll, worker->batch->events, EVENTS_MAX, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

UNSANITIZED static int wait_for_events(struct worker *worker, int64_t timeout_ns)
{
    static _Atomic bool only_ms;
    struct timespec time = {.tv_sec = timeout_ns / CLOCK_S, .tv_nsec = timeout_ns % CLOCK_S};
    int n = -1;
    if (!atomic_load_explicit(&only_ms, memory_order_relaxed)) {
        n = epoll_pwait2(
            worker->epoll, worker->batch->events, EVENTS_MAX, timeout_ns < 0 ? NULL : &time, NULL);
        if (n < 0 && errno == ENOSYS)
            atomic_store_explicit(&only_ms, true, memory_order_relaxed);
    }
    if (n < 0 && atomic_load_explicit(&only_ms, memory_order_relaxed))
        n = wait_for_ms(worker, timeout_ns);
    ensure(n >= 0 || errno == EINTR);
    return n;
}

UNSANITIZED void poller_poll(struct worker *worker, int64_t timeout_ns)
{
    if (worker->epoll < 0)
        return; /* a seeded run that has waited for nothing outside */
    int n = wait_for_events(worker, timeout_ns);
    worker->batch->count = n < 0 ? 0 : n;
    for (worker->batch->at = 0; worker->batch->at < worker->batch->count; worker->batch->at++)
        handle(worker, &worker->batch->events[worker->batch->at]);
    worker->batch->count = 0;
}

/* --- watches ---------------------------------------------------------------------------------- */

UNSANITIZED int worker_watch_start(struct worker_watch *watch)
{
    struct worker *worker = worker_self();
    ensure(worker);
    sanitize_release(watch);
    struct epoll_event event = {.events = EPOLLIN | (watch->edge ? EPOLLET | EPOLLRDHUP : 0) |
                                          (watch->writable ? EPOLLOUT : 0),
        .data.ptr = watch};
    if (!poller_open(worker) || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, watch->fd, &event) != 0)
        return errno;
    worker_count_outside(worker, 1);
    return 0;
}

UNSANITIZED void worker_watch_stop(struct worker_watch *watch)
{
    struct worker *worker = worker_self();
    ensure(worker);
    epoll_ctl(worker->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    worker_count_outside(worker, -1);
    for (int i = worker->batch->at; i < worker->batch->count; i++) /* fetched, not yet handled */
        if (worker->batch->events[i].data.ptr == watch)
            worker->batch->events[i].data.ptr = NULL;
    sanitize_acquire(worker->batch);
}

/* --- waiting for a descriptor ----------------------------------------------------------------- */

/* Register it with this worker for one event. The caller is the only one that waits for it. */
static int arm(struct poller_fd *entry, struct worker *worker, int fd, unsigned events)
{
    struct epoll_event event = {
        /* Not RDHUP for a writer: a peer that only reads on would keep it from ever waiting. */
        .events = EPOLLONESHOT | (events & POLLER_READ ? EPOLLIN | EPOLLRDHUP : 0) |
                  (events & POLLER_WRITE ? EPOLLOUT : 0),
        .data.u64 = FD_TAG | (uint64_t)entry->turn << 32 | (uint32_t)fd,
    };
    if (!poller_open(worker))
        return errno;
    if (entry->home && entry->home != worker)
        epoll_ctl(entry->home->epoll, EPOLL_CTL_DEL, fd, NULL);
    int op = entry->home == worker ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    entry->home = worker;
    if (epoll_ctl(worker->epoll, op, fd, &event) == 0)
        return 0;
    if (errno != ENOENT && errno != EEXIST) {
        entry->home = NULL;
        return errno;
    }
    /* It was closed, and perhaps opened again, without poller_forget(). */
    op = op == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return epoll_ctl(worker->epoll, op, fd, &event) == 0 ? 0 : errno;
}

static int begin_wait(struct poller_fd *entry, struct waiter *waiter, int fd, unsigned events)
{
    lock_take(&entry->lock);
    int error = entry->waiter ? EBUSY : 0;
    if (!error) {
        entry->turn = (entry->turn + 1) & TURN_MASK;
        error = arm(entry, worker_self(), fd, events);
    }
    if (!error)
        entry->waiter = waiter;
    lock_drop(&entry->lock);
    return error;
}

static void end_wait(struct poller_fd *entry, struct waiter *waiter)
{
    lock_take(&entry->lock);
    if (entry->waiter == waiter)
        entry->waiter = NULL;
    lock_drop(&entry->lock);
}

UNSANITIZED static bool commit_wait(struct co *co, void *context)
{
    (void)co;
    context_enlisted(context);
    return true;
}

enum poller_status poller_wait(struct context *context, int fd, unsigned events)
{
    struct wait wait = {WAIT_OPEN};
    struct waiter by_fd = {.co = co_current(), .wait = &wait, .index = BY_FD};
    struct waiter by_context = {.co = co_current(), .wait = &wait, .index = BY_CONTEXT};
    struct poller_fd *entry = entry_of(fd, true);
    int error = entry ? begin_wait(entry, &by_fd, fd, events) : EBADF;
    if (error) {
        errno = error;
        return POLLER_FAILED;
    }

    /* Two waiters, one wait: the descriptor's and the context's; the first to claim it wins. */
    if (!context_enlist(context, &by_context)) {
        end_wait(entry, &by_fd);
        return POLLER_CANCELLED;
    }

    /* While it waits, something from outside can still wake it: no deadlock. */
    struct worker *worker = worker_self();
    worker_count_outside(worker, 1);
    co_park("descriptor", commit_wait, context);
    worker_count_outside(worker, -1);
    context_delist(context, &by_context);
    end_wait(entry, &by_fd);
    if (by_fd.status) {
        errno = by_fd.status;
        return POLLER_FAILED;
    }
    return atomic_load(&wait.taken) == BY_FD ? POLLER_READY : POLLER_CANCELLED;
}

/* A coroutine that still waits for it is told EBADF. */
void poller_forget(int fd)
{
    struct poller_fd *entry = entry_of(fd, false);
    if (!entry)
        return;
    struct co *co = NULL;
    lock_take(&entry->lock);
    if (entry->home)
        epoll_ctl(entry->home->epoll, EPOLL_CTL_DEL, fd, NULL);
    entry->home = NULL;
    entry->turn = (entry->turn + 1) & TURN_MASK;
    struct waiter *waiter = entry->waiter;
    entry->waiter = NULL;
    if (waiter && wait_claim(waiter->wait, waiter->index)) {
        waiter->status = EBADF;
        co = waiter->co;
    }
    lock_drop(&entry->lock);
    if (co)
        co_ready(co);
}
