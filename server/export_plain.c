/* SPDX-License-Identifier: MIT */
/*
 * The plain-text journals of hledger and ledger, which differ in their heads and in how they say
 * "this account and no other commodity".
 *
 * The mark "*" stands before each account of a posting because ledger would take the ids "assert",
 * "check" and "expr" for directives.
 */
#include <string.h>

#include "server/export.h"
#include "server/export_text.h"
#include "server/time_text.h"

enum { BALANCES = 1000 }; /* so many are asserted in one transaction */

struct plain {
    uint64_t balances;
};

static bool is_hledger(const struct export_work *work)
{
    return work->format == &export_hledger;
}

static void begin(struct export_work *work)
{
    fprintf(work->out, "; the ledger %s up to seq %lu, for %s\n", work->ledger, work->seq,
        work->format->name);
    fputs(is_hledger(work) ? "decimal-mark .\n"
                           : "tag at\ntag hold\ntag reverses\ntag key\ntag metadata\n",
        work->out);
}

static void declare_asset(struct export_work *work, const char *asset)
{
    char one[EXPORT_TEXT_AMOUNT];
    export_text_amount(0, asset, one);
    if (is_hledger(work))
        fprintf(work->out, "commodity %s%s \"%s\"\n", one, strchr(one, '.') ? "" : ".", asset);
    else
        fprintf(work->out, "commodity \"%s\"\n", asset);
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

static void write_movement(struct export_work *work, const struct entry *entry)
{
    char day[EXPORT_TEXT_DAY], at[TIME_TEXT];
    export_text_day(entry->at_us, day);
    time_text(entry->at_us, at);
    fprintf(work->out, "%s * (%lu) %s\n    ; at: %s\n", day, entry->seq,
        entry_kind_name(entry->kind), at);
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
    if (entry->kind == ENTRY_ACCOUNT) {
        char name[EXPORT_TEXT_NAME];
        export_text_name(entry->account->id, name);
        fprintf(work->out, "account %s\n", name);
    }
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
    .entry = write_entry,
    .balance = assert_balance};

const struct export_format export_ledger = {.name = "ledger",
    .state_size = sizeof(struct plain),
    .begin = begin,
    .asset = declare_asset,
    .entry = write_entry,
    .balance = assert_balance};
