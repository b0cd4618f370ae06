/* SPDX-License-Identifier: MIT */
/*
 * Beancount. Its days have no times: the time of an entry is metadata, and what all accounts must
 * have in the end is asserted for the day after the last entry.
 *
 * For Beancount the balance of an account includes that of the accounts below it ("a" those of
 * "a:b"). They come right after it, so a stack of those that the current one is below is enough to
 * add them up: an assertion is written when its frame is left.
 */
#include <string.h>

#include "server/export/export.h"
#include "server/export/export_text.h"
#include "server/export/export_words.h"
#include "server/text/time_text.h"

/* Beancount computes with 28 digits; a transfer may add up 1,000 amounts. */
enum { DIGITS = 25, DEPTH = ACCOUNT_ID_MAX + 1 };
static const int64_t day_us = INT64_C(86400000000);

struct frame {
    char name[EXPORT_TEXT_BEANCOUNT], asset[ASSET_TEXT];
    struct money_sum sum;
};

struct beancount {
    bool opened; /* the account of the opening balances */
    bool ending; /* the entries are over */
    size_t depth;
    struct frame stack[DEPTH];
};

static const char warning[] = "there are amounts or balances of more than 25 digits; Beancount "
                              "computes with 28 digits and may refuse what is right";

static bool is_too_large(money largest)
{
    char digits[MONEY_TEXT];
    return money_format(largest, digits) > DIGITS;
}

static void begin(struct export_work *work)
{
    fprintf(work->out, "; the ledger %s up to seq %lu, for beancount\n", work->ledger, work->seq);
    if (is_too_large(work->largest)) {
        fprintf(work->out, "; warning: %s\n", warning);
        fprintf(stderr, "teller: warning: %s\n", warning);
    }
    fprintf(work->out, "option \"title\" \"%s\"\noption \"inferred_tolerance_multiplier\" \"0\"\n",
        work->ledger);
}

static void write_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        /* A string of Beancount's may not hold line ends. */
        putc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    putc('"', out);
}

static void write_text(FILE *out, const char *label, const char *text)
{
    if (!text)
        return;
    fprintf(out, "  %s: ", label);
    write_string(out, text);
    putc('\n', out);
}

/* ---- what was there before the range -------------------------------------------------------- */

static const char opening_account[] = "Equity:Opening-Balances";

static void write_opening(struct export_work *work, const struct snapshot_balance *balance)
{
    struct beancount *beancount = work->state;
    char day[EXPORT_TEXT_DAY], name[EXPORT_TEXT_BEANCOUNT], commodity[EXPORT_TEXT_COMMODITY];
    char amount[EXPORT_TEXT_AMOUNT];
    export_text_day(work->from_us, day);
    export_text_beancount(balance->id, work->types, name);
    export_text_commodity(balance->asset, commodity);
    /* Accounts must be open before they are used, this one as well. */
    if (!beancount->opened)
        fprintf(work->out, "\n%s open %s\n", day, opening_account);
    beancount->opened = true;
    fprintf(work->out, "%s open %s %s\n", day, name, commodity);
    write_text(work->out, "id", balance->id);
    if (balance->balance == 0)
        return;
    export_text_amount(balance->balance, balance->asset, amount);
    fprintf(work->out, "%s * \"opening balances\"\n  %s  %s %s\n  %s\n", day, name, amount,
        commodity, opening_account);
}

/* ---- entries ------------------------------------------------------------------------------- */

static void declare_asset(struct export_work *work, const char *asset)
{
    char commodity[EXPORT_TEXT_COMMODITY];
    export_text_commodity(asset, commodity);
    fprintf(work->out, "\n1970-01-01 commodity %s\n", commodity);
    write_text(work->out, "asset", asset);
}

static void write_place(FILE *out, const struct entry *entry)
{
    char at[TIME_TEXT];
    time_text(entry->at_us, at);
    fprintf(out, "  seq: %lu\n  at: \"%s\"\n", entry->seq, at);
}

static void write_account(struct export_work *work, const char *day, const struct entry *entry)
{
    FILE *out = work->out;
    const struct account *account = entry->account;
    char name[EXPORT_TEXT_BEANCOUNT], commodity[EXPORT_TEXT_COMMODITY], floor[EXPORT_TEXT_AMOUNT];
    export_text_beancount(account->id, work->types, name);
    export_text_commodity(account->asset, commodity);
    fprintf(out, "%s open %s %s\n", day, name, commodity);
    write_place(out, entry);
    write_text(out, "id", account->id);
    export_text_amount(account->floor, account->asset, floor);
    write_text(out, "floor", account->has_floor ? floor : "none");
    write_text(out, "metadata", entry->metadata);
}

