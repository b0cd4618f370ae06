/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - A job that runs is the one that was started last, so none that runs is ever replaced.
 * - It has entered its ledger, and says how it ended before it leaves: once the bank is closed no
 *   job touches this any more. Once it has said so it may be replaced, and is not looked at.
 */
#include "server/api/audit_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/context.h"
#include "ledger/bank/banks_elsewhere.h"
#include "ledger/ledger.h"
#include "server/text/log.h"

static void free_job(struct audit_job **job)
{
    if (*job)
        free((*job)->name);
    free(*job);
    *job = NULL;
}

void audit_jobs_free(struct audit_jobs *jobs)
{
    for (size_t i = 0; i < AUDIT_JOBS_KEPT; i++)
        free_job(&jobs->kept[i]);
}

static void run_job(void *arg)
{
    struct audit_job *job = arg;
    struct audit_jobs *jobs = job->jobs;
    struct ledger *ledger = job->ledger;
    struct co_context *open = ledger_open_context(ledger);
    struct log_request logged;
    log_request_begin(&logged, job->request);
    enum ledger_status status = ledger_audit(open, ledger, &job->progress, &job->report);
    if (status == LEDGER_OK && !banks_audit(open, job->banks, job->name, &job->report))
        status = LEDGER_UNAVAILABLE;
    /* A ledger that closes stops its audit, which is not a failure of it. */
    enum audit_job_state ended =
        co_context_err(open) == CO_CONTEXT_OK ? AUDIT_JOB_FAILED : AUDIT_JOB_STOPPED;
    /* In the log as well, for nobody may ever ask for the report. */
    if (status == LEDGER_OK && job->report.found > 0)
        log_error("the audit %s of %s found the journal wrong: %.*s", job->id, job->name,
            (int)strcspn(job->report.text, "\n"), job->report.text);
    log_request_end(&logged);
    /* The last look at the job: from here on it may be replaced. */
    co_mutex_lock(&jobs->mutex);
    job->state = status == LEDGER_OK ? AUDIT_JOB_DONE : ended;
    job->ended_us = co_clock_wall_us();
    co_mutex_unlock(&jobs->mutex);
    ledger_leave(ledger);
}

static struct audit_job *make_job(struct audit_jobs *jobs, struct ledger *ledger, const char *name)
{
    struct audit_job *job = calloc(1, sizeof *job);
    if (!job || !(job->name = strdup(name))) {
        free_job(&job);
        return NULL;
    }
    job->jobs = jobs;
    job->ledger = ledger;
    job->started_us = co_clock_wall_us();
    (void)log_request_current(job->request);
    /* Its id is the time, so that none is given twice, not after a restart either. */
    int64_t id = job->started_us > jobs->last_id ? job->started_us : jobs->last_id + 1;
    money_format(id, job->id);
    jobs->last_id = id;
    /* How far it has to go, for those who ask before it has begun. */
    atomic_store(&job->progress.seq, ledger_durable_seq(ledger));
    return job;
}

struct audit_job *audit_jobs_start(
    struct audit_jobs *jobs, struct banks *banks, struct ledger *ledger, const char *name)
{
    struct audit_job *job = make_job(jobs, ledger, name);
    if (!job)
        return NULL;
    job->banks = banks;
    /* Keeps the ledger open until the job has ended. */
    ledger_enter(ledger);
    if (!co_spawn_named("audit", run_job, job)) {
        ledger_leave(ledger);
        free_job(&job);
        return NULL;
    }
    /* The oldest one makes room. */
    struct audit_job **place = &jobs->kept[jobs->started++ % AUDIT_JOBS_KEPT];
    free_job(place);
    *place = job;
    return job;
}

struct audit_job *audit_jobs_running(const struct audit_jobs *jobs)
{
    struct audit_job *last =
        jobs->started ? jobs->kept[(jobs->started - 1) % AUDIT_JOBS_KEPT] : NULL;
    return last && last->state == AUDIT_JOB_RUNNING ? last : NULL;
}

struct audit_job *audit_jobs_find(const struct audit_jobs *jobs, const char *name, const char *id)
{
    struct audit_job *found = NULL;
    for (size_t i = 0; i < AUDIT_JOBS_KEPT; i++) {
        struct audit_job *job = jobs->kept[i];
        /* Jobs of one ledger are not to be seen in another. */
        if (job && strcmp(job->id, id) == 0 && strcmp(job->name, name) == 0)
            found = job;
    }
    return found;
}
