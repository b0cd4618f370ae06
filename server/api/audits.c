/* SPDX-License-Identifier: MIT */
#include "server/api/audits.h"

#include <string.h>

#include "ledger/audit/audit_replay.h"
#include "server/api/api.h"
#include "server/api/body.h"

static const struct problem not_found = {404, "audit_not_found", "There is no such audit."},
                            is_running = {
                                409, "audit_running", "Another audit is running: one at a time."};

/* ---- answers ------------------------------------------------------------------------------- */

static void write_findings(struct call *call, struct json_out *out, const char *text)
{
    json_out_key(out, "findings");
    json_out_open(out, '[');
    char *rest = arena_copy(call->arena, text, strlen(text));
    /* A report is text of a finding a line, since the command prints it so. */
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

/* Why it did not come to its end. */
static void write_reason(struct json_out *out, const struct audit_job *job)
{
    json_out_key(out, "reason");
    if (job->state == AUDIT_JOB_STOPPED)
        json_out_text(out, "the ledger was closed here");
    else if (job->state == AUDIT_JOB_FAILED)
        json_out_text(out, *job->report.reason ? job->report.reason : "no reason given");
    else
        json_out_json(out, NULL);
}

/* What it found; of one that is not done nothing is known. */
static void write_result(struct call *call, struct json_out *out, const struct audit_job *job)
{
    bool done = job->state == AUDIT_JOB_DONE;
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
    write_findings(call, out, done ? job->report.text : "");
    json_out_key(out, "figures");
    if (done)
        write_figures(out, &job->report);
    else
        json_out_json(out, NULL);
}

static void answer_job(struct call *call, struct audit_job *job, uint64_t durable)
{
    static const char *const states[] = {[AUDIT_JOB_RUNNING] = "running",
        [AUDIT_JOB_DONE] = "done",
        [AUDIT_JOB_FAILED] = "failed",
        [AUDIT_JOB_STOPPED] = "stopped"};
    /* Read before `seq`, which only rises. */
    uint64_t checked = atomic_load(&job->progress.checked_seq);
    uint64_t seq = job->state == AUDIT_JOB_DONE ? job->report.seq : atomic_load(&job->progress.seq);
    struct json_out out;
    json_out_begin(&out, call->arena);
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
    write_reason(&out, job);
    write_result(call, &out, job);
    json_out_close(&out, '}');
    call_ok(call, &out, durable);
}

/* The path of a job, of whichever ledger. */
static const char *path_of(struct call *call, const struct audit_job *job)
{
    struct json_out path;
    json_out_begin(&path, call->arena);
    /* Not call_path(): the running job may be of another ledger. */
    json_out_raw(&path, "/v1/ledgers/", 12);
    json_out_raw(&path, job->name, strlen(job->name));
    json_out_raw(&path, "/audits/", 8);
    json_out_raw(&path, job->id, strlen(job->id) + 1);
    return path.text;
}

/* ---- handlers ------------------------------------------------------------------------------ */

/* Where the chain of hashes stands: who keeps it can tell that nothing before it was altered. */
static void write_chain(struct json_out *out, const struct ledger_figures *figures)
{
    char hex[2 * HASH_CHAIN + 1];
    json_out_key(out, "chain");
    if (figures->chain_seq == 0) {
        json_out_json(out, NULL);
        return;
    }
    hash_to_hex(figures->chain, sizeof figures->chain, hex);
    json_out_open(out, '{');
    json_out_key(out, "seq");
    json_out_number(out, figures->chain_seq);
    json_out_key(out, "hash");
    json_out_text(out, hex);
    json_out_close(out, '}');
}

void audits_now(struct call *call)
{
    struct ledger_figures figures;
    struct json_out out;
    ledger_read_figures(call->ledger, &figures);
    json_out_begin(&out, call->arena);
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
    /* The journal's auditor has stopped writes then, and says why. */
    bool wrong = figures.audit_mismatches > 0;
    if (wrong)
        json_out_number(&out, figures.audit_wrong_seq);
    else
        json_out_json(&out, NULL);
    write_chain(&out, &figures);
    write_findings(call, &out, wrong ? ledger_audit_findings(call->ledger) : "");
    json_out_close(&out, '}');
    call_ok(call, &out, figures.durable_seq);
}

void audits_post(struct call *call)
{
    struct audit_jobs *jobs = &call->api->audit_jobs;
    struct body body;
    if (!body_read(call, BODY_NOTHING, &body))
        return;
    uint64_t durable = ledger_durable_seq(call->ledger);
    /* Looking for a running one and starting another is one step. */
    co_mutex_lock(&jobs->mutex);
    struct audit_job *job = audit_jobs_running(jobs);
    /* Audits read the whole journal: two would only slow each other down. */
    if (job && !token_grant_has_ledger(&call->grant, job->name)) {
        call_refuse_as(call, &is_running, NULL); /* which is not this token's business */
    } else if (job) {
        call_refuse_as(call, &is_running, "Location says which.");
        call->location = path_of(call, job);
    } else if ((job = audit_jobs_start(jobs, call->api->banks, call->ledger, call->path.ledger))) {
        answer_job(call, job, durable);
        call->response->status = 202;
        call->location = path_of(call, job);
    } else {
        call_refuse_short(call);
    }
    co_mutex_unlock(&jobs->mutex);
}

void audits_get(struct call *call)
{
    struct audit_jobs *jobs = &call->api->audit_jobs;
    uint64_t durable = ledger_durable_seq(call->ledger);
    /* A job that was found may be replaced once this is let go. */
    co_mutex_lock(&jobs->mutex);
    struct audit_job *job = audit_jobs_find(jobs, call->path.ledger, call->path.id);
    if (job)
        answer_job(call, job, durable);
    else
        call_refuse_as(call, &not_found, NULL);
    co_mutex_unlock(&jobs->mutex);
}
