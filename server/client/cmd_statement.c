/* SPDX-License-Identifier: MIT */
/* statement: the entries of an account, newest first, with the balance behind each. */
#include <stdio.h>
#include <string.h>

#include "server/client/commands.h"
#include "server/client/pages.h"

enum { TEXT = 300 };

struct statement {
    const char *account, *asset;
};

/* The other account; of several, that there are others. */
static void other_side(const struct statement *statement, struct json_view item, char text[TEXT])
{
    struct json_view_walk walk = {.rest = json_view_member(item, "postings")};
    struct json_view posting;
    char from[TEXT], to[TEXT];
    int count = 0;
    text[0] = '\0';
    while (json_view_next(&walk, &posting)) {
        terms_text(json_view_member(posting, "from"), from, sizeof from);
        terms_text(json_view_member(posting, "to"), to, sizeof to);
        bool pays = strcmp(from, statement->account) == 0;
        if (!pays && strcmp(to, statement->account) != 0)
            continue;
        if (count++ == 0)
            snprintf(text, TEXT, "%s", pays ? to : from);
    }
    if (count > 1)
        snprintf(text, TEXT, "(%d postings)", count);
}

static void row(void *arg, struct columns *columns, struct json_view item)
{
    const struct statement *statement = arg;
    char seq[32], at[40], kind[40], other[TEXT], key[TEXT], units[64];
    char amount[TERMS_TEXT], balance[TERMS_TEXT];
    terms_text(json_view_member(item, "seq"), seq, sizeof seq);
    terms_time(json_view_member(item, "at"), at, sizeof at);
    terms_text(json_view_member(item, "kind"), kind, sizeof kind);
    terms_text(json_view_member(item, "key"), key, sizeof key);
    terms_text(json_view_member(item, "amount"), units, sizeof units);
    terms_show(units, statement->asset, amount);
    terms_text(json_view_member(item, "balance"), units, sizeof units);
    terms_show(units, statement->asset, balance);
    other_side(statement, item, other);
    columns_add(columns, (const char *const[]){seq, at, kind, other, amount, balance,
                             json_view_says_null(json_view_member(item, "key")) ? "" : key});
}

static enum desk_end statement(struct desk *desk)
{
    static const char *const titles[] = {
        ">SEQ", "TIME (UTC)", "KIND", "WITH", ">AMOUNT", ">BALANCE", "KEY", NULL};
    char asset[TERMS_ASSET];
    struct statement of = {.account = desk->words[0], .asset = asset};
    desk_choose_reads(desk);
    enum desk_end end = desk_asset(desk, of.account, asset);
    if (end != DESK_DONE)
        return end;
    return pages_print(
        desk, &(struct pages){.path = desk_path(desk, "/accounts/", of.account, "/entries?"),
                  .cursor = "before",
                  .what = "entries",
                  .titles = titles,
                  .row = row,
                  .arg = &of});
}

int cmd_statement(int argc, char **argv)
{
    struct option flags[] = {PAGES_FLAGS, DESK_READ_FLAGS, DESK_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller statement ACCOUNT [flags]",
        "List the entries of an account, newest first, with the balance behind each.", flags};
    return desk_run(&options, (struct desk_command){"statement", 1, 1, statement}, argc, argv);
}
