/* SPDX-License-Identifier: MIT */
#include "server/export/export_text.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/domain/account.h"
#include "ledger/domain/hash.h"
#include "server/export/export_types.h"
#include "server/text/hex.h"
#include "server/text/time_text.h"

/* ---- amounts and days ---------------------------------------------------------------------- */

void export_text_amount(money amount, const char *asset, char text[EXPORT_TEXT_AMOUNT])
{
    export_text_sum(&(struct money_sum){.low = amount}, asset, text);
}

void export_text_sum(const struct money_sum *sum, const char *asset, char text[EXPORT_TEXT_AMOUNT])
{
    char whole[MONEY_SUM_TEXT], *digits = whole;
    size_t scale = strtoul(strrchr(asset, '/') + 1, NULL, 10);
    size_t length = money_sum_format(sum, whole);
    co_ensure(scale <= MONEY_DIGITS); /* of a valid asset */
    if (*digits == '-') {
        *text++ = *digits++;
        length--;
    }
    /* 5 of scale 2 is 0.05. */
    size_t zeros = length <= scale ? scale + 1 - length : 0; /* one digit before the point */
    memset(text, '0', zeros);
    memcpy(text + zeros, digits, length + 1);
    if (scale == 0)
        return;
    char *point = text + zeros + length - scale;
    memmove(point + 1, point, scale + 1);
    *point = '.';
}

void export_text_day(int64_t at_us, char text[EXPORT_TEXT_DAY])
{
    char whole[TIME_TEXT];
    time_text(at_us, whole);
    memcpy(text, whole, EXPORT_TEXT_DAY - 1);
    text[EXPORT_TEXT_DAY - 1] = '\0';
}

/* ---- names --------------------------------------------------------------------------------- */

static char *spell_hex(char *to, char mark, char c)
{
    *to++ = mark;
    return hex_write(to, c);
}

/* Does hledger or ledger take that for something else than a character of the name? A blank is
 * allowed between two others. */
static bool is_special(const char *id, const char *at)
{
    if (*at == ' ')
        return at == id || at[-1] == ' ' || at[-1] == ':' || at[1] == ':' || at[1] == '\0';
    return strchr("~;()[]{}<>\"'`=*!%#|&$,\\", *at);
}

void export_text_name(const char *id, char name[EXPORT_TEXT_NAME])
{
    bool begins = true;
    for (const char *at = id; *at; at++) {
        /* Empty parts are not allowed in names. */
        if (*at == ':' && begins)
            *name++ = '~';
        begins = *at == ':';
        if (is_special(id, at))
            name = spell_hex(name, '~', *at);
        else
            *name++ = *at;
        /* An empty part at the end. */
        if (begins && at[1] == '\0')
            *name++ = '~';
    }
    *name = '\0';
}

static bool is_between(char c, char low, char high)
{
    return c >= low && c <= high;
}

static bool is_plain(char c)
{
    return is_between(c, 'a', 'z') || is_between(c, 'A', 'Z') || is_between(c, '0', '9');
}

void export_text_beancount(const char *id, const char *types, char name[EXPORT_TEXT_BEANCOUNT])
{
    char asset[ASSET_TEXT];
    bool world = asset_of_world_id(id, asset);
    char *to = stpcpy(name, export_type_root(export_type_of(types, id)));
    for (;; id++) {
        *to++ = ':';
        /* A part must begin with a capital or a digit; what begins otherwise is marked. */
        if (is_between(*id, 'a', 'z'))
            *to++ = (char)(*id++ - 'a' + 'A');
        else if (!is_between(*id, '0', '9') && !(world && is_between(*id, 'A', 'Z')))
            to = stpcpy(to, "X--");
        for (; *id && *id != ':'; id++)
            if (is_plain(*id))
                *to++ = *id;
            else
                to = spell_hex(to, '-', *id);
        if (!*id)
            break;
    }
    *to = '\0';
}

/* Of the pattern that Beancount knows, with room for the scale. */
static bool is_commodity(const char *code, size_t length)
{
    enum { LONGEST = 20 };
    bool good = length <= LONGEST && is_between(code[0], 'A', 'Z');
    for (size_t i = 1; good && i < length; i++)
        good = is_between(code[i], 'A', 'Z') || is_between(code[i], '0', '9') || code[i] == '_';
    return good;
}

void export_text_commodity(const char *asset, char commodity[EXPORT_TEXT_COMMODITY])
{
    const char *slash = strrchr(asset, '/');
    size_t length = (size_t)(slash - asset);
    /* The scale is a part of it: USD/2 and USD/4 are different assets. */
    if (is_commodity(asset, length)) {
        snprintf(commodity, EXPORT_TEXT_COMMODITY, "%.*s.%s", (int)length, asset, slash + 1);
        return;
    }
    /* Anything else is named by its hash, which is the same in every export. */
    struct hash hash;
    uint8_t digest[16];
    hash_start(&hash, sizeof digest);
    hash_add(&hash, asset, length);
    hash_finish(&hash, digest);
    snprintf(commodity, EXPORT_TEXT_COMMODITY, "X-%02X%02X%02X%02X%02X%02X%02X%02X.%s", digest[0],
        digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7], slash + 1);
}

