/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - A job that runs is the one that was started last, so none that runs is ever replaced.
 * - It has entered its ledger, and says how it ended before it leaves: once the bank is closed no
 *   job touches this any more. Once it has said so it may be replaced, and is not looked at.
 */
#include "server/api/audits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/audit/audit.h"
#include "server/api/api.h"
#include "server/text/json_out.h"
#include "server/text/log.h"
#include "server/http/problem.h"

enum state { RUNNING, DONE, FAILED, STOPPED };

struct audits_job {
    struct audits *audits;
    struct ledger *ledger; /* entered while it runs */
    char *name;            /* the ledger's */
    char id[MONEY_TEXT];
    enum state state;
    int64_t started_us, ended_us; /* ended: 0 while it runs */
    struct audit_progress progress;
    struct audit_report report; /* the job's own while it runs */
};

static void free_job(struct audits_job **job)
{
    if (*job)
        free((*job)->name);
    free(*job);
    *job = NULL;
}

void audits_free(struct audits *audits)
{
    for (size_t i = 0; i < AUDITS_KEPT; i++)
        free_job(&audits->jobs[i]);
}

/* ---- the job ------------------------------------------------------------------------------- */

static void run_job(void *arg)
{
    struct audits_job *job = arg;
    struct audits *audits = job->audits;
    struct ledger *ledger = job->ledger;
    struct context *open = ledger_open_context(ledger);
    enum ledger_status status = ledger_audit(open, ledger, &job->progress, &job->report);
    enum state state = context_err(open) == CONTEXT_OK ? FAILED : STOPPED;
    if (status == LEDGER_OK && job->report.found > 0)
        log_error("the audit %s of %s found the journal wrong: %.*s", job->id, job->name,
            (int)strcspn(job->report.text, "\n"), job->report.text);
    mutex_lock(&audits->mutex);
    job->state = status == LEDGER_OK ? DONE : state;
    job->ended_us = clock_wall_us();
    mutex_unlock(&audits->mutex);
    ledger_leave(ledger);
}

static struct audits_job *make_job(struct audits *audits, const struct request *request)
{
    struct audits_job *job = calloc(1, sizeof *job);
    if (!job || !(job->name = strdup(request->ledger))) {
        free_job(&job);
        return NULL;
    }
    job->audits = audits;
    job->ledger = request->served;
    job->started_us = clock_wall_us();
    return job;
}

/* Its id is the time, so that none is given twice, not after a restart either. False: memory is
 * short. */
static bool start_job(struct audits *audits, struct audits_job *job)
{
    int64_t id = job->started_us > audits->last_id ? job->started_us : audits->last_id + 1;
    money_format(id, job->id);
    atomic_store(&job->progress.seq, ledger_durable_seq(job->ledger));
    ledger_enter(job->ledger);
    if (!co_spawn_named("audit", run_job, job)) {
        ledger_leave(job->ledger);
        return false;
    }
    struct audits_job **place = &audits->jobs[audits->started++ % AUDITS_KEPT];
    free_job(place);
    *place = job;
    audits->last_id = id;
    return true;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void write_findings(struct request *request, struct json_out *out, const char *text)
{
    json_out_key(out, "findings");
    json_out_open(out, '[');
    char *rest = arena_copy(&request->arena, text, strlen(text));
    for (const char *line; (line = strsep(&rest, "\n"));)
        if (*line)
            json_out_text(out, line);
    json_out_close(out, ']');
}

static void write_figures(struct json_out *out, const struct audit_report *report)
{
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {{"entries", report->entries}, {"postings", report->postings},
        {"accounts", report->accounts}, {"batches", report->batches}, {"holds", report->holds}};
    json_out_open(out, '{');
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        json_out_key(out, figures[i].name);
        json_out_number(out, figures[i].value);
    }
    json_out_close(out, '}');
}

/* What it found; of one that is not done nothing is known. */
static void write_result(
    struct request *request, struct json_out *out, const struct audits_job *job)
{
    bool done = job->state == DONE;
    json_out_key(out, "ok");
    if (done)
        json_out_bool(out, job->report.found == 0);
    else
        json_out_json(out, NULL);
    json_out_key(out, "found");
    if (done)
        json_out_number(out, job->report.found);
    else
        json_out_json(out, NULL);
    write_findings(request, out, done ? job->report.text : "");
    json_out_key(out, "figures");
    if (done)
        write_figures(out, &job->report);
    else
        json_out_json(out, NULL);
}

