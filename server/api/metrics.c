/* SPDX-License-Identifier: MIT */
#include "server/api/metrics.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/runtime.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/hogs.h"
#include "server/api/metric.h"
#include "server/api/metrics_databases.h"
#include "server/api/packing.h"
#include "server/crossing/crossing_keeper.h"
#include "server/forward/forward.h"
#include "server/http/http.h"
#include "server/lab/lab_runs.h"
#include "server/process/own_process.h"

struct histogram {
    const uint64_t *buckets; /* each `factor` times as wide as the one before; the last: no end */
    size_t count;            /* of buckets */
    uint64_t first, factor;  /* where the first one ends: microseconds, or what is counted */
    bool is_time;
    uint64_t total, sum; /* how many there were; their sum: nanoseconds, or what is counted */
};

static void write_bucket(struct json_out *out, const struct histogram *histogram, const char *name,
    const char *label, uint64_t le)
{
    if (histogram->is_time)
        metric_line(out, "%s_bucket{%sle=\"%llu.%06llu\"}", name, label,
            (unsigned long long)(le / 1000000), (unsigned long long)(le % 1000000));
    else
        metric_line(out, "%s_bucket{%sle=\"%llu\"}", name, label, (unsigned long long)le);
}

/* `label` is "", or "ledger=\"main\"". */
static void write_histogram(
    struct json_out *out, const char *name, const char *label, const struct histogram *histogram)
{
    unsigned long long total = histogram->total;
    char first[200] = "", sum[300];
    uint64_t so_far = 0, le = histogram->first;
    const char *left = *label ? "{" : "", *right = *label ? "}" : "";
    if (*label)
        snprintf(first, sizeof first, "%s,", label);
    for (size_t i = 0; i + 1 < histogram->count; i++, le *= histogram->factor) {
        /* Prometheus' buckets include those below them. */
        so_far += histogram->buckets[i];
        write_bucket(out, histogram, name, first, le);
        metric_line(out, " %llu\n", (unsigned long long)so_far);
    }
    metric_line(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, first, total);
    snprintf(sum, sizeof sum, "%s_sum%s%s%s", name, left, label, right);
    if (histogram->is_time)
        metric_seconds(out, sum, histogram->sum);
    else
        metric_line(out, "%s %llu\n", sum, (unsigned long long)histogram->sum);
    metric_line(out, "%s_count%s%s%s %llu\n", name, left, label, right, total);
}

/* Which program this is: its version, the schema that it brings with it, and its compiler. */
static void write_build(struct json_out *out)
{
    metric_head(
        out, "teller_build_info", "gauge", "Always 1; the labels say which program this is.");
    metric_line(out, "teller_build_info{version=\"%s\",schema=\"%d\",compiler=\"gcc %s\"} 1\n",
        TELLER_VERSION, bank_schema(), __VERSION__);
}

/* The figures that each ledger has. */
static const struct figure {
    const char *name, *type, *help;
    size_t offset; /* of a uint64_t in struct ledger_figures */
} figures_of_ledger[] = {
#define X(name, type, member, help)                                                                \
    {                                                                                              \
        "teller_" name, type, help, offsetof(struct ledger_figures, member)                        \
    }
    X("last_seq", "gauge", durable_seq, "The last durable position of the journal."),
    X("head_seq", "gauge", head_seq, "The last position given."),
    X("pending_entries", "gauge", pending, "Entries decided and not durable yet."),
    X("pending_bytes", "gauge", pending_bytes, "Their size in memory."),
    X("batch_entries", "gauge", last_batch_entries, "Entries in the last batch."),
    X("entries_total", "counter", committed_entries, "Journal entries made durable."),
    X("retried_batches_total", "counter", retried_batches, "Batches that were sent again."),
    X("unknown_outcomes_total", "counter", unknown_outcomes,
        "Requests that were answered before their outcome was known."),
    X("epoch", "gauge", epoch, "The writer's epoch."),
    X("accounts", "gauge", accounts, "Accounts, the world's included."),
    X("open_holds", "gauge", open_holds, "Holds that are not settled."),
    X("audit_checked_seq", "gauge", audit_checked_seq,
        "The journal was read back up to this position, and found right."),
    X("audit_rounds_total", "counter", audit_rounds,
        "How often the journal was read back to its end."),
    X("audit_mismatches_total", "counter", audit_mismatches,
        "What the audit found wrong; the ledger takes no writes then."),
#undef X
};