/* ---- comments ------------------------------------------------------------------------------ */

void export_text_json(FILE *out, const char *indent, const char *label, const char *json)
{
    enum { LINE = 3000 }; /* ledger takes 4096 */
    bool in_text = false, escaped = false;
    size_t column = 0;
    fprintf(out, "%s; %s: ", indent, label);
    for (; *json; json++) {
        unsigned char c = (unsigned char)*json;
        /* Longer lines make ledger stop with an error. */
        if (++column > LINE && (c & 0xC0) != 0x80) { /* not within a character */
            fprintf(out, "\n%s; ... ", indent);
            column = 0;
        }
        /* ledger would read a date in brackets. */
        if (c == '[')
            fputs(in_text ? "\\u005b" : "[ ", out);
        else
            putc(c < ' ' ? ' ' : c, out);
        if (c == '"' && !escaped)
            in_text = !in_text;
        escaped = c == '\\' && !escaped;
    }
    putc('\n', out);
}

void export_text_extras(FILE *out, const char *indent, const struct entry *entry)
{
    const char *metadata = entry->kind == ENTRY_BATCH ? NULL /* what became of it is not a note */
                                                      : entry->metadata;
    if (entry->key) {
        /* As a JSON string, like metadata, so that one reader does for both. */
        char quoted[2 * ENTRY_KEY_MAX + 3], *to = quoted;
        *to++ = '"';
        for (const char *c = entry->key; *c; *to++ = *c++)
            if (*c == '"' || *c == '\\')
                *to++ = '\\';
        *to++ = '"';
        *to = '\0';
        export_text_json(out, indent, "key", quoted);
    }
    if (metadata)
        export_text_json(out, indent, "metadata", metadata);
}

/* Ids and assets in a comment: as names, which hold no brackets. */
static void write_name(FILE *out, const char *before, const char *id)
{
    char name[EXPORT_TEXT_NAME];
    export_text_name(id, name);
    fprintf(out, "%s%s", before, name);
}

static void note_account(FILE *out, const struct account *account)
{
    char floor[EXPORT_TEXT_AMOUNT];
    export_text_amount(account->floor, account->asset, floor);
    write_name(out, "account ", account->id);
    write_name(out, " of ", account->asset);
    fprintf(
        out, ", %s%s", account->has_floor ? "floor " : "no floor", account->has_floor ? floor : "");
}

static void note_hold(FILE *out, const struct entry *entry)
{
    const struct posting *posting = &entry->postings[0];
    char amount[EXPORT_TEXT_AMOUNT], until[TIME_TEXT];
    export_text_amount(posting->amount, posting->from->asset, amount);
    fprintf(out, "hold of %s", amount);
    write_name(out, " ", posting->from->asset);
    write_name(out, " from ", posting->from->id);
    write_name(out, " to ", posting->to->id);
    if (entry->expires_us) {
        time_text(entry->expires_us, until);
        fprintf(out, " until %s", until);
    }
}

static void note_rejection(FILE *out, const struct entry *entry)
{
    fprintf(out, "rejected, %s", status_name(entry->code));
    if (!entry->account)
        return;
    write_name(out, " of account ", entry->account->id);
    if (entry->code == LEDGER_INSUFFICIENT_FUNDS) {
        char available[EXPORT_TEXT_AMOUNT];
        export_text_amount(entry->available, entry->account->asset, available);
        fprintf(out, ", which could give %s", available);
        write_name(out, " ", entry->account->asset);
    }
}

void export_text_note(FILE *out, const struct entry *entry)
{
    char at[TIME_TEXT];
    time_text(entry->at_us, at);
    fprintf(out, "; seq %lu at %s: ", entry->seq, at);
    switch (entry->kind) {
    case ENTRY_ACCOUNT:
        note_account(out, entry->account);
        break;
    case ENTRY_REJECTED:
        note_rejection(out, entry);
        break;
    case ENTRY_HOLD:
        note_hold(out, entry);
        break;
    case ENTRY_RELEASE:
    case ENTRY_EXPIRY:
        fprintf(out, "%s of hold %lu", entry_kind_name(entry->kind), entry->ref);
        break;
    case ENTRY_FREEZE:
    case ENTRY_UNFREEZE:
        fprintf(out, "%s of %s", entry_kind_name(entry->kind),
            entry->account ? "account" : "the ledger");
        if (entry->account)
            write_name(out, " ", entry->account->id);
        break;
    case ENTRY_BATCH:
        fprintf(out, "batch, with the entries before it");
        break;
    case ENTRY_TRANSFER:
    case ENTRY_CAPTURE:
    case ENTRY_REVERSAL:
        co_ensure(!"it moves money");
    }
    putc('\n', out);
    export_text_extras(out, "", entry);
}
