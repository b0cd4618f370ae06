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
#include "coro/trace_events_private.h"

enum { EVENTS_MAX = 64, CHUNK = 1024, CHUNKS = 1024 };
enum { BY_FD, BY_CONTEXT };
#define FD_TAG (UINT64_C(1) << 63) /* else the event's data is a struct co_worker_watch */
#define TURN_MASK UINT32_C(0x7fffffff)

struct poller_fd {
    struct co_lock lock;
    uint32_t turn; /* the number of the wait */
    struct co_waiter *waiter;
    struct co_worker *home; /* in whose epoll it is registered */
};

struct co_poller_batch {
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

void co_poller_reset(void)
{
    if (!atomic_exchange(&table_used, false))
        return;
    for (int i = 0; i < CHUNKS; i++)
        free(atomic_exchange(&table[i], NULL));
}

bool co_poller_open(struct co_worker *worker)
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
    co_poller_close(worker);
    errno = error;
    return false;
}

void co_poller_close(struct co_worker *worker)
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
    co_lock_take(&entry->lock);
    struct co_waiter *waiter = entry->waiter;
    if (waiter && entry->turn == (data >> 32 & TURN_MASK)) {
        entry->waiter = NULL;
        if (co_wait_claim(waiter->wait, waiter->index))
            co = waiter->co;
    }
    co_lock_drop(&entry->lock);
    if (co)
        co_ready(co);
}

CO_UNSANITIZED static void handle(struct co_worker *worker, struct epoll_event *event)
{
    if (event->data.u64 & FD_TAG) {
        fd_is_ready(event->data.u64);
    } else if (event->data.ptr) {
        struct co_worker_watch *watch = event->data.ptr;
        co_sanitize_acquire(watch);
        co_sanitize_acquire(&worker->own);
        watch->hung_up |= (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        watch->fn(watch->arg); /* *watch may be gone after this */
        co_sanitize_release(&worker->own);
        co_sanitize_release(worker->batch);
    }
}

/* Before Linux 5.11, and under Valgrind, waits are rounded up to milliseconds. */
CO_UNSANITIZED static int wait_for_ms(struct co_worker *worker, int64_t timeout_ns)
{
    int64_t ms = timeout_ns < 0 ? -1 : (timeout_ns + CO_CLOCK_MS - 1) / CO_CLOCK_MS;
    return epoll_wait(
        worker->epoll, worker->batch->events, EVENTS_MAX, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

CO_UNSANITIZED static int wait_for_events(struct co_worker *worker, int64_t timeout_ns)
{
    static _Atomic bool only_ms;
    struct timespec time = {.tv_sec = timeout_ns / CO_CLOCK_S, .tv_nsec = timeout_ns % CO_CLOCK_S};
    int n = -1;
    if (!atomic_load_explicit(&only_ms, memory_order_relaxed)) {
        n = epoll_pwait2(
            worker->epoll, worker->batch->events, EVENTS_MAX, timeout_ns < 0 ? NULL : &time, NULL);
        if (n < 0 && errno == ENOSYS)
            atomic_store_explicit(&only_ms, true, memory_order_relaxed);
    }
    if (n < 0 && atomic_load_explicit(&only_ms, memory_order_relaxed))
        n = wait_for_ms(worker, timeout_ns);
    co_ensure(n >= 0 || errno == EINTR);
    return n;
}

CO_UNSANITIZED void co_poller_poll(struct co_worker *worker, int64_t timeout_ns)
{
    if (worker->epoll < 0)
        return; /* a seeded run that has waited for nothing outside */
    atomic_store_explicit(&worker->waits, timeout_ns != 0, memory_order_relaxed);
    if (timeout_ns != 0)
        co_trace(worker, CO_TRACE_SLEEP, NULL, NULL, 0);
    int n = wait_for_events(worker, timeout_ns);
    atomic_store_explicit(&worker->waits, false, memory_order_relaxed);
    co_count(&worker->beats);
    if (timeout_ns != 0)
        co_trace(worker, CO_TRACE_WAKE, NULL, NULL, 0);
    worker->batch->count = n < 0 ? 0 : n;
    for (worker->batch->at = 0; worker->batch->at < worker->batch->count; worker->batch->at++)
        handle(worker, &worker->batch->events[worker->batch->at]), co_count(&worker->beats);
    worker->batch->count = 0;
}

/* --- watches ---------------------------------------------------------------------------------- */

CO_UNSANITIZED int co_worker_watch_start(struct co_worker_watch *watch)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker);
    co_sanitize_release(watch);
    struct epoll_event event = {.events = EPOLLIN | (watch->edge ? EPOLLET | EPOLLRDHUP : 0) |
                                          (watch->writable ? EPOLLOUT : 0),
        .data.ptr = watch};
    if (!co_poller_open(worker) || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, watch->fd, &event) != 0)
        return errno;
    co_worker_count_outside(worker, 1);
    return 0;
}