static void write_figure(struct json_out *out, const struct figure *figure,
    const struct ledger_figures *ledgers, size_t count)
{
    metric_head(out, figure->name, figure->type, figure->help);
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        /* By offset, so that a figure is one line of the table above. */
        memcpy(&value, (const char *)&ledgers[i] + figure->offset, sizeof value);
        metric_line(out, "%s{ledger=\"%s\"} %llu\n", figure->name, ledgers[i].name,
            (unsigned long long)value);
    }
}

/* Those that are open here, in the same order: of others nothing is known. */
static size_t keep_open(struct ledger_figures *ledgers, size_t count)
{
    size_t open = 0;
    for (size_t i = 0; i < count; i++)
        if (ledgers[i].epoch != 0)
            ledgers[open++] = ledgers[i];
    return open;
}

static struct histogram commits_of(const struct ledger_figures *ledger)
{
    return (struct histogram){.buckets = ledger->commit_le,
        .count = sizeof ledger->commit_le / sizeof ledger->commit_le[0],
        .first = 250,
        .factor = 2,
        .is_time = true,
        .total = ledger->commit_count,
        .sum = ledger->commit_ns_total};
}

static struct histogram sizes_of(const struct ledger_figures *ledger)
{
    return (struct histogram){.buckets = ledger->batch_le,
        .count = sizeof ledger->batch_le / sizeof ledger->batch_le[0],
        .first = 1,
        .factor = 2,
        .total = ledger->commit_count,
        .sum = ledger->committed_entries};
}

static void write_batches(struct json_out *out, const struct ledger_figures *ledgers, size_t count)
{
    static const struct {
        const char *name, *help;
        struct histogram (*of)(const struct ledger_figures *ledger);
    } each[] = {
        {"teller_commit_duration_seconds", "How long a batch took to be durable.", commits_of},
        {"teller_batch_size_entries", "Entries in a batch.", sizes_of},
    };
    char label[100];
    for (size_t kind = 0; kind < sizeof each / sizeof each[0]; kind++) {
        metric_head(out, each[kind].name, "histogram", each[kind].help);
        for (size_t i = 0; i < count; i++) {
            const struct histogram histogram = each[kind].of(&ledgers[i]);
            snprintf(label, sizeof label, "ledger=\"%s\"", ledgers[i].name);
            write_histogram(out, each[kind].name, label, &histogram);
        }
    }
}

/* Those of other servers that are kept up here. */
static void write_followers(
    struct json_out *out, const struct ledger_figures *ledgers, size_t count)
{
    char name[120];
    uint64_t followed = 0;
    for (size_t i = 0; i < count; i++)
        followed += ledgers[i].state == LEDGER_FOLLOWING;
    metric_number(out, "teller_followed_ledgers", "gauge",
        "Ledgers of other servers that are followed here.", followed);
    metric_head(out, "teller_follower_seq", "gauge",
        "The position up to which another server's ledger is known here.");
    for (size_t i = 0; i < count; i++)
        if (ledgers[i].state == LEDGER_FOLLOWING)
            metric_line(out, "teller_follower_seq{ledger=\"%s\"} %llu\n", ledgers[i].name,
                (unsigned long long)ledgers[i].durable_seq);
    metric_head(out, "teller_follower_behind_entries", "gauge",
        "Entries of it that the database has and that are not known here yet.");
    for (size_t i = 0; i < count; i++)
        if (ledgers[i].state == LEDGER_FOLLOWING)
            metric_line(out, "teller_follower_behind_entries{ledger=\"%s\"} %llu\n",
                ledgers[i].name, (unsigned long long)ledgers[i].followed_behind);
    metric_head(
        out, "teller_follower_lag_seconds", "gauge", "How old at most what is known of it is.");
    for (size_t i = 0; i < count; i++)
        if (ledgers[i].state == LEDGER_FOLLOWING) {
            snprintf(
                name, sizeof name, "teller_follower_lag_seconds{ledger=\"%s\"}", ledgers[i].name);
            metric_seconds(out, name, (uint64_t)ledgers[i].followed_ns);
        }
}

