/* SPDX-License-Identifier: MIT */
/*
 * A read-write lock: many may read together, one may write alone. The readers below sleep while
 * they hold it, and still are done in about the time of one; none sees a pair that is half written.
 *
 *     mu.RLock(); defer mu.RUnlock(); … mu.Lock(); defer mu.Unlock()
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/rwmutex.h"
#include "coro/waitgroup.h"

enum { READERS = 50, WRITERS = 3 };

static struct {
    struct co_rwmutex lock;
    int debit, credit; /* equal to whoever looks with the lock held */
} books;
static struct co_waitgroup all;
static atomic_int unequal, reading;
static atomic_bool together;

static void read_books(void *arg)
{
    (void)arg;
    co_rwmutex_read_lock(&books.lock);
    int debit = books.debit;
    atomic_fetch_add(&reading, 1);
    co_sleep(10 * CO_CLOCK_MS);
    if (atomic_fetch_sub(&reading, 1) > 1)
        atomic_store(&together, true);
    if (debit != books.credit)
        atomic_fetch_add(&unequal, 1);
    co_rwmutex_read_unlock(&books.lock);
    co_waitgroup_done(&all);
}

static void write_books(void *arg)
{
    (void)arg;
    co_rwmutex_write_lock(&books.lock);
    books.debit++;
    co_yield();
    books.credit++;
    co_rwmutex_write_unlock(&books.lock);
    co_waitgroup_done(&all);
}

static void program(void *arg)
{
    (void)arg;
    co_waitgroup_add(&all, READERS + WRITERS);
    for (int i = 0; i < READERS; i++) {
        co_ensure(co_spawn(read_books, NULL));
        if (i % (READERS / WRITERS) == 1 && i < READERS - 2)
            co_ensure(co_spawn(write_books, NULL));
    }
    co_waitgroup_wait(&all);
    printf("%d readers, %d writers, %d saw the books unequal\n", READERS, books.credit,
        atomic_load(&unequal));
    printf("readers together: %s\n", atomic_load(&together) ? "yes" : "no");
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
