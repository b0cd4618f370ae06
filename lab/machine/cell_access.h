/* SPDX-License-Identifier: MIT */
/*
 * The ways to touch a cell. Each access is a step of the trace and a place where another coroutine
 * may go first; by itself it is atomic, so a race detector is content, and what goes wrong is the
 * program's logic.
 */
#ifndef LAB_MACHINE_CELL_ACCESS_H
#define LAB_MACHINE_CELL_ACCESS_H

#include "coro/co.h"
#include "lab/machine/cell.h"

/* As a plain variable: load, and store. */
#define cell_read(cell) cell_read_at(CO_SITE("read"), (cell))
#define cell_write(cell, value) cell_write_at(CO_SITE("write"), (cell), (value))
int64_t cell_read_at(const struct co_site *site, struct cell *cell);
void cell_write_at(const struct co_site *site, struct cell *cell, int64_t value);

/* In one instruction of the processor: add; and store `to` if it still holds `from`. */
#define cell_add(cell, change) cell_add_at(CO_SITE("add"), (cell), (change))
#define cell_swap(cell, from, to) cell_swap_at(CO_SITE("swap"), (cell), (from), (to))
void cell_add_at(const struct co_site *site, struct cell *cell, int64_t change);
bool cell_swap_at(const struct co_site *site, struct cell *cell, int64_t from, int64_t to);

/* Note that it has been changed, for whoever changes it by other ways. */
void cell_note_change(struct cell *cell);

/* What it holds, for whoever judges in the end: not a step. */
long long cell_value(const struct cell *cell);

#endif
