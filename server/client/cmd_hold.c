/* SPDX-License-Identifier: MIT */
/* hold: money put aside for somebody, and then captured, released, or looked at. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "server/client/commands.h"
#include "server/client/payment.h"

static void add(struct columns *rows, struct json_view body, const char *what, const char *member)
{
    char text[300];
    struct json_view value = json_view_member(body, member);
    terms_text(value, text, sizeof text);
    desk_row(rows, what, json_view_says_null(value) ? NULL : text);
}

static void show(struct desk *desk, const struct remote_answer *answer, void *arg)
{
    const char *asset = arg;
    struct columns rows = {.titles = desk_rows, .untitled = true};
    struct json_view body = json_view_read(answer->body, answer->length);
    char expires[40];
    (void)desk;
    add(&rows, body, "hold", "id");
    desk_amount_row(&rows, "amount", json_view_member(body, "amount"), asset);
    add(&rows, body, "from", "from");
    add(&rows, body, "to", "to");
    add(&rows, body, "status", "status");
    desk_amount_row(&rows, "captured", json_view_member(body, "captured"), asset);
    terms_time(json_view_member(body, "expires_at"), expires, sizeof expires);
    desk_row(&rows, "expires (UTC)", strcmp(expires, "null") == 0 ? NULL : expires);
    add(&rows, body, "key", "key");
    columns_write(&rows);
}

static const char *end_body(struct desk *desk, struct json_out *body)
{
    payment_metadata(desk, body);
    json_out_close(body, '}');
    json_out_raw(body, "", 1);
    return body->text;
}

static enum desk_end place(struct desk *desk, const char *const *words)
{
    char asset[TERMS_ASSET], units[MONEY_TEXT];
    struct json_out body;
    const char *seconds = options_value(desk->options, "expires-in");
    int64_t expires_s = seconds ? options_number(desk->options, "expires-in") : 0;
    enum desk_end end = desk_asset(desk, words[0], asset);
    if (end != DESK_DONE)
        return end;
    if (!desk_amount(words[2], asset, units))
        return DESK_NOT_UNDERSTOOD;
    json_out_begin(&body, &desk->arena);
    json_out_open(&body, '{');
    json_out_key(&body, "from");
    json_out_text(&body, words[0]);
    json_out_key(&body, "to");
    json_out_text(&body, words[1]);
    json_out_key(&body, "amount");
    json_out_text(&body, units);
    if (expires_s > 0) {
        json_out_key(&body, "expires_in");
        json_out_number(&body, (uint64_t)expires_s);
    }
    return payment_make(
        desk, &(struct payment){
                  .path = "/holds", .body = end_body(desk, &body), .show = show, .arg = asset});
}

/* The asset of a hold is that of the account it is on. */
static enum desk_end look(
    struct desk *desk, const char *id, struct remote_answer *answer, char asset[TERMS_ASSET])
{
    char from[300];
    const char *path = desk_path(desk, "/holds/", id, "");
    enum desk_end end = desk_get(desk, path, answer);
    if (end != DESK_DONE)
        return end;
    terms_text(
        json_view_member(json_view_read(answer->body, answer->length), "from"), from, sizeof from);
    end = desk_asset(desk, from, asset);
    /* The account's answer has taken the place of the hold's. */
    return end == DESK_DONE ? desk_get(desk, path, answer) : end;
}

static enum desk_end settle(struct desk *desk, const char *id, const char *verb, const char *amount)
{
    char asset[TERMS_ASSET], units[MONEY_TEXT];
    struct remote_answer answer;
    struct json_out body;
    enum desk_end end = look(desk, id, &answer, asset);
    if (end != DESK_DONE)
        return end;
    if (amount && !desk_amount(amount, asset, units))
        return DESK_NOT_UNDERSTOOD;
    json_out_begin(&body, &desk->arena);
    json_out_open(&body, '{');
    if (amount) {
        json_out_key(&body, "amount");
        json_out_text(&body, units);
    }
    return payment_make(desk, &(struct payment){.path = desk_path(desk, "/holds/", id, verb),
                                  .body = end_body(desk, &body),
                                  .show = show,
                                  .arg = asset});
}

static enum desk_end view(struct desk *desk, const char *id)
{
    char asset[TERMS_ASSET];
    struct remote_answer answer;
    desk_choose_reads(desk);
    enum desk_end end = look(desk, id, &answer, asset);
    if (end == DESK_DONE && desk->as_json)
        desk_print_read(desk, &answer, answer.body, answer.length);
    else if (end == DESK_DONE)
        show(desk, &answer, asset);
    if (end == DESK_DONE && !desk->as_json)
        desk_print_position(desk, &answer);
    return end;
}

static enum desk_end hold(struct desk *desk)
{
    const char *const *words = desk->words;
    size_t count = 0;
    while (words[count])
        count++;
    bool has_id = isdigit((unsigned char)*words[1]);
    if (strcmp(words[0], "place") == 0 && count == 4)
        return place(desk, words + 1);
    if (strcmp(words[0], "capture") == 0 && has_id && count <= 3)
        return settle(desk, words[1], "/capture", words[2]);
    if (strcmp(words[0], "release") == 0 && has_id && count == 2)
        return settle(desk, words[1], "/release", NULL);
    if (strcmp(words[0], "show") == 0 && has_id && count == 2)
        return view(desk, words[1]);
    if (count == 3)
        return place(desk, words);
    fprintf(stderr, "usage: %s\n", desk->options->usage);
    return DESK_NOT_UNDERSTOOD;
}

int cmd_hold(int argc, char **argv)
{
    struct option flags[] = {
        {"expires-in", "S=1..316224000", "for how long it is held, in seconds", NULL},
        PAYMENT_FLAGS, DESK_READ_FLAGS, DESK_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {
        "teller hold [place] FROM TO AMOUNT | capture ID [AMOUNT] | release ID | show ID [flags]",
        "Put money of one account aside for another; then capture all of it or a part, or release\n"
        "it. Each is done once, whatever fails: see teller transfer --help.",
        flags};
    return desk_run(&options, (struct desk_command){"hold", 2, 4, hold}, argc, argv);
}
