/* SPDX-License-Identifier: MIT */
/*
 * The owner strategy: do not share memory, pass messages. One coroutine owns all accounts of the
 * ledger; a section travels to it over a channel as a job and runs there. No account is locked,
 * because nobody else ever looks at one.
 *
 * The protocol of a job: its coroutine parks, and only then is the job sent, so that the owner
 * cannot make the coroutine ready before it has parked. The job lies on the parked stack; after
 * co_ready() the owner does not look at it again.
 */
#include "ledger/strategy.h"

#include <stdlib.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/waitgroup.h"

enum {
    OWNER_QUEUE = 16384
}; /* jobs on their way; beyond that the senders yield until there is room */

struct owner {
    struct strategy strategy;
    struct chan *jobs; /* of struct job * */
    struct waitgroup running;
};

struct job {
    void (*section)(void *arg);
    void *arg;
    struct chan *jobs;
    struct co *requester;
    bool sent;
};

static void owner_main(void *arg)
{
    struct owner *owner = arg;
    struct job *job;
    while (chan_recv(owner->jobs, &job) == CHAN_OK) {
        struct co *requester = job->requester;
        job->section(job->arg);
        co_ready(requester);
    }
    waitgroup_done(&owner->running);
}

static struct strategy *owner_make(void)
{
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        return NULL;
    owner->strategy.kind = &owner_strategy;
    owner->jobs = chan_make(sizeof(struct job *), OWNER_QUEUE);
    waitgroup_add(&owner->running, 1);
    if (owner->jobs && co_spawn_named("ledger owner", owner_main, owner))
        return &owner->strategy;
    if (owner->jobs)
        chan_free(&owner->jobs);
    free(owner);
    return NULL;
}

static bool send_job(struct co *co, void *arg)
{
    struct job *job = arg;
    job->requester = co;
    /* From the moment it is sent the job may be done and gone: note it before, not after. */
    job->sent = true;
    if (chan_try_send(job->jobs, &job) == CHAN_OK)
        return true;
    job->sent = false;
    return false;
}

static void owner_run(struct strategy *strategy, struct account *const *accounts, size_t count,
    void (*section)(void *arg), void *arg)
{
    (void)accounts, (void)count; /* the owner owns them all */
    struct owner *owner = (struct owner *)strategy;
    struct job job = {.section = section, .arg = arg, .jobs = owner->jobs};
    for (;;) {
        co_park("ledger owner", send_job, &job);
        if (job.sent)
            return;
        co_yield ();
    }
}

static void owner_free(struct strategy *strategy)
{
    struct owner *owner = (struct owner *)strategy;
    ensure(chan_close(owner->jobs));
    waitgroup_wait(&owner->running);
    chan_free(&owner->jobs);
    free(owner);
}

const struct strategy_kind owner_strategy = {"owner", owner_make, owner_run, owner_free};
