/* SPDX-License-Identifier: MIT */
/*
 * CSV (RFC 4180), one row for each posting, and one for each entry that has none, with `leg` and
 * `amount` empty: so the amounts add up whatever else is there. Amounts are whole numbers of the
 * asset's smallest unit.
 *
 * A spreadsheet runs a cell that begins with = + - or @ as a formula. What people wrote (ids and
 * keys) gets a ' in front if it begins so, or with a ' or a blank that such a program takes off;
 * whoever reads it back takes that ' off.
 */
#include <string.h>

#include "server/export/export.h"
#include "server/text/time_text.h"

static void begin(struct export_work *work)
{
    fputs("seq,at,kind,key,ref,leg,from,to,asset,amount,from_balance,to_balance,account,floor,"
          "reserved,expires_at,code,available,metadata\r\n",
        work->out);
}

/* ---- fields: a comma, then the value, quoted if it needs to be ------------------------------- */

static void field(FILE *out, const char *guard, const char *value)
{
    putc(',', out);
    /* Quoted only where it must be. */
    if (!strpbrk(value, ",\"\r\n")) {
        fprintf(out, "%s%s", guard, value);
        return;
    }
    fprintf(out, "\"%s", guard);
    for (; *value; value++) {
        if (*value == '"')
            putc('"', out);
        putc(*value, out);
    }
    putc('"', out);
}

static void text(FILE *out, const char *value)
{
    field(out, "", value ? value : "");
}

static void words(FILE *out, const char *value)
{
    bool guarded = value && *value && strchr("=+-@'\t\r\n ", *value);
    field(out, guarded ? "'" : "", value ? value : "");
}

static void amount(FILE *out, bool there, money value)
{
    char digits[MONEY_TEXT] = "";
    if (there)
        (void)money_format(value, digits);
    text(out, digits);
}

static void number(FILE *out, bool there, uint64_t value)
{
    if (there)
        fprintf(out, ",%lu", value);
    else
        putc(',', out);
}

static void moment(FILE *out, int64_t at_us)
{
    char at[TIME_TEXT] = "";
    if (at_us)
        time_text(at_us, at);
    text(out, at);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* posting: NULL for an entry that has none. */
static void write_row(
    FILE *out, const struct entry *entry, const struct posting *posting, uint32_t leg)
{
    const struct account *account = entry->account;
    bool opens = entry->kind == ENTRY_ACCOUNT, holds = entry->kind == ENTRY_HOLD;
    /* What a hold reserves has not moved, and must not add up with what has. */
    bool moves = posting && !holds;
    fprintf(out, "%lu", entry->seq);
    moment(out, entry->at_us);
    text(out, entry_kind_name(entry->kind));
    words(out, entry->key);
    number(out, entry->ref, entry->ref);
    number(out, moves, leg);
    words(out, posting ? posting->from->id : NULL);
    words(out, posting ? posting->to->id : NULL);
    text(out, posting ? posting->from->asset : opens ? account->asset : NULL);
    amount(out, moves, moves ? posting->amount : 0);
    amount(out, moves, moves ? posting->from_after : 0);
    amount(out, moves, moves ? posting->to_after : 0);
    words(out, account ? account->id : NULL);
    amount(out, opens && account->has_floor, opens ? account->floor : 0);
    amount(out, holds, holds ? posting->amount : 0);
    moment(out, entry->expires_us);
    text(out, entry->kind == ENTRY_REJECTED ? status_name(entry->code) : NULL);
    amount(out, entry->code == LEDGER_INSUFFICIENT_FUNDS, entry->available);
    text(out, entry->metadata); /* begins with { */
    fputs("\r\n", out);
}

static void write_entry(struct export_work *work, const struct entry *entry)
{
    /* An entry without any is a row too: nothing of the journal is left out. */
    bool has_postings = entry_moves_money(entry) || entry->kind == ENTRY_HOLD;
    for (uint32_t i = 0; has_postings && i < entry->posting_count; i++)
        write_row(work->out, entry, &entry->postings[i], i);
    if (!has_postings)
        write_row(work->out, entry, NULL, 0);
}

const struct export_format export_csv = {.name = "csv", .begin = begin, .entry = write_entry};
