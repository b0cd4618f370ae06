/* SPDX-License-Identifier: MIT */
/* Invariant: a session is in `resting`, or with the one coroutine that has it, and a permit of
 * `places`. Whoever has one of the background has a permit of `background`, and took that first. */
#include "ledger/db/errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/duty.h"
#include "coro/eventcount.h"
#include "coro/lock.h"
#include "coro/semaphore.h"

static const int64_t rest_ns = ERRANDS_REST_MS * CO_CLOCK_MS;

struct resting {
    struct pg *pg;
    int64_t since_ns;
};

struct errands {
    char *conninfo;
    enum pg_use use;
    struct co_semaphore places, background;
    struct co_eventcount rested; /* how often one came to rest */
    struct co_duty closing;
    struct co_lock lock; /* of these: */
    uint64_t times;      /* for `rested` */
    size_t count;
    struct resting resting[ERRANDS]; /* the one that came last is the last */
};

/* ---- those that nobody has ----------------------------------------------------------------- */

static void rest(struct errands *errands, struct pg *pg)
{
    co_lock_take(&errands->lock);
    errands->resting[errands->count++] = (struct resting){pg, co_clock_now_ns()};
    uint64_t times = ++errands->times;
    co_lock_drop(&errands->lock);
    co_eventcount_advance(&errands->rested, times);
}

/* The one that came last, so that those that are not needed can be closed; NULL: none is there. */
static struct pg *wake(struct errands *errands)
{
    co_lock_take(&errands->lock);
    struct pg *pg = errands->count > 0 ? errands->resting[--errands->count].pg : NULL;
    co_lock_drop(&errands->lock);
    return pg;
}

/* The one that came first, if that was at that time or before; NULL: there is none. */
static struct pg *take_out(struct errands *errands, int64_t since_ns)
{
    struct pg *pg = NULL;
    co_lock_take(&errands->lock);
    if (errands->count > 0 && errands->resting[0].since_ns <= since_ns) {
        pg = errands->resting[0].pg;
        errands->count--;
        memmove(errands->resting, errands->resting + 1, errands->count * sizeof *errands->resting);
    }
    co_lock_drop(&errands->lock);
    return pg;
}

static bool has_resting(struct errands *errands)
{
    co_lock_take(&errands->lock);
    bool has = errands->count > 0;
    co_lock_drop(&errands->lock);
    return has;
}

static void close_unwanted(void *arg)
{
    struct errands *errands = arg;
    struct pg *pg;
    uint64_t seen = 0;
    while (co_eventcount_await(errands->closing.running, &errands->rested, seen + 1) ==
           CO_EVENTCOUNT_REACHED) {
        seen = co_eventcount_read(&errands->rested);
        while (has_resting(errands) && co_duty_rest(&errands->closing, rest_ns))
            while ((pg = take_out(errands, co_clock_now_ns() - rest_ns)))
                pg_close(&pg);
    }
}

/* ---- making and freeing -------------------------------------------------------------------- */

struct errands *errands_make(const char *conninfo, enum pg_use use)
{
    struct errands *errands = calloc(1, sizeof *errands);
    if (!errands)
        return NULL;
    errands->use = use;
    errands->conninfo = strdup(conninfo);
    if (!errands->conninfo ||
        !co_duty_start("errands", &errands->closing, close_unwanted, errands)) {
        errands_free(&errands);
        return NULL;
    }
    co_semaphore_release(&errands->places, ERRANDS);
    co_semaphore_release(&errands->background, ERRANDS_BACKGROUND);
    return errands;
}

void errands_free(struct errands **errands)
{
    struct errands *freed = *errands;
    struct pg *pg;
    *errands = NULL;
    if (!freed)
        return;
    co_duty_stop(&freed->closing);
    while ((pg = wake(freed)))
        pg_close(&pg);
    free(freed->conninfo);
    free(freed);
}

/* ---- an errand ----------------------------------------------------------------------------- */

static bool have_place(struct co_context *context, struct errands *errands, enum errand kind)
{
    bool behind = kind == ERRAND_IN_BACKGROUND;
    if (behind && !co_semaphore_acquire(context, &errands->background, 1))
        return false;
    if (co_semaphore_acquire(context, &errands->places, 1))
        return true;
    if (behind)
        co_semaphore_release(&errands->background, 1);
    return false;
}

static void leave_place(struct errands *errands, enum errand kind)
{
    co_semaphore_release(&errands->places, 1);
    if (kind == ERRAND_IN_BACKGROUND)
        co_semaphore_release(&errands->background, 1);
}

struct pg *errands_begin(
    struct co_context *context, struct errands *errands, enum errand kind, char *error, size_t size)
{
    snprintf(error, size, "the time for it was over");
    if (!have_place(context, errands, kind))
        return NULL;
    struct pg *pg = wake(errands);
    if (!pg)
        pg = pg_connect_for(context, errands->conninfo, errands->use, error, size);
    if (pg)
        pg_bound(pg, ERRANDS_SILENCE_S * CO_CLOCK_S);
    else
        leave_place(errands, kind);
    return pg;
}

void errands_end(struct errands *errands, enum errand kind, struct pg **pg)
{
    struct pg *had = *pg;
    *pg = NULL;
    if (!had)
        return;
    /* What is left in the middle of something is of no use to others; nor is what has failed, which
     * whoever tries again at once would have again. */
    if (pg_is_at_rest(had) && *pg_message(had) == '\0')
        rest(errands, had);
    else
        pg_close(&had);
    leave_place(errands, kind);
}
