/* SPDX-License-Identifier: MIT */
/*
 * Audits. What the auditor in the background says is answered at once. A whole audit takes long and
 * a connection, so it is a job in a coroutine of its own: one at a time in a service, without a
 * time limit, until it is done or its ledger closes. The last AUDITS_KEPT of them are remembered,
 * in memory.
 */
#ifndef SERVER_API_AUDITS_H
#define SERVER_API_AUDITS_H

#include <stdint.h>

#include "coro/mutex.h"

enum { AUDITS_KEPT = 16 };

struct audits_job;
struct request;
struct response;

/* All zero: none yet. */
struct audits {
    struct mutex mutex; /* guards what follows, and what a job says but for its progress */
    struct audits_job *jobs[AUDITS_KEPT]; /* in turn; NULL: not used yet */
    uint64_t started;
    int64_t last_id;
};

/* After the bank was closed: no job runs any more. */
void audits_free(struct audits *audits);

void audits_now(struct request *request, struct response *response);
void audits_post(struct request *request, struct response *response);
void audits_get(struct request *request, struct response *response);

#endif
