/* SPDX-License-Identifier: MIT */
/*
 * Whole audits. One takes long and a connection, so it is a job in a coroutine of its own: one at a
 * time in a service, without a time limit, until it is done or its ledger closes. The last
 * AUDIT_JOBS_KEPT of them are remembered, in memory.
 */
#ifndef SERVER_API_AUDIT_JOBS_H
#define SERVER_API_AUDIT_JOBS_H

#include <stdint.h>

#include "coro/mutex.h"
#include "ledger/audit/audit_replay.h"
#include "ledger/domain/money.h"
#include "server/text/log_request.h"

enum { AUDIT_JOBS_KEPT = 16 };

struct audit_jobs;
struct banks;
struct ledger;

enum audit_job_state { AUDIT_JOB_RUNNING, AUDIT_JOB_DONE, AUDIT_JOB_FAILED, AUDIT_JOB_STOPPED };

struct audit_job {
    struct audit_jobs *jobs;
    struct banks *banks;
    struct ledger *ledger;                        /* entered while it runs */
    char *name;                                   /* the ledger's */
    char id[MONEY_TEXT], request[LOG_REQUEST_ID]; /* the latter: which one began it */
    enum audit_job_state state;
    int64_t started_us, ended_us; /* ended: 0 while it runs */
    struct audit_progress progress;
    struct audit_report report; /* the job's own while it runs */
};

/* All zero: none yet. */
struct audit_jobs {
    struct co_mutex mutex; /* guards what follows, and what a job says but for its progress */
    struct audit_job *kept[AUDIT_JOBS_KEPT]; /* in turn; NULL: not used yet */
    uint64_t started;
    int64_t last_id;
};

/* After the bank was closed: no job runs any more. */
void audit_jobs_free(struct audit_jobs *jobs);

/* The following are called under the mutex, as is the job looked at that they return. */

/* The one that runs; NULL: none does. */
struct audit_job *audit_jobs_running(const struct audit_jobs *jobs);

/* Start one of the ledger, which the caller has entered, of the banks, while none runs. NULL:
 * memory is short. */
CO_MUST_CHECK struct audit_job *audit_jobs_start(
    struct audit_jobs *jobs, struct banks *banks, struct ledger *ledger, const char *name);

/* Of the ledger of that name; NULL: there is none such, or it is forgotten. */
struct audit_job *audit_jobs_find(const struct audit_jobs *jobs, const char *name, const char *id);

#endif