static void write_ledgers(struct json_out *out, struct ledger_figures *ledgers, size_t count)
{
    metric_head(out, "teller_ready", "gauge", "1: the ledger takes writes.");
    for (size_t i = 0; i < count; i++)
        metric_line(out, "teller_ready{ledger=\"%s\"} %d\n", ledgers[i].name,
            ledgers[i].state == LEDGER_RUNNING);
    write_followers(out, ledgers, count);
    /* A zero would be a figure; a ledger that is elsewhere has none here. */
    count = keep_open(ledgers, count);
    write_batches(out, ledgers, count);
    for (size_t i = 0; i < sizeof figures_of_ledger / sizeof figures_of_ledger[0]; i++)
        write_figure(out, &figures_of_ledger[i], ledgers, count);
}

/* Movements of money, by what became of them. */
static void write_outcomes(struct json_out *out, const struct outcomes_figures *figures)
{
    static const char *const names[] = {[OUTCOMES_COMMITTED] = "committed",
        [OUTCOMES_REJECTED] = "rejected",
        [OUTCOMES_REPLAYED] = "replayed"};
    metric_head(out, "teller_transfers_total", "counter",
        "Movements of money asked for, by outcome: requests, and the items of batches.");
    for (int outcome = 0; outcome < OUTCOMES_OTHER; outcome++)
        metric_line(out, "teller_transfers_total{outcome=\"%s\"} %llu\n", names[outcome],
            (unsigned long long)figures->by_outcome[outcome]);
}

static void write_answers(struct json_out *out, const struct http_figures *figures)
{
    metric_head(out, "teller_http_requests_total", "counter", "Requests answered, by status.");
    for (int status = 0; status < HTTP_STATUSES; status++)
        /* A series begins when it has something to count. */
        if (figures->requests[status])
            metric_line(out, "teller_http_requests_total{status=\"%d\"} %llu\n", status,
                (unsigned long long)figures->requests[status]);
}

static void write_times(struct json_out *out, const char *name, const char *label,
    const struct outcomes_times *times, const uint64_t first_and_factor[2])
{
    write_histogram(out, name, label,
        &(struct histogram){.buckets = times->le,
            .count = OUTCOMES_BUCKETS,
            .first = first_and_factor[0],
            .factor = first_and_factor[1],
            .is_time = true,
            .total = times->count,
            .sum = times->ns});
}

static void write_durations(struct json_out *out, const struct outcomes_figures *figures)
{
    static const uint64_t calls[] = {OUTCOMES_TOOK_US, OUTCOMES_TOOK_FACTOR},
                          stages[] = {OUTCOMES_STAGE_US, OUTCOMES_STAGE_FACTOR};
    char label[40];
    metric_head(out, "teller_request_duration_seconds", "histogram",
        "Money-moving requests, from the first line to the answer.");
    write_times(out, "teller_request_duration_seconds", "", &figures->took, calls);
    metric_head(out, "teller_stage_duration_seconds", "histogram",
        "The stages of money-moving requests, as in Server-Timing.");
    for (int stage = 0; stage < OUTCOMES_STAGES; stage++) {
        snprintf(label, sizeof label, "stage=\"%s\"", outcomes_stage_names[stage]);
        write_times(out, "teller_stage_duration_seconds", label, &figures->stages[stage], stages);
    }
}

