/* SPDX-License-Identifier: MIT */
/* accounts: what accounts there are; and a new one. */
#include <stdio.h>
#include <string.h>

#include "server/client/commands.h"
#include "server/client/pages.h"
#include "server/text/json_out.h"

enum { TEXT = 300 };

static void show_amount(
    struct json_view item, const char *member, const char *asset, char shown[TERMS_TEXT])
{
    char text[TEXT];
    struct json_view value = json_view_member(item, member);
    terms_text(value, text, sizeof text);
    terms_show(text, asset, shown);
    if (json_view_says_null(value))
        shown[0] = '\0';
}

static void row(void *arg, struct columns *columns, struct json_view item)
{
    char id[TEXT], asset[TERMS_ASSET], frozen[8];
    char balance[TERMS_TEXT], held[TERMS_TEXT], available[TERMS_TEXT];
    (void)arg;
    terms_text(json_view_member(item, "id"), id, sizeof id);
    terms_text(json_view_member(item, "asset"), asset, sizeof asset);
    terms_text(json_view_member(item, "frozen"), frozen, sizeof frozen);
    show_amount(item, "balance", asset, balance);
    show_amount(item, "held", asset, held);
    show_amount(item, "available", asset, available);
    columns_add(columns, (const char *const[]){id, balance, held, available,
                             strcmp(frozen, "true") == 0 ? "frozen" : ""});
}

static enum desk_end list(struct desk *desk)
{
    static const char *const titles[] = {"ACCOUNT", ">BALANCE", ">HELD", ">AVAILABLE", "", NULL};
    desk_choose_reads(desk);
    const char *prefix = options_value(desk->options, "prefix");
    const char *asset = options_value(desk->options, "asset");
    const char *path = desk_path(desk, "/accounts?prefix=", prefix ? prefix : "", "");
    if (asset)
        path = desk_path(desk, desk_path(desk, path, "", "&asset="), asset, "");
    return pages_print(desk,
        &(struct pages){
            .path = path, .cursor = "after", .what = "accounts", .titles = titles, .row = row});
}

/* Opening the same once more changes nothing, so it needs no key, and is tried again. */
static enum desk_end open_account(struct desk *desk)
{
    struct remote_answer answer;
    struct json_out body;
    char units[MONEY_TEXT];
    const char *floor = options_value(desk->options, "floor");
    bool none = floor && strcmp(floor, "none") == 0, below = floor && *floor == '-';
    if (floor && !none && !desk_amount(floor + below, desk->words[2], units))
        return DESK_NOT_UNDERSTOOD;
    json_out_begin(&body, &desk->arena);
    json_out_open(&body, '{');
    json_out_key(&body, "id");
    json_out_text(&body, desk->words[1]);
    json_out_key(&body, "asset");
    json_out_text(&body, desk->words[2]);
    if (floor) {
        char text[MONEY_TEXT + 1];
        snprintf(text, sizeof text, "%s%s", below && strcmp(units, "0") != 0 ? "-" : "", units);
        json_out_key(&body, "floor");
        json_out_text(&body, none ? NULL : text);
    }
    json_out_close(&body, '}');
    json_out_raw(&body, "", 1);
    enum desk_end end = desk_post(desk, "/accounts", body.text, &answer);
    if (end == DESK_DONE && desk->as_json)
        desk_print_json(answer.body, answer.length);
    else if (end == DESK_DONE)
        printf("account %s in %s %s\n", desk->words[1], desk->words[2],
            answer.status == 201 ? "opened" : "is there already");
    return end;
}

static enum desk_end accounts(struct desk *desk)
{
    const char *const *words = desk->words;
    if (!words[0])
        return list(desk);
    if (strcmp(words[0], "open") == 0 && words[1] && words[2])
        return open_account(desk);
    fprintf(stderr, "usage: %s\n", desk->options->usage);
    return DESK_NOT_UNDERSTOOD;
}

int cmd_accounts(int argc, char **argv)
{
    struct option flags[] = {{"prefix", "TEXT", "only those whose id begins with it", NULL},
        {"asset", "ASSET", "only those in this asset", NULL}, PAGES_FLAGS,
        {"floor", "AMOUNT", "open: its lowest balance, such as -100; none: without one", NULL},
        DESK_READ_FLAGS, DESK_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller accounts [open ACCOUNT ASSET] [flags]",
        "List the accounts and what they have, in the order of their ids; or open one, with an\n"
        "asset such as USD/2.",
        flags};
    return desk_run(&options, (struct desk_command){"accounts", 0, 3, accounts}, argc, argv);
}
