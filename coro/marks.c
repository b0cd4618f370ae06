/* SPDX-License-Identifier: MIT */
#include "coro/marks_private.h"

#include "coro/lock.h"
#include "coro/say.h"
#include "coro/sched_private.h"

enum { SITES_MOST = 512 }; /* entry functions; of more than that the rest is not noted */

static struct {
    struct co_lock lock;
    int count;
    struct mark {
        const struct co_site *site;
        size_t bytes;
    } marks[SITES_MOST];
} table;

CO_UNSANITIZED static void note(const struct co_site *site, size_t bytes)
{
    co_lock_take_unseen(&table.lock);
    int i = 0;
    while (i < table.count && table.marks[i].site != site)
        i++;
    if (i < SITES_MOST) {
        struct mark *mark = &table.marks[i];
        if (i == table.count) {
            *mark = (struct mark){site, 0};
            table.count++;
        }
        if (bytes > mark->bytes)
            mark->bytes = bytes;
    }
    co_lock_drop_unseen(&table.lock);
}

CO_UNSANITIZED void co_marks_note(const struct co_site *site, char *bottom, char *top)
{
    volatile uint64_t *at = (volatile uint64_t *)(void *)bottom, *end = (void *)top;
    while (at < end && *at == 0)
        at++;
    note(site, (size_t)(top - (char *)(uintptr_t)at));
    for (; at < end; at++)
        *at = 0;
}

CO_UNSANITIZED void co_marks_list(int fd)
{
    for (int i = 0; i < table.count; i++)
        co_say_line(fd, "  %s spawned at %s:%d used up to %zu bytes of stack\n",
            table.marks[i].site->name, table.marks[i].site->file, table.marks[i].site->line,
            table.marks[i].bytes);
}
