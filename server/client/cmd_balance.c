/* SPDX-License-Identifier: MIT */
/* balance: one account, now or as it was. */
#include <string.h>

#include "server/client/commands.h"
#include "server/client/desk.h"
#include "server/text/json_out.h"

static void show(const struct desk *desk, const struct remote_answer *answer)
{
    enum { TEXT = 300 };
    struct columns rows = {.titles = desk_rows, .untitled = true};
    struct json_view body = json_view_read(answer->body, answer->length);
    char text[TEXT], asset[TERMS_ASSET];
    terms_text(json_view_member(body, "asset"), asset, sizeof asset);
    terms_text(json_view_member(body, "id"), text, sizeof text);
    desk_row(&rows, "account", text);
    desk_amount_row(&rows, "balance", json_view_member(body, "balance"), asset);
    desk_amount_row(&rows, "held", json_view_member(body, "held"), asset);
    desk_amount_row(&rows, "available", json_view_member(body, "available"), asset);
    desk_amount_row(&rows, "floor", json_view_member(body, "floor"), asset);
    terms_text(json_view_member(body, "frozen"), text, sizeof text);
    desk_row(&rows, "frozen", strcmp(text, "true") == 0 ? "yes" : NULL);
    terms_text(json_view_member(body, "seq"), text, sizeof text);
    desk_row(&rows, "last entry", text);
    columns_write(&rows);
    desk_print_position(desk, answer);
}

static enum desk_end balance(struct desk *desk)
{
    struct remote_answer answer;
    desk_choose_reads(desk);
    const char *at = options_value(desk->options, "at");
    const char *path = desk_path(desk, "/accounts/", desk->words[0], at ? "?at=" : "");
    if (at)
        path = desk_path(desk, path, at, "");
    enum desk_end end = desk_get(desk, path, &answer);
    if (end == DESK_DONE && desk->as_json)
        desk_print_read(desk, &answer, answer.body, answer.length);
    else if (end == DESK_DONE)
        show(desk, &answer);
    return end;
}

int cmd_balance(int argc, char **argv)
{
    struct option flags[] = {
        {"at", "WHEN", "as it was: behind that position, or at that time (RFC 3339)", NULL},
        DESK_READ_FLAGS, DESK_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller balance ACCOUNT [flags]",
        "Show what an account has, what of it is held, and what is available.", flags};
    return desk_run(&options, (struct desk_command){"balance", 1, 1, balance}, argc, argv);
}
