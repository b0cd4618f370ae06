/* SPDX-License-Identifier: MIT */
#include "lab/machine/cell_access.h"

#include <stdio.h>

#include "coro/schedule.h"
#include "lab/machine/trace.h"

static _Atomic uint64_t changes;

/* Others may go before the access that follows. */
static void before(const struct co_site *site)
{
    if (!co_schedule_seeded)
        return;
    co_schedule_mark_at(site);
    co_schedule_point();
}

void cell_note_change(struct cell *cell)
{
    if (cell->ordered)
        atomic_store(&cell->changed, atomic_fetch_add(&changes, 1) + 1);
}

static void note(const struct co_site *site, const struct cell *cell, enum trace_verb verb,
    const char *does, int64_t value)
{
    if (!trace_is_on())
        return;
    char text[TRACE_TEXT];
    snprintf(text, sizeof text, "%s %lld", does, (long long)value);
    trace_step(&(struct trace_note){.verb = verb,
        .cell = cell,
        .site = site,
        .text = text,
        .value = value,
        .has_value = true,
        .learns = true});
}

int64_t cell_read_at(const struct co_site *site, struct cell *cell)
{
    before(site);
    int64_t value = atomic_load_explicit(&cell->value, memory_order_relaxed);
    note(site, cell, TRACE_READ, "reads", value);
    return value;
}

void cell_write_at(const struct co_site *site, struct cell *cell, int64_t value)
{
    before(site);
    trace_before_change(cell);
    atomic_store_explicit(&cell->value, value, memory_order_relaxed);
    cell_note_change(cell);
    note(site, cell, TRACE_WRITE, "writes", value);
}

void cell_add_at(const struct co_site *site, struct cell *cell, int64_t change)
{
    before(site);
    trace_before_change(cell);
    int64_t value = atomic_fetch_add(&cell->value, change) + change;
    cell_note_change(cell);
    note(site, cell, TRACE_WRITE, change < 0 ? "lowers, to" : "raises, to", value);
}

bool cell_swap_at(const struct co_site *site, struct cell *cell, int64_t from, int64_t to)
{
    before(site);
    trace_before_change(cell);
    int64_t found = from;
    if (atomic_compare_exchange_strong(&cell->value, &found, to)) {
        cell_note_change(cell);
        note(site, cell, TRACE_WRITE, "swaps in", to);
        return true;
    }
    atomic_fetch_add_explicit(&cell->retried, 1, memory_order_relaxed);
    note(site, cell, TRACE_RETRY, "finds", found);
    return false;
}

long long cell_value(const struct cell *cell)
{
    return (long long)atomic_load_explicit(&cell->value, memory_order_relaxed);
}