/* * "payee" "note", what there is of them; else what kind of entry it is. */
static void write_head(FILE *out, const char *day, const struct entry *entry)
{
    struct export_words words;
    const char *kind = entry_kind_name(entry->kind);
    export_words_of(entry, &words);
    fprintf(out, "%s * ", day);
    if (*words.payee) {
        write_string(out, words.payee);
        putc(' ', out);
    }
    /* Beancount requires a narration. */
    write_string(out, *words.note || *words.payee ? words.note : kind);
    fprintf(out, "\n  kind: \"%s\"\n", kind);
}

static void write_movement(struct export_work *work, const char *day, const struct entry *entry)
{
    FILE *out = work->out;
    write_head(out, day, entry);
    write_place(out, entry);
    if (entry->ref)
        fprintf(out, "  %s: %lu\n", entry->kind == ENTRY_CAPTURE ? "hold" : "reverses", entry->ref);
    write_text(out, "key", entry->key);
    write_text(out, "metadata", entry->metadata);
    /* Two lines a posting, which cancel each other out, so the transaction balances. */
    for (uint32_t i = 0; i < entry->posting_count; i++) {
        const struct posting *posting = &entry->postings[i];
        char from[EXPORT_TEXT_BEANCOUNT], to[EXPORT_TEXT_BEANCOUNT];
        char amount[EXPORT_TEXT_AMOUNT], commodity[EXPORT_TEXT_COMMODITY];
        export_text_beancount(posting->from->id, work->types, from);
        export_text_beancount(posting->to->id, work->types, to);
        export_text_amount(posting->amount, posting->from->asset, amount);
        export_text_commodity(posting->from->asset, commodity);
        fprintf(out, "  %s  -%s %s\n  %s  %s %s\n", from, amount, commodity, to, amount, commodity);
    }
}

static void write_entry(struct export_work *work, const struct entry *entry)
{
    char day[EXPORT_TEXT_DAY];
    export_text_day(entry->at_us, day);
    putc('\n', work->out);
    if (entry_moves_money(entry))
        write_movement(work, day, entry);
    else if (entry->kind == ENTRY_ACCOUNT)
        write_account(work, day, entry);
    else
        export_text_note(work->out, entry);
}

/* ---- balances ------------------------------------------------------------------------------ */

static void leave(struct export_work *work)
{
    struct beancount *beancount = work->state;
    const struct frame *frame = &beancount->stack[--beancount->depth];
    char day[EXPORT_TEXT_DAY], amount[EXPORT_TEXT_AMOUNT], commodity[EXPORT_TEXT_COMMODITY];
    /* An assertion holds at the beginning of its day. */
    export_text_day(work->at_us + day_us, day);
    export_text_sum(&frame->sum, frame->asset, amount);
    export_text_commodity(frame->asset, commodity);
    fprintf(work->out, "%s balance %s  %s ~ 0 %s\n", day, frame->name, amount, commodity);
}

static bool is_below(const char *name, const char *above)
{
    size_t length = strlen(above);
    return strncmp(name, above, length) == 0 && name[length] == ':';
}

static void assert_balance(struct export_work *work, const struct snapshot_balance *balance)
{
    struct beancount *beancount = work->state;
    char name[EXPORT_TEXT_BEANCOUNT];
    if (!beancount->ending)
        putc('\n', work->out);
    beancount->ending = true;
    export_text_beancount(balance->id, work->types, name);
    /* Accounts come sorted, so what this one is not below is complete. */
    while (beancount->depth > 0 && !is_below(name, beancount->stack[beancount->depth - 1].name))
        leave(work);
    co_ensure(beancount->depth < DEPTH); /* each is below the one before it by a part */
    struct frame *frame = &beancount->stack[beancount->depth++];
    *frame = (struct frame){.sum = {0}};
    strcpy(frame->name, name);
    strcpy(frame->asset, balance->asset);
    /* Amounts add up within one asset only. */
    for (size_t i = 0; i < beancount->depth; i++) {
        struct frame *above = &beancount->stack[i];
        if (strcmp(above->asset, balance->asset) == 0)
            money_sum_add(&above->sum, balance->balance);
    }
}

static void end(struct export_work *work)
{
    const struct beancount *beancount = work->state;
    while (beancount->depth > 0)
        leave(work);
}

const struct export_format export_beancount = {.name = "beancount",
    .state_size = sizeof(struct beancount),
    .asks_for_largest = true,
    .begin = begin,
    .asset = declare_asset,
    .opening = write_opening,
    .entry = write_entry,
    .balance = assert_balance,
    .end = end};