CO_UNSANITIZED void co_worker_watch_stop(struct co_worker_watch *watch)
{
    struct co_worker *worker = co_worker_self();
    co_ensure(worker);
    epoll_ctl(worker->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    co_worker_count_outside(worker, -1);
    for (int i = worker->batch->at; i < worker->batch->count; i++) /* fetched, not yet handled */
        if (worker->batch->events[i].data.ptr == watch)
            worker->batch->events[i].data.ptr = NULL;
    co_sanitize_acquire(worker->batch);
}

/* --- waiting for a descriptor ----------------------------------------------------------------- */

/* Register it with this worker for one event. The caller is the only one that waits for it. */
static int arm(struct poller_fd *entry, struct co_worker *worker, int fd, unsigned events)
{
    struct epoll_event event = {
        /* Not RDHUP for a writer: a peer that only reads on would keep it from ever waiting. */
        .events = EPOLLONESHOT | (events & CO_POLLER_READ ? EPOLLIN | EPOLLRDHUP : 0) |
                  (events & CO_POLLER_WRITE ? EPOLLOUT : 0),
        .data.u64 = FD_TAG | (uint64_t)entry->turn << 32 | (uint32_t)fd,
    };
    if (!co_poller_open(worker))
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
    /* It was closed, and perhaps opened again, without co_poller_forget(). */
    op = op == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return epoll_ctl(worker->epoll, op, fd, &event) == 0 ? 0 : errno;
}

static int begin_wait(struct poller_fd *entry, struct co_waiter *waiter, int fd, unsigned events)
{
    co_lock_take(&entry->lock);
    int error = entry->waiter ? EBUSY : 0;
    if (!error) {
        entry->turn = (entry->turn + 1) & TURN_MASK;
        error = arm(entry, co_worker_self(), fd, events);
    }
    if (!error)
        entry->waiter = waiter;
    co_lock_drop(&entry->lock);
    return error;
}

static void end_wait(struct poller_fd *entry, struct co_waiter *waiter)
{
    co_lock_take(&entry->lock);
    if (entry->waiter == waiter)
        entry->waiter = NULL;
    co_lock_drop(&entry->lock);
}

CO_UNSANITIZED static bool commit_wait(struct co *co, void *context)
{
    (void)co;
    co_context_enlisted(context);
    return true;
}

enum co_poller_status co_poller_wait(struct co_context *context, int fd, unsigned events)
{
    struct co_wait wait = {CO_WAIT_OPEN};
    struct co_waiter by_fd = {.co = co_current(), .wait = &wait, .index = BY_FD};
    struct co_waiter by_context = {.co = co_current(), .wait = &wait, .index = BY_CONTEXT};
    struct poller_fd *entry = entry_of(fd, true);
    int error = entry ? begin_wait(entry, &by_fd, fd, events) : EBADF;
    if (error) {
        errno = error;
        return CO_POLLER_FAILED;
    }

    /* Two waiters, one wait: the descriptor's and the context's; the first to claim it wins. */
    if (!co_context_enlist(context, &by_context)) {
        end_wait(entry, &by_fd);
        return CO_POLLER_CANCELLED;
    }

    /* While it waits, something from outside can still wake it: no deadlock. */
    struct co_worker *worker = co_worker_self();
    co_worker_count_outside(worker, 1);
    co_park("descriptor", commit_wait, context);
    co_worker_count_outside(worker, -1);
    co_context_delist(context, &by_context);
    end_wait(entry, &by_fd);
    if (by_fd.status) {
        errno = by_fd.status;
        return CO_POLLER_FAILED;
    }
    return atomic_load(&wait.taken) == BY_FD ? CO_POLLER_READY : CO_POLLER_CANCELLED;
}

/* A coroutine that still waits for it is told EBADF. */
void co_poller_forget(int fd)
{
    struct poller_fd *entry = entry_of(fd, false);
    if (!entry)
        return;
    struct co *co = NULL;
    co_lock_take(&entry->lock);
    if (entry->home)
        epoll_ctl(entry->home->epoll, EPOLL_CTL_DEL, fd, NULL);
    entry->home = NULL;
    entry->turn = (entry->turn + 1) & TURN_MASK;
    struct co_waiter *waiter = entry->waiter;
    entry->waiter = NULL;
    if (waiter && co_wait_claim(waiter->wait, waiter->index)) {
        waiter->status = EBADF;
        co = waiter->co;
    }
    co_lock_drop(&entry->lock);
    if (co)
        co_ready(co);
}
