/* SPDX-License-Identifier: MIT */
#include "server/api/coroutines.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/stuck.h"
#include "server/api/call.h"

enum { LONGEST_MS = 86400000 };

static void write_group(struct json_out *out, const struct co_stuck_group *group)
{
    char frame[CO_STUCK_FRAME_TEXT];
    json_out_open(out, '{');
    json_out_member(out, "name", group->spawned->name);
    json_out_member(out, "file", group->spawned->file);
    json_out_count(out, "line", (uint64_t)group->spawned->line);
    json_out_member(out, "on", group->why);
    json_out_count(out, "count", group->count);
    json_out_count(out, "longest_ms", (uint64_t)(group->longest_ns / CO_CLOCK_MS));
    json_out_count(out, "shortest_ms", (uint64_t)(group->shortest_ns / CO_CLOCK_MS));
    json_out_key(out, "stack");
    json_out_open(out, '[');
    for (int i = 0; i < group->depth; i++)
        json_out_text(out, co_stuck_frame(group, i, frame));
    json_out_close(out, ']');
    json_out_close(out, '}');
}

void coroutines_get(struct call *call)
{
    uint64_t at_least_ms = 0;
    if (!call_query_number(call, "at_least_ms", 0, LONGEST_MS, &at_least_ms))
        return;
    struct co_stuck *stuck = arena_alloc(call->arena, sizeof *stuck);
    struct json_out out;
    co_stuck_take(stuck, (int64_t)at_least_ms * CO_CLOCK_MS);
    json_out_begin(&out, call->arena);
    json_out_open(&out, '{');
    json_out_count(&out, "alive", stuck->alive);
    json_out_count(&out, "waiting", stuck->waiting);
    json_out_key(&out, "groups");
    json_out_open(&out, '[');
    for (size_t i = 0; i < stuck->count; i++)
        write_group(&out, &stuck->groups[i]);
    json_out_close(&out, ']');
    json_out_count(&out, "others", stuck->others);
    json_out_close(&out, '}');
    call_ok_anywhere(call, &out);
}
