/* SPDX-License-Identifier: MIT */
/*
 * A table on a terminal: rows are collected, and written with columns as wide as what stands in
 * them. Characters that would command the terminal are shown as "?". Nothing parks.
 */
#ifndef SERVER_CLIENT_COLUMNS_H
#define SERVER_CLIENT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

enum { COLUMNS_MAX = 8 };

struct columns {
    const char *const *titles; /* ends with NULL; one that begins with ">" is set to the right */
    bool untitled;             /* titles only tell how many columns there are, and their sides */
    size_t width[COLUMNS_MAX];
    char **cells; /* row after row */
    size_t used, room;
    bool begun;
};

/* Add a row; as many cells as there are titles. NULL is an empty cell. */
void columns_add(struct columns *columns, const char *const *cells);

/* Write what was added since the last time, behind the titles if it is the first; empty again, and
 * as wide as it was at least. */
void columns_write(struct columns *columns);

#endif
