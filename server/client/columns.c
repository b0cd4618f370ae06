/* SPDX-License-Identifier: MIT */
#include "server/client/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"

static size_t count_of(const struct columns *columns)
{
    size_t count = 0;
    while (columns->titles[count])
        count++;
    co_ensure(count > 0 && count <= COLUMNS_MAX);
    return count;
}

/* As many places as it takes: one for each character. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* A key or an account may come from anybody: no escape sequence of theirs reaches the terminal. */
static char *made_harmless(const char *text)
{
    char *copy = strdup(text ? text : "");
    co_ensure(copy);
    for (unsigned char *at = (unsigned char *)copy; *at; at++)
        if (*at < 0x20 || *at == 0x7F)
            *at = '?';
        else if (*at == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0) /* the controls beyond ASCII */
            at[0] = at[1] = '?';
    return copy;
}

void columns_add(struct columns *columns, const char *const *cells)
{
    size_t count = count_of(columns);
    if (columns->used + count > columns->room) {
        columns->room = columns->room * 2 + 16 * count;
        columns->cells = realloc(columns->cells, columns->room * sizeof *columns->cells);
        co_ensure(columns->cells);
    }
    for (size_t i = 0; i < count; i++) {
        char *cell = made_harmless(cells[i]);
        columns->cells[columns->used++] = cell;
        size_t width = width_of(cell);
        columns->width[i] = width > columns->width[i] ? width : columns->width[i];
    }
}

static void write_row(const struct columns *columns, const char *const *cells, size_t count)
{
    while (count > 1 && !*cells[count - 1])
        count--;
    for (size_t i = 0; i < count; i++) {
        bool right = *columns->titles[i] == '>';
        int fill = (int)(columns->width[i] - width_of(cells[i]));
        if (right)
            printf("%*s", fill, "");
        fputs(cells[i], stdout);
        /* No blanks at the end of a line. */
        if (!right && i + 1 < count)
            printf("%*s", fill, "");
        fputs(i + 1 < count ? "  " : "\n", stdout);
    }
}

static void write_titles(struct columns *columns, size_t count)
{
    const char *titles[COLUMNS_MAX];
    for (size_t i = 0; i < count; i++) {
        titles[i] = columns->titles[i] + (*columns->titles[i] == '>');
        size_t width = width_of(titles[i]);
        columns->width[i] = width > columns->width[i] ? width : columns->width[i];
    }
    write_row(columns, titles, count);
}

void columns_write(struct columns *columns)
{
    size_t count = count_of(columns);
    if (!columns->begun && !columns->untitled)
        write_titles(columns, count);
    columns->begun = true;
    for (size_t at = 0; at < columns->used; at += count)
        write_row(columns, (const char *const *)columns->cells + at, count);
    for (size_t at = 0; at < columns->used; at++)
        free(columns->cells[at]);
    free(columns->cells);
    columns->cells = NULL;
    columns->used = columns->room = 0;
}
