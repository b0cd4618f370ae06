/* SPDX-License-Identifier: MIT */
/*
 * The owner strategy: do not share memory, pass messages. One coroutine owns all accounts of the
 * ledger; a section travels to it over a channel as a job and runs there. No account is locked,
 * because no other coroutine ever looks at one.
 *
 * The protocol of a job: it lies on the stack of the coroutine that sends it, which then waits for
 * `done`. After that the owner does not look at it again.
 */
#include "ledger/strategy/strategy.h"

#include <stdlib.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/schedule.h"
#include "coro/waitgroup.h"

enum {
    OWNER_QUEUE = 1024, /* jobs on their way; beyond that the senders park */
};

struct owner {
    struct strategy strategy;
    struct co_chan *jobs; /* of struct job * */
    struct co_waitgroup running;
};

struct job {
    void (*section)(void *arg);
    void *arg;
    struct co_waitgroup done;
};

static void owner_main(void *arg)
{
    struct owner *owner = arg;
    struct job *job;
    while (co_schedule_mark("the next job"), co_chan_recv(owner->jobs, &job) == CO_CHAN_OK) {
        job->section(job->arg);
        co_waitgroup_done(&job->done);
    }
    co_waitgroup_done(&owner->running);
}

static struct strategy *owner_make(void)
{
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        return NULL;
    owner->strategy.kind = &owner_strategy;
    owner->jobs = co_chan_make(sizeof(struct job *), OWNER_QUEUE);
    co_waitgroup_add(&owner->running, 1);
    if (owner->jobs && co_spawn_named("ledger owner", owner_main, owner))
        return &owner->strategy;
    if (owner->jobs)
        co_chan_free(&owner->jobs);
    free(owner);
    return NULL;
}

static void owner_run(struct strategy *strategy, struct account *const *accounts, size_t count,
    void (*section)(void *arg), void *arg)
{
    (void)accounts, (void)count; /* the owner owns them all */
    struct owner *owner = (struct owner *)strategy;
    struct job job = {.section = section, .arg = arg}, *message = &job;
    co_waitgroup_add(&job.done, 1);
    co_schedule_mark("the job is sent");
    enum co_chan_status sent = co_chan_send(owner->jobs, &message);
    co_ensure(sent == CO_CHAN_OK); /* it is closed only when nobody uses the ledger any more */
    co_schedule_mark("until it has run");
    co_waitgroup_wait(&job.done);
}

static void owner_free(struct strategy *strategy)
{
    struct owner *owner = (struct owner *)strategy;
    co_ensure(co_chan_close(owner->jobs));
    co_waitgroup_wait(&owner->running);
    co_chan_free(&owner->jobs);
    free(owner);
}

static void owner_read_figures(struct strategy *strategy, struct strategy_figures *figures)
{
    struct owner *owner = (struct owner *)strategy;
    figures->waiting = (uint32_t)co_chan_len(owner->jobs);
    figures->capacity = (uint32_t)co_chan_cap(owner->jobs);
}

const struct strategy_kind owner_strategy = {.name = "owner",
    .how = "One coroutine owns all accounts; whatever is to be decided is sent to it over a "
           "channel, and it decides one after the other.",
    .make = owner_make,
    .run = owner_run,
    .free = owner_free,
    .read_figures = owner_read_figures};
