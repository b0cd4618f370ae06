/* SPDX-License-Identifier: MIT */
#include "server/api/lab_calls.h"

#include <string.h>

#include "coro/clock.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/lab_request.h"
#include "server/api/packing.h"
#include "server/lab/lab_runs.h"

#define PATH "/v1/lab/runs/"

enum { WAIT_MAX_S = 10, ERROR = 400 };

static const struct problem not_found = {404, "lab_run_not_found", "There is no such run."},
                            busy = {429, "lab_busy", "Enough runs are waiting already."},
                            no_catalogue = {
                                503, "lab_unavailable", "The lab cannot be used just now."};

/* ---- answers ------------------------------------------------------------------------------- */

static const char *path_of(struct call *call, const char *id)
{
    struct json_out path;
    json_out_begin(&path, call->arena);
    json_out_raw(&path, PATH, sizeof PATH - 1);
    json_out_raw(&path, id, strlen(id) + 1);
    return path.text;
}

static void write_time(struct json_out *out, const char *name, int64_t at_us)
{
    json_out_key(out, name);
    if (at_us)
        json_out_time(out, at_us);
    else
        json_out_json(out, NULL);
}

/* Programs write what they like; what is told of it is text. */
static const char *as_text(struct call *call, const char *output, size_t length)
{
    char *text = arena_try(call->arena, length + 1);
    if (!text)
        return "";
    memcpy(text, output, length);
    text[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if ((text[i] < ' ' && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f)
            text[i] = '?';
    return text;
}

static void write_example(
    struct call *call, struct json_out *out, const struct lab_child_report *report)
{
    json_out_open(out, '{');
    json_out_key(out, "output");
    json_out_text(out, as_text(call, report->output, report->length));
    json_out_key(out, "said");
    json_out_text(out, report->said);
    json_out_key(out, "exit");
    json_out_number(out, (uint64_t)report->exit_code);
    json_out_close(out, '}');
}

/* What came of it: the result, or how it ended instead. */
static void write_report(struct call *call, struct json_out *out, const struct lab_view *view)
{
    const struct lab_child_report *report = view->report;
    if (report->how == LAB_END_RESULT) {
        json_out_key(out, "result");
        if (view->is_example)
            write_example(call, out, report);
        else
            json_out_json(out, report->output);
        return;
    }
    json_out_key(out, "ended");
    json_out_open(out, '{');
    json_out_key(out, "how");
    json_out_text(out, lab_end_names[report->how]);
    json_out_key(out, "text");
    json_out_text(out, report->text);
    json_out_key(out, "said");
    json_out_text(out, report->said);
    json_out_close(out, '}');
}

static void answer_run(struct call *call, struct lab_run *run)
{
    static const char *const states[] = {
        [LAB_WAITING] = "waiting", [LAB_RUNNING] = "running", [LAB_DONE] = "done"};
    struct lab_view view;
    struct json_out out;
    lab_runs_view(call->api->lab, run, &view);
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_key(&out, "id");
    json_out_text(&out, view.id);
    json_out_key(&out, "status");
    json_out_text(&out, states[view.state]);
    json_out_key(&out, "request");
    json_out_json(&out, view.request);
    write_time(&out, "made_at", view.made_us);
    write_time(&out, "started_at", view.started_us);
    write_time(&out, "ended_at", view.ended_us);
    if (view.state == LAB_DONE) {
        json_out_key(&out, "processor_us");
        json_out_number(&out, view.report->processor_us);
        write_report(call, &out, &view);
    }
    json_out_close(&out, '}');
    call_ok_anywhere(call, &out);
    if (call->request->method != REQUEST_POST)
        return;
    call->response->status = view.state == LAB_DONE ? 200 : 202;
    call->location = path_of(call, view.id);
}

/* ---- handlers ------------------------------------------------------------------------------ */

/* What there is to run is known. False: it is refused. */
static bool has_catalogue(struct call *call)
{
    char error[ERROR] = "";
    struct lab_runs *lab = call->api->lab;
    if (!lab) {
        call_refuse_as(call, &no_catalogue, NULL);
        return false;
    }
    bool known = lab_catalogue_load(call_context(call), lab_runs_catalogue(lab),
        lab_runs_options(lab)->program, error, sizeof error);
    if (!known)
        call_refuse_as(call, &no_catalogue, call_copy(call, error));
    return known;
}

void lab_calls_scenarios(struct call *call)
{
    if (!has_catalogue(call))
        return;
    const struct lab_catalogue *catalogue = lab_runs_catalogue(call->api->lab);
    /* Not copied: it never changes, and outlives the request. */
    call->response->status = 200;
    call->response->content_type = "application/json";
    call->response->body = catalogue->text;
    call->response->length = catalogue->length;
    packing_apply(call);
}

/* "Prefer: wait=S": at most so long until it is done. */
static void await_run(struct call *call, struct lab_run *run)
{
    int64_t wait_s = call_wait_s(call, 0, WAIT_MAX_S);
    struct co_context *until =
        wait_s > 0 ? co_context_with_timeout(co_context_background(), wait_s * CO_CLOCK_S) : NULL;
    if (!until) /* nobody asked for it, or memory is short: the answer tells where to ask */
        return;
    lab_runs_await(until, run);
    co_context_release(&until);
}

void lab_calls_post(struct call *call)
{
    struct lab_order order;
    struct lab_run *run;
    if (!has_catalogue(call) || !lab_request_read(call, lab_runs_catalogue(call->api->lab), &order))
        return;
    switch (lab_runs_add(call->api->lab, &order, &run)) {
    case LAB_ADDED:
        await_run(call, run);
        answer_run(call, run);
        lab_runs_release(call->api->lab, &run);
        break;
    case LAB_BUSY:
        call_refuse_as(call, &busy, "Two run and eight wait; try again later.");
        break;
    case LAB_SHORT:
        call_refuse_short(call);
        break;
    }
}

void lab_calls_get(struct call *call)
{
    struct lab_run *run = call->api->lab ? lab_runs_find(call->api->lab, call->path.id) : NULL;
    if (!run) {
        call_refuse_as(call, &not_found, NULL);
        return;
    }
    await_run(call, run);
    answer_run(call, run);
    lab_runs_release(call->api->lab, &run);
}
