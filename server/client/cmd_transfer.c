/* SPDX-License-Identifier: MIT */
/* transfer, deposit and withdraw, and resume for what became of none of them. */
#include <stdio.h>
#include <string.h>

#include "server/client/commands.h"
#include "server/client/payment.h"

/* ---- the receipt -------------------------------------------------------------------------- */

static void show_balances(struct columns *rows, struct json_view balances, const char *asset)
{
    enum { LABEL = 300 };
    struct json_view_walk walk = {.rest = balances};
    struct json_view name, value;
    while (json_view_next_member(&walk, &name, &value)) {
        char label[LABEL], id[LABEL - 12];
        /* With its quotation marks it is a string. */
        terms_text((struct json_view){name.at - 1, name.length + 2}, id, sizeof id);
        snprintf(label, sizeof label, "balance of %s", id);
        desk_amount_row(rows, label, value, asset);
    }
}

static void show(struct desk *desk, const struct remote_answer *answer, void *arg)
{
    enum { TEXT = 300 };
    const char *asset = arg;
    struct columns rows = {.titles = desk_rows, .untitled = true};
    struct json_view body = json_view_read(answer->body, answer->length), posting;
    char text[TEXT];
    terms_text(json_view_member(body, "id"), text, sizeof text);
    desk_row(&rows, desk->command.name, text);
    struct json_view_walk walk = {.rest = json_view_member(body, "postings")};
    while (json_view_next(&walk, &posting)) {
        desk_amount_row(&rows, "amount", json_view_member(posting, "amount"), asset);
        terms_text(json_view_member(posting, "from"), text, sizeof text);
        desk_row(&rows, "from", text);
        terms_text(json_view_member(posting, "to"), text, sizeof text);
        desk_row(&rows, "to", text);
    }
    show_balances(&rows, json_view_member(body, "balances"), asset);
    terms_time(json_view_member(body, "at"), text, sizeof text);
    desk_row(&rows, "time (UTC)", text);
    terms_text(json_view_member(body, "key"), text, sizeof text);
    desk_row(&rows, "key", text);
    columns_write(&rows);
}

/* ---- the payments ------------------------------------------------------------------------- */

/* `path` of the payment; the body has from and to if there are two accounts. */
static enum desk_end pay(struct desk *desk, const char *path, const char *to, const char *amount)
{
    char asset[TERMS_ASSET], units[MONEY_TEXT];
    struct json_out body;
    const char *from = desk->words[0];
    enum desk_end end = desk_asset(desk, from, asset);
    if (end != DESK_DONE)
        return end;
    if (!desk_amount(amount, asset, units))
        return DESK_NOT_UNDERSTOOD;
    json_out_begin(&body, &desk->arena);
    json_out_open(&body, '{');
    if (to) {
        json_out_key(&body, "from");
        json_out_text(&body, from);
        json_out_key(&body, "to");
        json_out_text(&body, to);
    }
    json_out_key(&body, "amount");
    json_out_text(&body, units);
    payment_metadata(desk, &body);
    json_out_close(&body, '}');
    json_out_raw(&body, "", 1);
    return payment_make(
        desk, &(struct payment){.path = path, .body = body.text, .show = show, .arg = asset});
}

static enum desk_end transfer(struct desk *desk)
{
    return pay(desk, "/transfers", desk->words[1], desk->words[2]);
}

static enum desk_end deposit(struct desk *desk)
{
    return pay(
        desk, desk_path(desk, "/accounts/", desk->words[0], "/deposit"), NULL, desk->words[1]);
}

static enum desk_end withdraw(struct desk *desk)
{
    return pay(
        desk, desk_path(desk, "/accounts/", desk->words[0], "/withdraw"), NULL, desk->words[1]);
}

#define FLAGS                                                                                      \
    {                                                                                              \
        PAYMENT_FLAGS, DESK_FLAGS,                                                                 \
        {                                                                                          \
            NULL, NULL, NULL, NULL                                                                 \
        }                                                                                          \
    }
#define ONCE                                                                                       \
    "The amount is in the asset's terms: 10.05 of USD/2. It is paid once, whatever fails: what\n"  \
    "has no outcome is asked for again with its key, and what was interrupted is gone on with "    \
    "by\n"                                                                                         \
    "the same command, or by teller resume."

int cmd_transfer(int argc, char **argv)
{
    struct option flags[] = FLAGS;
    const struct options options = {"teller transfer FROM TO AMOUNT [flags]",
        "Move money from one account to another.\n" ONCE, flags};
    return desk_run(&options, (struct desk_command){"transfer", 3, 3, transfer}, argc, argv);
}

int cmd_deposit(int argc, char **argv)
{
    struct option flags[] = FLAGS;
    const struct options options = {"teller deposit ACCOUNT AMOUNT [flags]",
        "Take money in, from the asset's world account.\n" ONCE, flags};
    return desk_run(&options, (struct desk_command){"deposit", 2, 2, deposit}, argc, argv);
}

int cmd_withdraw(int argc, char **argv)
{
    struct option flags[] = FLAGS;
    const struct options options = {"teller withdraw ACCOUNT AMOUNT [flags]",
        "Pay money out, to the asset's world account.\n" ONCE, flags};
    return desk_run(&options, (struct desk_command){"withdraw", 2, 2, withdraw}, argc, argv);
}

int cmd_resume(int argc, char **argv)
{
    struct option flags[] = {
        {"state", "DIR", "where payments without an outcome are kept [~/.local/state/teller]",
            NULL},
        DESK_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller resume [flags]",
        "Go on with the payments to this service whose outcome is not known, as the command was\n"
        "killed or the service was away: each is sent again with its key, and done once.",
        flags};
    return desk_run(&options, (struct desk_command){"resume", 0, 0, payment_resume}, argc, argv);
}
