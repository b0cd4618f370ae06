/* SPDX-License-Identifier: MIT */
#include "server/client/pages.h"

#include <stdio.h>

enum { PAGE_MAX = 1000, CURSOR = 800 };

/* A page of it. The cursor of the next goes to `next`, "" behind the last. Returns how many. */
static size_t print_page(struct desk *desk, const struct pages *pages, struct columns *columns,
    const struct remote_answer *answer, char next[CURSOR])
{
    struct json_view body = json_view_read(answer->body, answer->length), item;
    struct json_view_walk walk = {.rest = json_view_member(body, "items")};
    size_t count = 0;
    for (; json_view_next(&walk, &item); count++)
        if (desk->as_json)
            desk_print_read(desk, answer, item.at, item.length);
        else
            pages->row(pages->arg, columns, item);
    if (!desk->as_json)
        columns_write(columns);
    struct json_view cursor = json_view_member(body, "next");
    terms_text(cursor, next, CURSOR);
    if (json_view_says_null(cursor))
        next[0] = '\0';
    return count;
}

enum desk_end pages_print(struct desk *desk, const struct pages *pages)
{
    struct columns columns = {.titles = pages->titles};
    int64_t left =
        options_is_on(desk->options, "all") ? INT64_MAX : options_number(desk->options, "limit");
    size_t printed = 0;
    struct remote_answer first;
    char next[CURSOR] = "", query[64];
    do {
        struct remote_answer answer;
        snprintf(query, sizeof query, "&limit=%lld%s%s%s",
            (long long)(left < PAGE_MAX ? left : PAGE_MAX), next[0] ? "&" : "",
            next[0] ? pages->cursor : "", next[0] ? "=" : "");
        const char *path = desk_path(desk, desk_path(desk, pages->path, "", query), next, "");
        enum desk_end end = desk_get(desk, path, &answer);
        if (end != DESK_DONE) {
            desk_progress(0, pages->what);
            return end;
        }
        first = printed > 0 ? first : answer;
        size_t count = print_page(desk, pages, &columns, &answer, next);
        left -= (int64_t)count;
        printed += count;
        desk_progress(printed, pages->what);
    } while (next[0] && left > 0 && !ferror(stdout));
    desk_progress(0, pages->what);
    /* The later pages are as of that or later. */
    if (!desk->as_json)
        desk_print_position(desk, &first);
    return DESK_DONE;
}
