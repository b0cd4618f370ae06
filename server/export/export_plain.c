/* SPDX-License-Identifier: MIT */
/*
 * The plain-text journals of hledger and ledger, which differ in their heads in how they say "this
 * account and no other commodity", and in that hledger is told the types of accounts.
 *
 * The mark "*" stands before each account of a posting because ledger would take the ids "assert",
 * "check" and "expr" for directives.
 */
#include <string.h>

#include "server/export/export.h"
#include "server/export/export_text.h"
#include "server/export/export_types.h"
#include "server/export/export_words.h"
#include "server/text/time_text.h"

enum { BALANCES = 1000 }; /* as many as this are asserted in one transaction */

struct plain {
    uint64_t openings, balances;
};

static bool is_hledger(const struct export_work *work)
{
    return work->format == &export_hledger;
}

static void begin(struct export_work *work)
{
    fprintf(work->out, "; the ledger %s up to seq %lu, for %s\n", work->ledger, work->seq,
        work->format->name);
    /* ledger wants tags declared, hledger a decimal mark. */
    fputs(is_hledger(work) ? "decimal-mark .\n"
                           : "tag kind\ntag at\ntag hold\ntag reverses\ntag key\ntag metadata\n",
        work->out);
}

static void declare_asset(struct export_work *work, const char *asset)
{
    char one[EXPORT_TEXT_AMOUNT];
    export_text_amount(0, asset, one);
    /* The scale of amounts is shown by an example. */
    if (is_hledger(work))
        fprintf(work->out, "commodity %s%s \"%s\"\n", one, strchr(one, '.') ? "" : ".", asset);
    else
        fprintf(work->out, "commodity \"%s\"\n", asset);
}

/* hledger makes a balance sheet and an income statement of the types. */
static void declare_account(struct export_work *work, const char *id)
{
    char name[EXPORT_TEXT_NAME];
    export_text_name(id, name);
    fprintf(work->out, "account %s", name);
    if (is_hledger(work))
        fprintf(work->out, "  ; type: %c", export_type_letter(export_type_of(work->types, id)));
    putc('\n', work->out);
}

static const char opening_account[] = "equity:opening balances";

static void write_opening(struct export_work *work, const struct snapshot_balance *balance)
{
    struct plain *plain = work->state;
    char day[EXPORT_TEXT_DAY], name[EXPORT_TEXT_NAME], amount[EXPORT_TEXT_AMOUNT];
    /* Declared only once it turns out to be needed. */
    if (plain->openings++ == 0)
        fprintf(
            work->out, "\naccount %s%s\n", opening_account, is_hledger(work) ? "  ; type: E" : "");
    declare_account(work, balance->id);
    if (balance->balance == 0)
        return;
    export_text_day(work->from_us, day);
    export_text_name(balance->id, name);
    export_text_amount(balance->balance, balance->asset, amount);
    fprintf(work->out, "%s * opening balances\n    * %s  %s \"%s\"\n    * %s\n", day, name, amount,
        balance->asset, opening_account);
}

static void write_posting(struct export_work *work, const struct posting *posting)
{
    char from[EXPORT_TEXT_NAME], to[EXPORT_TEXT_NAME], amount[EXPORT_TEXT_AMOUNT];
    export_text_name(posting->from->id, from);
    export_text_name(posting->to->id, to);
    export_text_amount(posting->amount, posting->from->asset, amount);
    fprintf(work->out, "    * %s  -%s \"%s\"\n    * %s  %s \"%s\"\n", from, amount,
        posting->from->asset, to, amount, posting->to->asset);
}

/* "payee | note", what there is of them; else what kind of entry it is. ";" begins a comment, and
 * "|" parts the two. */
static void write_description(FILE *out, const struct entry *entry)
{
    struct export_words words;
    export_words_of(entry, &words);
    for (char *texts[] = {words.payee, words.note}, **text = texts; text < texts + 2; text++)
        for (char *c = *text; *c; c++)
            *c = *c == ';' ? ',' : *c == '|' ? '/' : *c;
    if (*words.payee && *words.note)
        fprintf(out, "%s | %s", words.payee, words.note);
    else
        fputs(*words.payee  ? words.payee
              : *words.note ? words.note
                            : entry_kind_name(entry->kind),
            out);
}

static void write_movement(struct export_work *work, const struct entry *entry)
{
    char day[EXPORT_TEXT_DAY], at[TIME_TEXT];
    export_text_day(entry->at_us, day);
    time_text(entry->at_us, at);
    fprintf(work->out, "%s * (%lu) ", day, entry->seq);
    write_description(work->out, entry);
    /* Tags, by which both programs can search. */
    fprintf(work->out, "\n    ; kind: %s\n    ; at: %s\n", entry_kind_name(entry->kind), at);
    if (entry->ref)
        fprintf(work->out, "    ; %s: %lu\n", entry->kind == ENTRY_CAPTURE ? "hold" : "reverses",
            entry->ref);
    export_text_extras(work->out, "    ", entry);
    for (uint32_t i = 0; i < entry->posting_count; i++)
        write_posting(work, &entry->postings[i]);
}

static void write_entry(struct export_work *work, const struct entry *entry)
{
    putc('\n', work->out);
    if (entry_moves_money(entry)) {
        write_movement(work, entry);
        return;
    }
    export_text_note(work->out, entry);
    if (entry->kind == ENTRY_ACCOUNT)
        declare_account(work, entry->account->id);
}

static void assert_balance(struct export_work *work, const struct snapshot_balance *balance)
{
    struct plain *plain = work->state;
    char day[EXPORT_TEXT_DAY], name[EXPORT_TEXT_NAME], amount[EXPORT_TEXT_AMOUNT];
    if (plain->balances++ % BALANCES == 0) {
        export_text_day(work->at_us, day);
        fprintf(work->out, "\n%s * (%lu) balances\n", day, work->seq);
    }
    export_text_name(balance->id, name);
    export_text_amount(balance->balance, balance->asset, amount);
    fprintf(work->out, "    * %s  0 \"%s\" %s %s \"%s\"\n", name, balance->asset,
        is_hledger(work) ? "==" : "=", amount, balance->asset);
}

const struct export_format export_hledger = {.name = "hledger",
    .state_size = sizeof(struct plain),
    .begin = begin,
    .asset = declare_asset,
    .opening = write_opening,
    .entry = write_entry,
    .balance = assert_balance};

const struct export_format export_ledger = {.name = "ledger",
    .state_size = sizeof(struct plain),
    .begin = begin,
    .asset = declare_asset,
    .opening = write_opening,
    .entry = write_entry,
    .balance = assert_balance};