static void answer_job(
    struct request *request, struct response *response, struct audits_job *job, uint64_t durable)
{
    static const char *const states[] = {
        [RUNNING] = "running", [DONE] = "done", [FAILED] = "failed", [STOPPED] = "stopped"};
    uint64_t checked = atomic_load(&job->progress.checked_seq);
    uint64_t seq = job->state == DONE ? job->report.seq : atomic_load(&job->progress.seq);
    struct json_out out;
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "id");
    json_out_text(&out, job->id);
    json_out_key(&out, "state");
    json_out_text(&out, states[job->state]);
    json_out_key(&out, "checked_seq");
    json_out_number(&out, checked);
    json_out_key(&out, "seq");
    json_out_number(&out, seq > checked ? seq : checked); /* it goes on to what has come since */
    json_out_key(&out, "started_at");
    json_out_time(&out, job->started_us);
    json_out_key(&out, "ended_at");
    if (job->ended_us)
        json_out_time(&out, job->ended_us);
    else
        json_out_json(&out, NULL);
    write_result(request, &out, job);
    json_out_close(&out, '}');
    api_ok(response, &out, durable);
}

/* The path of a job, of whichever ledger. */
static const char *path_of(struct request *request, const struct audits_job *job)
{
    struct json_out path;
    json_out_begin(&path, &request->arena);
    json_out_raw(&path, "/v1/ledgers/", 12);
    json_out_raw(&path, job->name, strlen(job->name));
    json_out_raw(&path, "/audits/", 8);
    json_out_raw(&path, job->id, strlen(job->id) + 1);
    return path.text;
}

/* ---- handlers ------------------------------------------------------------------------------ */

void audits_now(struct request *request, struct response *response)
{
    struct ledger_figures figures;
    struct json_out out;
    ledger_read_figures(request->served, &figures);
    json_out_begin(&out, &request->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "ok");
    json_out_bool(&out, figures.audit_mismatches == 0);
    json_out_key(&out, "checked_seq");
    json_out_number(&out, figures.audit_checked_seq);
    json_out_key(&out, "seq");
    json_out_number(&out, figures.durable_seq);
    json_out_key(&out, "rounds");
    json_out_number(&out, figures.audit_rounds);
    json_out_key(&out, "found");
    json_out_number(&out, figures.audit_mismatches);
    json_out_key(&out, "wrong_seq");
    bool wrong = figures.audit_mismatches > 0;
    if (wrong)
        json_out_number(&out, figures.audit_wrong_seq);
    else
        json_out_json(&out, NULL);
    write_findings(request, &out, wrong ? ledger_audit_findings(request->served) : "");
    json_out_close(&out, '}');
    api_ok(response, &out, figures.durable_seq);
}

void audits_post(struct request *request, struct response *response)
{
    static const char *const no_members[] = {NULL};
    struct audits *audits = &request->api->audits;
    if (!api_body(request, response, no_members))
        return;
    uint64_t durable = ledger_durable_seq(request->served);
    mutex_lock(&audits->mutex);
    struct audits_job *last =
        audits->started ? audits->jobs[(audits->started - 1) % AUDITS_KEPT] : NULL;
    if (last && last->state == RUNNING) {
        problem(request, response, PROBLEM_AUDIT_RUNNING, "Location says which.");
        response->location = path_of(request, last);
        mutex_unlock(&audits->mutex);
        return;
    }
    struct audits_job *job = make_job(audits, request);
    if (job && start_job(audits, job)) {
        answer_job(request, response, job, durable);
        response->status = 202;
        response->location = path_of(request, job);
    } else {
        free_job(&job);
        api_short(request, response);
    }
    mutex_unlock(&audits->mutex);
}

void audits_get(struct request *request, struct response *response)
{
    struct audits *audits = &request->api->audits;
    uint64_t durable = ledger_durable_seq(request->served);
    struct audits_job *found = NULL;
    mutex_lock(&audits->mutex);
    for (size_t i = 0; i < AUDITS_KEPT; i++) {
        struct audits_job *job = audits->jobs[i];
        if (job && strcmp(job->id, request->id) == 0 && strcmp(job->name, request->ledger) == 0)
            found = job;
    }
    if (found)
        answer_job(request, response, found, durable);
    else
        problem(request, response, PROBLEM_AUDIT_NOT_FOUND, NULL);
    mutex_unlock(&audits->mutex);
}
