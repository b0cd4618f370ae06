/* SPDX-License-Identifier: MIT */
/*
 * Invariants
 * - A run stands in `open` from its beginning until it is done, then among `kept`. Each place is a
 *   reference to it, as is each call that looks at it; the last one frees it.
 * - `report` is written by the runner alone while the run is open, and by nobody after that.
 * - `state` goes up only, under the mutex.
 *
 * Locks: the mutex, taken last; nothing parks under it.
 */
#include "server/lab/lab_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/eventcount.h"
#include "coro/waitgroup.h"
#include "server/lab/lab_share.h"
#include "server/text/log.h"
#include "server/text/log_request.h"

enum {
    OPEN = LAB_RUNS_RUNNING + LAB_RUNS_WAITING + 1 /* just taken */,
    ANY_EXIT = 255,
    PROMISE_BROKEN = 1
};

static const int64_t ask_again_ns = 20 * CO_CLOCK_MS;

struct lab_run {
    struct lab_order order; /* its texts are in `texts` */
    char id[MONEY_TEXT], *texts;
    char asked_by[LOG_REQUEST_ID]; /* the request */
    enum lab_state state;
    int references;
    int64_t made_us, started_us, ended_us;
    struct co_eventcount done; /* 1: it is */
    struct lab_child_report report;
};

struct lab_runs {
    struct lab_runs_options options;
    struct lab_catalogue catalogue;
    struct lab_share share;
    struct co_chan *queue;   /* of struct lab_run * */
    struct co_context *life; /* ends when the runs shall */
    struct co_waitgroup runners;
    struct co_mutex mutex; /* guards what follows, and what a run says but for its report */
    bool is_over;
    struct lab_run *open[OPEN], *kept[LAB_RUNS_KEPT]; /* NULL: a free place */
    size_t next_kept;                                 /* where the oldest stands, or nothing */
    int64_t last_id;
    struct lab_figures figures;
};

/* ---- one run ------------------------------------------------------------------------------- */

static size_t size_of_texts(const struct lab_order *order)
{
    size_t size = strlen(order->request) + 1;
    for (size_t i = 0; i < order->word_count; i++)
        size += strlen(order->words[i]) + 1;
    return size;
}

static const char *keep_text(char **to, const char *text)
{
    size_t size = strlen(text) + 1;
    char *kept = memcpy(*to, text, size);
    *to += size;
    return kept;
}

/* A copy of the order, with texts of its own. */
static struct lab_run *make_run(const struct lab_order *order)
{
    struct lab_run *run = calloc(1, sizeof *run);
    char *to = run ? malloc(size_of_texts(order)) : NULL;
    if (!to) {
        free(run);
        return NULL;
    }
    run->texts = to;
    run->order = *order;
    run->order.request = keep_text(&to, order->request);
    for (size_t i = 0; i < order->word_count; i++)
        run->order.words[i] = keep_text(&to, order->words[i]);
    run->order.words[order->word_count] = NULL;
    run->made_us = co_clock_wall_us();
    (void)log_request_current(run->asked_by);
    return run;
}

/* Under the mutex, as are the next ones. */
static void drop(struct lab_run *run)
{
    if (--run->references > 0)
        return;
    free(run->report.output);
    free(run->texts);
    free(run);
}

static size_t bytes_of(const struct lab_run *run)
{
    return sizeof *run + run->report.length;
}

static void forget(struct lab_runs *runs, struct lab_run **place)
{
    if (!*place)
        return;
    runs->figures.kept--;
    runs->figures.kept_bytes -= bytes_of(*place);
    drop(*place);
    *place = NULL;
}

/* From the open ones to those that are kept; the oldest make room for it. */
static void keep(struct lab_runs *runs, struct lab_run *run)
{
    for (size_t i = 0; i < OPEN; i++)
        if (runs->open[i] == run)
            runs->open[i] = NULL;
    struct lab_run **place = &runs->kept[runs->next_kept];
    runs->next_kept = (runs->next_kept + 1) % LAB_RUNS_KEPT;
    forget(runs, place);
    *place = run;
    runs->figures.kept++;
    runs->figures.kept_bytes += bytes_of(run);
    /* Those that follow are the oldest; the new one comes last, and one fits always. */
    for (size_t i = 0; runs->figures.kept_bytes > LAB_RUNS_KEPT_BYTES; i++)
        forget(runs, &runs->kept[(runs->next_kept + i) % LAB_RUNS_KEPT]);
}

/* ---- runners ------------------------------------------------------------------------------- */

