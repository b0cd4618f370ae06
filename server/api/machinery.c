/* SPDX-License-Identifier: MIT */
#include "server/api/machinery.h"

#include <stdio.h>

#include "coro/census.h"
#include "coro/clock.h"
#include "ledger/ledger.h"
#include "server/api/call.h"

/* Sections that wait, and the place that they wait at: what the other strategy has is null. */
static void write_turns(struct json_out *out, const struct ledger_machinery *machinery)
{
    json_out_key(out, "queue");
    if (machinery->capacity > 0) {
        json_out_open(out, '{');
        json_out_count(out, "waiting", machinery->waiting);
        json_out_count(out, "capacity", machinery->capacity);
        json_out_close(out, '}');
    } else {
        json_out_json(out, NULL);
    }

    json_out_key(out, "locks");
    if (machinery->shards == 0) {
        json_out_json(out, NULL);
        return;
    }
    json_out_open(out, '{');
    json_out_count(out, "waiting", machinery->waiting);
    json_out_count(out, "count", machinery->shards);
    json_out_count(out, "held", machinery->held);
    json_out_key(out, "busiest");
    json_out_open(out, '[');
    for (size_t i = 0; i < machinery->busiest_count; i++) {
        json_out_open(out, '{');
        json_out_count(out, "lock", machinery->busiest[i].shard);
        json_out_count(out, "waiting", machinery->busiest[i].waiting);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void write_strategy(struct json_out *out, const struct ledger_machinery *machinery)
{
    char code[40];
    json_out_key(out, "strategy");
    json_out_open(out, '{');
    json_out_member(out, "name", machinery->strategy);
    json_out_member(out, "how", machinery->how);
    snprintf(code, sizeof code, "/%s.c", machinery->strategy);
    json_out_member(out, "code", code);
    json_out_close(out, '}');
}

/* Batches by their size; of the sizes beyond the largest one that came nothing is said. */
static void write_sizes(struct json_out *out, const struct ledger_figures *figures)
{
    size_t sizes = sizeof figures->batch_le / sizeof figures->batch_le[0];
    while (sizes > 0 && figures->batch_le[sizes - 1] == 0)
        sizes--;
    json_out_key(out, "sizes");
    json_out_open(out, '[');
    for (size_t i = 0; i < sizes; i++) {
        json_out_open(out, '{');
        json_out_count(out, "upto", UINT64_C(1) << i);
        json_out_count(out, "batches", figures->batch_le[i]);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void write_commits(struct json_out *out, const struct ledger_figures *figures)
{
    json_out_key(out, "commit");
    json_out_open(out, '{');
    json_out_count(out, "waiting_entries", figures->pending);
    json_out_count(out, "waiting_bytes", figures->pending_bytes);
    json_out_count(out, "batches", figures->commit_count);
    json_out_count(out, "entries", figures->committed_entries);
    json_out_count(out, "took_us", figures->commit_ns_total / CO_CLOCK_US);
    json_out_count(out, "last_entries", figures->last_batch_entries);
    json_out_count(out, "last_us", figures->last_commit_ns / CO_CLOCK_US);
    write_sizes(out, figures);
    json_out_close(out, '}');
}

static void write_coroutines(struct json_out *out, const struct co_census *census)
{
    json_out_key(out, "coroutines");
    json_out_open(out, '{');
    json_out_count(out, "alive", census->alive);
    json_out_count(out, "running", census->running);
    json_out_count(out, "ready", census->ready + census->fresh);
    json_out_count(out, "waiting", census->waiting);
    json_out_key(out, "waits");
    json_out_open(out, '[');
    for (size_t i = 0; i < census->count; i++) {
        const struct co_census_group *group = &census->groups[i];
        json_out_open(out, '{');
        json_out_member(out, "name", group->name);
        json_out_member(out, "on", group->why);
        json_out_count(out, "count", group->count);
        json_out_count(out, "longest_ms", (uint64_t)(group->longest_ns / CO_CLOCK_MS));
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_out_close(out, '}');
}

void machinery_get(struct call *call)
{
    struct co_census *census = arena_alloc(call->arena, sizeof *census);
    struct ledger_machinery machinery;
    struct ledger_figures figures;
    struct json_out out;
    /* The census yields; the others are read in a row, so that they are of about one moment. */
    co_census_take(census);
    ledger_read_machinery(call->ledger, &machinery);
    ledger_read_figures(call->ledger, &figures);
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_member(&out, "ledger", figures.name);
    write_strategy(&out, &machinery);
    write_turns(&out, &machinery);
    write_commits(&out, &figures);
    write_coroutines(&out, census);
    json_out_close(&out, '}');
    call_ok(call, &out, figures.durable_seq);
}
