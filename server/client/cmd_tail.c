/* SPDX-License-Identifier: MIT */
/* tail: the journal as it grows. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/domain/hash.h"
#include "server/client/commands.h"
#include "server/client/desk.h"

enum { TEXT = 300, KNOWN = 256 };

/* What was shown, and what is yet to be. */
struct tail {
    struct desk *desk;
    int64_t seq;  /* the last entry that was shown, or the place to begin behind */
    int64_t left; /* how many more; negative: no end */
    struct columns columns;
    struct known {
        char account[TEXT], asset[TERMS_ASSET];
    } known[KNOWN]; /* what an account's asset is, by a hash of its id */
};

/* An entry names no asset: that of its account is asked for, once. "": it is not told. */
static const char *asset_of(struct tail *tail, const char *account)
{
    struct desk *desk = tail->desk;
    struct known *known = &tail->known[hash_text(account, strlen(account)) % KNOWN];
    struct remote_answer answer;
    if (strcmp(known->account, account) == 0)
        return known->asset;
    const char *path = desk_path(desk, "/accounts/", account, "");
    const struct remote_ask ask = {.path = desk_path(desk, "/v1/ledgers/", desk->ledger, path)};
    if (remote_call(desk->aside, &ask, &answer) != REMOTE_ANSWERED || answer.status != 200)
        return "";
    snprintf(known->account, sizeof known->account, "%s", account);
    terms_text(json_view_member(json_view_read(answer.body, answer.length), "asset"), known->asset,
        sizeof known->asset);
    return known->asset;
}

/* An entry that moves nothing: its account, and why it was refused. */
static void describe_other(struct json_view entry, char about[TEXT])
{
    char who[TEXT / 2], why[TEXT / 2 - 8];
    struct json_view account = json_view_member(entry, "account");
    struct json_view id = json_view_member(account, "id");
    terms_text(id.at ? id : account, who, sizeof who);
    terms_text(json_view_member(entry, "code"), why, sizeof why);
    bool nobody = !account.at || json_view_says_null(account);
    snprintf(about, TEXT, "%s%s%s", nobody ? "" : who, !nobody && *why ? ": " : "", why);
}

/* Whom an entry is about, and what moved. */
static void describe(
    struct tail *tail, struct json_view entry, char about[TEXT], char amount[TERMS_TEXT])
{
    char units[64];
    struct json_view_walk walk = {.rest = json_view_member(entry, "postings")};
    struct json_view posting, hold = json_view_member(entry, "hold");
    char from[TEXT / 2 - 8], to[TEXT / 2 - 8];
    bool moves = json_view_next(&walk, &posting);
    amount[0] = '\0';
    if (!moves && !json_view_member(hold, "from").at) {
        describe_other(entry, about);
        return;
    }
    struct json_view of = moves ? posting : hold;
    terms_text(json_view_member(of, "from"), from, sizeof from);
    terms_text(json_view_member(of, "to"), to, sizeof to);
    terms_text(json_view_member(of, "amount"), units, sizeof units);
    terms_show(units, asset_of(tail, from), amount);
    snprintf(about, TEXT, "%s%s%s%s", from, *to ? " -> " : "", to,
        moves && json_view_next(&walk, &posting) ? ", ..." : "");
}

static void show(struct tail *tail, const struct remote_event *event)
{
    /* What is asked about it is of whoever has it. */
    struct remote_reads reads = tail->desk->reads;
    struct json_view entry = json_view_read(event->data, event->length);
    char seq[32], at[40], kind[40], about[TEXT], amount[TERMS_TEXT];
    if (tail->desk->as_json) {
        desk_print_json(event->data, event->length);
        return;
    }
    reads.least = event->id;
    if (reads.stale)
        remote_read_as(tail->desk->aside, reads);
    snprintf(seq, sizeof seq, "%" PRId64, event->id);
    terms_time(json_view_member(entry, "at"), at, sizeof at);
    terms_text(json_view_member(entry, "kind"), kind, sizeof kind);
    describe(tail, entry, about, amount);
    columns_add(&tail->columns, (const char *const[]){seq, at, kind, about, amount});
    columns_write(&tail->columns);
}

/* No entry is shown twice, and none is left out. */
static bool take(void *arg, const struct remote_event *event)
{
    struct tail *tail = arg;
    if (event->name || event->id <= tail->seq)
        return !ferror(stdout);
    show(tail, event);
    tail->seq = event->id;
    tail->left -= tail->left > 0;
    return fflush(stdout) == 0 && tail->left != 0;
}

/* The place to begin behind: given, or the journal's end. */
static enum desk_end find_start(struct desk *desk, int64_t *seq)
{
    struct remote_answer answer;
    if (options_value(desk->options, "after")) {
        *seq = options_number(desk->options, "after");
        return DESK_DONE;
    }
    enum desk_end end = desk_get(desk, "/accounts?limit=1", &answer);
    *seq = answer.seq > 0 ? answer.seq : 0;
    return end;
}

/* A stream may be cut at any time: it goes on behind what was shown. */
static enum desk_end follow(struct tail *tail)
{
    struct desk *desk = tail->desk;
    const int64_t patience_ns = desk->until_ns - co_clock_now_ns();
    for (int tries = 0;; tries++) {
        struct remote_listener listener = {.event = take, .arg = tail};
        struct remote_answer answer;
        char query[64];
        int64_t before = tail->seq;
        snprintf(query, sizeof query, "/events?after=%" PRId64, tail->seq);
        enum remote_fate fate = remote_listen(
            desk->remote, desk_path(desk, "/v1/ledgers/", desk->ledger, query), &listener, &answer);
        if (listener.stopped)
            return DESK_DONE;
        if (fate == REMOTE_ANSWERED && answer.status < 500 && answer.status != 429)
            return desk_refused(desk, &answer);
        /* While entries come there is no reason to give up. */
        if (fate == REMOTE_UNKNOWN || tail->seq > before) {
            tries = tail->seq > before ? 0 : tries;
            desk->until_ns = co_clock_now_ns() + patience_ns;
        }
        if (fate == REMOTE_NOT_TRUSTED || !desk_pause(desk, &answer, tries)) {
            fprintf(stderr, "teller: no events from %s: %s\n", desk->url, remote_why(desk->remote));
            return DESK_NOT_DONE;
        }
    }
}

static enum desk_end tail(struct desk *desk)
{
    static const char *const titles[] = {">SEQ", "TIME (UTC)", "KIND", "ABOUT", ">AMOUNT", NULL};
    /* Large; and once in a process. Rows are written as they come, so the usual widths are set. */
    static struct tail tail = {.left = -1, .columns = {.width = {7, 19, 8, 32, 14}}};
    tail.desk = desk;
    desk_choose_reads(desk);
    tail.columns.titles = titles;
    if (options_value(desk->options, "limit"))
        tail.left = options_number(desk->options, "limit");
    enum desk_end end = find_start(desk, &tail.seq);
    return end == DESK_DONE ? follow(&tail) : end;
}

int cmd_tail(int argc, char **argv)
{
    struct option flags[] = {
        {"after", "SEQ=0..9007199254740992",
            "begin behind that position; 0: with the first entry [the end]", NULL},
        {"limit", "N=1..9007199254740992", "end after so many entries", NULL}, DESK_READ_FLAGS,
        DESK_FLAGS, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller tail [flags]",
        "Show the entries of the journal as they come, each once, also if the connection is cut\n"
        "or the service is away meanwhile; until Ctrl-C.",
        flags};
    return desk_run(&options, (struct desk_command){"tail", 0, 0, tail}, argc, argv);
}