/* What it wrote is told as it is, within our answer: so it must be JSON, and an object. */
static void check_result(struct lab_child_report *report)
{
    struct arena arena;
    char why[JSON_IN_ERROR] = "";
    arena_init(&arena, NULL, 0);
    const struct json_in *document =
        json_in_read(&arena, report->output, report->length, JSON_IN_VALUES_LARGE, NULL, why);
    bool good = document && json_in_is_object(document);
    arena_clear(&arena);
    if (good)
        return;
    report->how = LAB_END_FAILED;
    if (report->length == 0)
        snprintf(report->text, LAB_CHILD_TEXT, "It ended with code %d and without a result.",
            report->exit_code);
    else
        snprintf(report->text, LAB_CHILD_TEXT, "Its result is not JSON: %.100s",
            *why ? why : "it is not an object.");
    free(report->output);
    report->output = NULL;
    report->length = 0;
}

static void begin(struct lab_runs *runs, struct lab_run *run)
{
    co_mutex_lock(&runs->mutex);
    run->state = LAB_RUNNING;
    run->started_us = co_clock_wall_us();
    runs->figures.waiting--;
    runs->figures.running++;
    co_mutex_unlock(&runs->mutex);
}

static void say_end(const struct lab_run *run)
{
    const struct lab_child_report *report = &run->report;
    /* A result is what is asked for, whatever it says; the others are for the operator too. */
    if (report->how != LAB_END_RESULT)
        log_error("experiment %s (%s %s) ended as %s after %llu ms of processor time: %s", run->id,
            run->order.words[1], run->order.word_count > 3 ? run->order.words[3] : "",
            lab_end_names[report->how], (unsigned long long)report->processor_us / 1000,
            report->text);
}

static void end(struct lab_runs *runs, struct lab_run *run)
{
    const struct lab_child_report *report = &run->report;
    co_mutex_lock(&runs->mutex);
    run->state = LAB_DONE;
    run->ended_us = co_clock_wall_us();
    runs->figures.running--;
    runs->figures.ended[report->how]++;
    runs->figures.processor_us += report->processor_us;
    keep(runs, run);
    co_eventcount_advance(&run->done, 1);
    co_mutex_unlock(&runs->mutex);
}

/* Until there is processor time for another run; at the end it does not matter. */
static void await_share(struct lab_runs *runs)
{
    while (co_context_err(runs->life) == CO_CONTEXT_OK && !lab_share_charge(&runs->share, 0))
        co_sleep(ask_again_ns);
}

static void work(void *arg)
{
    struct lab_runs *runs = arg;
    struct lab_run *run;
    while (co_chan_recv(runs->queue, &run) == CO_CHAN_OK) {
        const struct lab_child_job job = {.share = &runs->share,
            .program = runs->options.program,
            .kind = run->order.asks_database ? runs->options.kind : LAB_CONFINE_MEMORY,
            .folder_fd = runs->options.folder_fd,
            .database = run->order.asks_database ? runs->options.database : NULL,
            .words = run->order.words,
            .output_max = LAB_CHILD_OUTPUT_MAX,
            .processor_s = runs->options.processor_s,
            .time_s = runs->options.time_s,
            .exits = run->order.is_example ? ANY_EXIT : PROMISE_BROKEN};
        struct log_request logged;
        await_share(runs);
        log_request_begin(&logged, run->asked_by);
        begin(runs, run);
        lab_child_run(runs->life, &job, &run->report);
        if (run->report.how == LAB_END_RESULT && !run->order.is_example)
            check_result(&run->report);
        say_end(run);
        log_request_end(&logged);
        end(runs, run);
    }
    co_waitgroup_done(&runs->runners);
}

/* ---- start and end ------------------------------------------------------------------------- */

struct lab_runs *lab_runs_start(const struct lab_runs_options *options)
{
    struct lab_runs *runs = calloc(1, sizeof *runs);
    if (!runs)
        return NULL;
    runs->options = *options;
    lab_catalogue_init(&runs->catalogue);
    runs->queue = co_chan_make(sizeof(struct lab_run *), LAB_RUNS_WAITING);
    runs->life = co_context_with_cancel(co_context_background());
    bool good = runs->queue && runs->life;
    for (int i = 0; good && i < LAB_RUNS_RUNNING; i++) {
        co_waitgroup_add(&runs->runners, 1);
        good = co_spawn_named("lab runner", work, runs);
        if (!good)
            co_waitgroup_done(&runs->runners);
    }
    if (good)
        return runs;
    lab_runs_free(&runs);
    return NULL;
}