static void write_http(struct json_out *out, const struct http_figures *figures)
{
    metric_number(out, "teller_requests_in_flight", "gauge", "Requests accepted and not answered.",
        figures->in_flight);
    metric_number(
        out, "teller_http_connections", "gauge", "Open connections.", figures->connections);
    metric_number(out, "teller_evicted_connections_total", "counter",
        "Idle connections closed because their place was needed.", figures->evicted);
    metric_number(out, "teller_unread_connections_total", "counter",
        "Connections closed because they did not take their answer and room was needed.",
        figures->unread);
    metric_head(out, "teller_limited_requests_total", "counter",
        "Requests answered 429 because they came too often, by what has the limit.");
    metric_line(out, "teller_limited_requests_total{by=\"token\"} %llu\n",
        (unsigned long long)figures->limited_senders);
    metric_line(out, "teller_limited_requests_total{by=\"address\"} %llu\n",
        (unsigned long long)figures->limited_addresses);
    metric_number(out, "teller_answer_bytes", "gauge",
        "Memory of long answers that wait to be taken.", figures->answer_bytes);
    metric_number(out, "teller_body_bytes", "gauge", "Memory of the bodies of requests.",
        figures->body_bytes);
    metric_number(out, "teller_limited_streams_total", "counter",
        "Event streams answered 429 because enough were open with their token.",
        figures->limited_streams);
    metric_number(
        out, "teller_event_streams", "gauge", "Subscribers of the event stream.", figures->streams);
}

static void write_lab(struct json_out *out, const struct lab_figures *figures)
{
    metric_head(out, "teller_lab_runs_total", "counter", "Experiments that have ended, by how.");
    for (int how = 0; how < LAB_ENDS; how++)
        metric_line(out, "teller_lab_runs_total{ended=\"%s\"} %llu\n", lab_end_names[how],
            (unsigned long long)figures->ended[how]);
    metric_number(out, "teller_lab_refused_runs_total", "counter",
        "Experiments refused because enough were waiting.", figures->refused);
    metric_number(
        out, "teller_lab_runs_running", "gauge", "Experiments that run.", figures->running);
    metric_number(
        out, "teller_lab_runs_waiting", "gauge", "Experiments that wait.", figures->waiting);
    metric_number(out, "teller_lab_kept_runs", "gauge",
        "Experiments that have ended and can be read.", figures->kept);
    metric_number(out, "teller_lab_kept_bytes", "gauge", "Memory of those.", figures->kept_bytes);
    metric_head(out, "teller_lab_processor_seconds_total", "counter",
        "Processor time of experiments that have ended.");
    metric_seconds(out, "teller_lab_processor_seconds_total", figures->processor_us * 1000);
}

static void write_hogs(struct json_out *out)
{
    uint64_t computed, blocked;
    hogs_read(&computed, &blocked);
    metric_head(out, "teller_worker_hogs_total", "counter",
        "Coroutines that kept a thread from all others for longer than --watchdog says.");
    metric_line(
        out, "teller_worker_hogs_total{by=\"computing\"} %llu\n", (unsigned long long)computed);
    metric_line(
        out, "teller_worker_hogs_total{by=\"blocking\"} %llu\n", (unsigned long long)blocked);
}

struct look {
    struct own_process own;
    bool is_known;
};

static void look(void *arg)
{
    struct look *look = arg;
    look->is_known = own_process_read(&look->own);
}

/* Under the names that Prometheus' own libraries give them. */
static void write_process(struct json_out *out)
{
    struct look seen = {.is_known = false};
    co_blocking_call(look, &seen);
    if (!seen.is_known)
        return;
    metric_head(out, "process_cpu_seconds_total", "counter", "Processor time of this process.");
    metric_seconds(out, "process_cpu_seconds_total", seen.own.processor_ns);
    metric_number(out, "process_resident_memory_bytes", "gauge", "Memory of this process.",
        seen.own.resident);
    metric_number(
        out, "process_virtual_memory_bytes", "gauge", "Its address space.", seen.own.virtual_bytes);
    metric_number(out, "process_open_fds", "gauge", "Its open descriptors.", seen.own.descriptors);
    metric_number(
        out, "process_max_fds", "gauge", "How many it may have.", seen.own.descriptors_max);
    metric_number(out, "process_threads", "gauge", "Its threads.", seen.own.threads);
    metric_head(out, "process_start_time_seconds", "gauge", "When it started, since 1970.");
    metric_seconds(out, "process_start_time_seconds", (uint64_t)seen.own.started_us * 1000);
}

