/* SPDX-License-Identifier: MIT */
#include "server/metrics.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "coro/runtime.h"
#include "server/api.h"
#include "server/http.h"
#include "server/json_out.h"

__attribute__((format(printf, 2, 3))) static void line(
    struct json_out *out, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ensure(length >= 0 && (size_t)length < sizeof text);
    json_out_raw(out, text, (size_t)length);
}

static void head(struct json_out *out, const char *name, const char *type, const char *help)
{
    line(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void number(
    struct json_out *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    line(out, "%s %llu\n", name, (unsigned long long)value);
}

/* Nanoseconds as seconds, exactly. */
static void seconds(struct json_out *out, const char *name, uint64_t ns)
{
    line(out, "%s %llu.%09llu\n", name, (unsigned long long)(ns / 1000000000),
        (unsigned long long)(ns % 1000000000));
}

/* Buckets of 0.25 ms * 2^i, the last without an end. */
static void histogram(struct json_out *out, const char *name, const char *help,
    const uint64_t *buckets, size_t count, uint64_t total, uint64_t total_ns)
{
    char sum[80];
    uint64_t so_far = 0, le_us = 250;
    head(out, name, "histogram", help);
    for (size_t i = 0; i + 1 < count; i++, le_us *= 2) {
        so_far += buckets[i];
        line(out, "%s_bucket{le=\"%llu.%06llu\"} %llu\n", name,
            (unsigned long long)(le_us / 1000000), (unsigned long long)(le_us % 1000000),
            (unsigned long long)so_far);
    }
    line(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)total);
    snprintf(sum, sizeof sum, "%s_sum", name);
    seconds(out, sum, total_ns);
    line(out, "%s_count %llu\n", name, (unsigned long long)total);
}

static void write_ledger(struct json_out *out, const struct ledger_figures *figures)
{
    histogram(out, "teller_commit_duration_seconds", "How long a batch took to be durable.",
        figures->commit_le, sizeof figures->commit_le / sizeof figures->commit_le[0],
        figures->commit_count, figures->commit_ns_total);
    number(out, "teller_ready", "gauge", "1: the ledger takes writes.",
        figures->state == LEDGER_RUNNING);
    number(out, "teller_last_seq", "gauge", "The last durable position of the journal.",
        figures->durable_seq);
    number(out, "teller_head_seq", "gauge", "The last position given.", figures->head_seq);
    number(out, "teller_pending_entries", "gauge", "Entries decided and not durable yet.",
        figures->pending);
    number(out, "teller_batch_entries", "gauge", "Entries in the last batch.",
        figures->last_batch_entries);
    number(out, "teller_entries_total", "counter", "Journal entries made durable.",
        figures->committed_entries);
    number(out, "teller_retried_batches_total", "counter", "Batches that were sent again.",
        figures->retried_batches);
    number(out, "teller_unknown_outcomes_total", "counter",
        "Requests answered that their outcome was not known in time.", figures->unknown_outcomes);
    number(out, "teller_epoch", "gauge", "The writer's epoch.", figures->epoch);
    number(out, "teller_accounts", "gauge", "Accounts, the world's included.", figures->accounts);
}

static void write_http(struct json_out *out, const struct http_figures *figures)
{
    static const char *const outcomes[] = {[HTTP_MOVE_COMMITTED] = "committed",
        [HTTP_MOVE_REJECTED] = "rejected",
        [HTTP_MOVE_REPLAYED] = "replayed"};
    head(out, "teller_transfers_total", "counter", "Money-moving requests by outcome.");
    for (int outcome = 0; outcome < HTTP_MOVE_OTHER; outcome++)
        line(out, "teller_transfers_total{outcome=\"%s\"} %llu\n", outcomes[outcome],
            (unsigned long long)figures->outcomes[outcome]);
    head(out, "teller_http_requests_total", "counter", "Requests answered, by status.");
    for (int status = 0; status < HTTP_STATUSES; status++)
        if (figures->requests[status])
            line(out, "teller_http_requests_total{status=\"%d\"} %llu\n", status,
                (unsigned long long)figures->requests[status]);
    histogram(out, "teller_request_duration_seconds",
        "Money-moving requests, from the first line to the answer.", figures->moves_le,
        HTTP_BUCKETS, figures->moves, figures->moves_ns);
    number(out, "teller_requests_in_flight", "gauge", "Requests accepted and not answered.",
        figures->in_flight - figures->streams);
    number(out, "teller_http_connections", "gauge", "Open connections.", figures->connections);
    number(
        out, "teller_event_streams", "gauge", "Subscribers of the event stream.", figures->streams);
}

void metrics_get(struct request *request, struct response *response)
{
    struct ledger_figures ledger;
    struct http_figures *http = arena_alloc(&request->arena, sizeof *http);
    struct json_out out;
    ledger_read_figures(request->api->ledger, &ledger);
    http_read_figures(request->api->http, http);
    json_out_begin(&out, &request->arena);
    number(&out, "teller_up", "gauge", "1, while the service runs.", 1);
    write_ledger(&out, &ledger);
    write_http(&out, http);
    number(&out, "teller_coroutines", "gauge", "Coroutines alive.", runtime_alive());
    response->status = 200;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    response->body = out.text;
    response->length = out.length;
}