void lab_runs_end(struct lab_runs *runs)
{
    co_mutex_lock(&runs->mutex);
    bool first = !runs->is_over;
    runs->is_over = true;
    co_mutex_unlock(&runs->mutex);
    if (!first || !runs->queue || !runs->life)
        return;
    /* Those that wait are taken out by the runners, and end as soon as they have begun. */
    co_context_cancel(runs->life);
    co_chan_close(runs->queue);
    co_waitgroup_wait(&runs->runners);
}

void lab_runs_free(struct lab_runs **place)
{
    struct lab_runs *runs = *place;
    if (!runs)
        return;
    lab_runs_end(runs);
    for (size_t i = 0; i < LAB_RUNS_KEPT; i++)
        forget(runs, &runs->kept[i]);
    lab_catalogue_term(&runs->catalogue);
    if (runs->queue)
        co_chan_free(&runs->queue);
    if (runs->life)
        co_context_release(&runs->life);
    free(runs);
    *place = NULL;
}

/* ---- for calls ----------------------------------------------------------------------------- */

struct lab_catalogue *lab_runs_catalogue(struct lab_runs *runs)
{
    return &runs->catalogue;
}

const struct lab_runs_options *lab_runs_options(const struct lab_runs *runs)
{
    return &runs->options;
}

void lab_runs_read(struct lab_runs *runs, struct lab_figures *figures)
{
    co_mutex_lock(&runs->mutex);
    *figures = runs->figures;
    co_mutex_unlock(&runs->mutex);
}

/* Its id is the time, so that none is given twice, not after a restart either. */
static void name_run(struct lab_runs *runs, struct lab_run *run)
{
    int64_t id = run->made_us > runs->last_id ? run->made_us : runs->last_id + 1;
    runs->last_id = id;
    money_format(id, run->id);
}

/* Into the queue, if it has room; under the mutex, so that it stands among the open ones before its
 * runner looks. */
static enum lab_added queue_run(struct lab_runs *runs, struct lab_run *run)
{
    size_t place = 0;
    while (place < OPEN && runs->open[place])
        place++;
    if (runs->is_over)
        return LAB_SHORT;
    if (place == OPEN || co_chan_try_send(runs->queue, &run) != CO_CHAN_OK) {
        runs->figures.refused++;
        return LAB_BUSY;
    }
    run->references = 2; /* that of its place, and the caller's */
    runs->open[place] = run;
    runs->figures.waiting++;
    return LAB_ADDED;
}

enum lab_added lab_runs_add(
    struct lab_runs *runs, const struct lab_order *order, struct lab_run **run)
{
    *run = make_run(order);
    if (!*run)
        return LAB_SHORT;
    co_mutex_lock(&runs->mutex);
    name_run(runs, *run);
    enum lab_added added = queue_run(runs, *run);
    if (added != LAB_ADDED) {
        drop(*run);
        *run = NULL;
    }
    co_mutex_unlock(&runs->mutex);
    return added;
}

struct lab_run *lab_runs_find(struct lab_runs *runs, const char *id)
{
    struct lab_run *found = NULL;
    co_mutex_lock(&runs->mutex);
    for (size_t i = 0; i < OPEN; i++)
        if (runs->open[i] && strcmp(runs->open[i]->id, id) == 0)
            found = runs->open[i];
    for (size_t i = 0; i < LAB_RUNS_KEPT; i++)
        if (runs->kept[i] && strcmp(runs->kept[i]->id, id) == 0)
            found = runs->kept[i];
    if (found)
        found->references++;
    co_mutex_unlock(&runs->mutex);
    return found;
}

void lab_runs_release(struct lab_runs *runs, struct lab_run **run)
{
    co_mutex_lock(&runs->mutex);
    drop(*run);
    co_mutex_unlock(&runs->mutex);
    *run = NULL;
}

void lab_runs_await(struct co_context *context, struct lab_run *run)
{
    /* Which of the two it was, the caller sees. */
    (void)!co_eventcount_await(context, &run->done, 1);
}

void lab_runs_view(struct lab_runs *runs, struct lab_run *run, struct lab_view *view)
{
    co_mutex_lock(&runs->mutex);
    *view = (struct lab_view){.id = run->id,
        .request = run->order.request,
        .state = run->state,
        .is_example = run->order.is_example,
        .made_us = run->made_us,
        .started_us = run->started_us,
        .ended_us = run->ended_us,
        .report = run->state == LAB_DONE ? &run->report : NULL};
    co_mutex_unlock(&runs->mutex);
}