/* What was passed on to other servers. */
static void write_forwarded(struct json_out *out, struct forward *forward)
{
    struct forward_figures figures = {.open = 0};
    if (forward)
        forward_read(forward, &figures);
    metric_head(out, "teller_forwarded_requests_total", "counter",
        "Requests that were passed on to the server that has their ledger.");
    for (int i = 0; i < FORWARD_FATES; i++)
        metric_line(out, "teller_forwarded_requests_total{result=\"%s\"} %llu\n",
            forward_fate_names[i], (unsigned long long)figures.passed[i]);
    metric_number(out, "teller_forwarding", "gauge",
        "Requests and streams that wait for other servers.", figures.open);
}

/* Of all ledgers that are not at rest; none if memory is short. Asked for at any time, also before
 * there is a bank. */
static struct ledger_figures *read_ledgers(struct call *call, size_t *count)
{
    struct banks *banks = atomic_load(&call->api->banks);
    size_t counts[DATABASE_LIST_MAX] = {0}, databases = banks ? banks_count(banks) : 0, all = 0;
    size_t *indexes[DATABASE_LIST_MAX] = {NULL};
    for (size_t i = 0; i < databases; i++) {
        struct bank *bank = banks_at(banks, i);
        size_t room = bank ? bank_count(bank) : 0;
        indexes[i] = arena_try(call->arena, (room + 1) * sizeof *indexes[i]);
        if (room > 0 && indexes[i])
            all += counts[i] = bank_list_kept(bank, indexes[i], room);
    }
    struct ledger_figures *each = arena_try(call->arena, (all + 1) * sizeof *each);
    *count = 0;
    for (size_t i = 0; each && i < databases; i++)
        for (size_t at = 0; at < counts[i]; at++)
            bank_figures(banks_at(banks, i), indexes[i][at], &each[(*count)++]);
    return each;
}

/* Transfers between ledgers that wait for something. */
static void write_crossings(struct json_out *out, struct api *api)
{
    struct crossing_keeper_figures figures = {.open = 0};
    int64_t age_us = 0;
    if (atomic_load(&api->open))
        crossing_keeper_read(api->crossings, &figures);
    if (figures.oldest_us)
        age_us = co_clock_wall_us() - figures.oldest_us;
    metric_number(out, "teller_open_crossings", "gauge",
        "Transfers between ledgers whose last step could not be taken yet.", figures.open);
    metric_head(out, "teller_oldest_crossing_seconds", "gauge",
        "How long the oldest of them has been open.");
    metric_seconds(out, "teller_oldest_crossing_seconds", age_us > 0 ? (uint64_t)age_us * 1000 : 0);
}

void metrics_get(struct call *call)
{
    size_t count;
    struct ledger_figures *each = read_ledgers(call, &count);
    struct http_figures *http = arena_alloc(call->arena, sizeof *http);
    struct outcomes_figures outcomes;
    struct lab_figures lab = {.running = 0};
    struct json_out out;
    int64_t certificate_ends_s = atomic_load(&call->api->certificate_ends_s);
    http_read_figures(call->api->http, http);
    outcomes_read(call->api->outcomes, &outcomes);
    json_out_begin(&out, call->arena);
    metric_number(&out, "teller_up", "gauge", "1, while the service runs.", 1);
    write_build(&out);
    metrics_databases_write(&out, atomic_load(&call->api->banks));
    write_ledgers(&out, each, count);
    write_outcomes(&out, &outcomes);
    write_answers(&out, http);
    write_durations(&out, &outcomes);
    write_http(&out, http);
    write_forwarded(&out, call->api->forward);
    write_crossings(&out, call->api);
    if (certificate_ends_s)
        metric_number(&out, "teller_tls_certificate_not_after_timestamp_seconds", "gauge",
            "When the certificate, or one of its chain, expires, in seconds since 1970.",
            (uint64_t)certificate_ends_s);
    if (call->api->lab)
        lab_runs_read(call->api->lab, &lab);
    write_lab(&out, &lab);
    write_process(&out);
    write_hogs(&out);
    metric_number(&out, "teller_coroutines", "gauge", "Coroutines alive.", co_runtime_alive());
    call_ok_anywhere(call, &out);
    call->response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    packing_apply(call);
}
