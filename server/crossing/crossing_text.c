/* SPDX-License-Identifier: MIT */
/*
 * What the entries of a crossing say of it. A key is
 *
 *     "⇄" LEDGER "/" BLAKE2b of the client's key, in hexadecimal digits "/" STEP
 *
 * LEDGER is the one that pays, so those of two ledgers do not meet in a third. The arrow is no
 * printable ASCII, as all of a client's key is; the hash keeps any key short enough.
 */
#include <stdio.h>
#include <string.h>

#include "ledger/domain/hash.h"
#include "server/crossing/crossing_private.h"
#include "server/text/json_in.h"
#include "server/text/json_out.h"

#define MARK "\xE2\x87\x84"

void crossing_key(char text[CROSSING_KEY], const char *payer, const char *key, int step)
{
    uint8_t digest[HASH_REQUEST];
    char hex[2 * HASH_REQUEST + 1];
    struct hash hash;
    hash_start(&hash, HASH_REQUEST);
    hash_add_text(&hash, key);
    hash_finish(&hash, digest);
    hash_to_hex(digest, sizeof digest, hex);
    int length = snprintf(text, CROSSING_KEY, MARK "%s/%s/%d", payer, hex, step);
    co_ensure(length < CROSSING_KEY);
}

bool crossing_has_key(const struct entry *entry)
{
    return entry->key && strncmp(entry->key, MARK, sizeof MARK - 1) == 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

static const char *end(struct json_out *out)
{
    json_out_close(out, '}');
    json_out_raw(out, "", 1);
    return out->text;
}

static void write_metadata(struct json_out *out, const char *metadata)
{
    if (!metadata)
        return;
    json_out_key(out, "metadata");
    json_out_json(out, metadata);
}

const char *crossing_text(
    struct arena *arena, const struct crossing *crossing, const char *asset, const char *metadata)
{
    struct json_out out;
    json_out_begin(&out, arena);
    json_out_open(&out, '{');
    json_out_member(&out, "key", crossing->key);
    json_out_member(&out, "from", crossing->from.account);
    json_out_key(&out, "to");
    json_out_open(&out, '{');
    json_out_member(&out, "ledger", crossing->to.ledger);
    json_out_member(&out, "account", crossing->to.account);
    json_out_close(&out, '}');
    json_out_key(&out, "amount");
    json_out_money(&out, crossing->amount);
    json_out_member(&out, "asset", asset);
    write_metadata(&out, metadata);
    return end(&out);
}

/* Who paid is not told: those who read the one ledger need not be let into the other. */
const char *crossing_text_of_payment(
    struct arena *arena, const struct crossing *crossing, uint64_t hold)
{
    struct json_out out;
    json_out_begin(&out, arena);
    json_out_open(&out, '{');
    json_out_key(&out, "from");
    json_out_open(&out, '{');
    json_out_member(&out, "ledger", crossing->from.ledger);
    json_out_key(&out, "hold");
    json_out_number(&out, hold);
    json_out_close(&out, '}');
    write_metadata(&out, crossing->metadata);
    return end(&out);
}

const char *crossing_text_of_end(
    struct arena *arena, const struct crossing *crossing, const struct crossing_end_told *told)
{
    char seq[MONEY_TEXT];
    struct json_out out;
    /* A position as text, as json_in reads no numbers. */
    money_format((money)told->seq, seq);
    json_out_begin(&out, arena);
    json_out_open(&out, '{');
    json_out_member(&out, "code", status_name(told->status));
    json_out_member(&out, "ledger", crossing->to.ledger);
    json_out_member(&out, "seq", seq);
    if (told->account)
        json_out_member(&out, "account", told->account);
    return end(&out);
}

void crossing_end_write(struct json_out *out, const struct crossing_end_told *told)
{
    json_out_open(out, '{');
    json_out_member(out, "code", status_name(told->status));
    json_out_member(out, "account", told->account);
    json_out_key(out, "seq");
    json_out_number(out, told->seq);
    json_out_close(out, '}');
}

/* ---- reading ------------------------------------------------------------------------------- */

static const struct json_in *read(struct arena *arena, const char *text, size_t length)
{
    char error[JSON_IN_ERROR];
    return text ? json_in_read(arena, text, length, JSON_IN_VALUES, "metadata", error) : NULL;
}

static const char *text_of(const struct json_in *object, const char *name)
{
    const struct json_in *value = object ? json_in_member(object, name) : NULL;
    return value ? json_in_text(value) : NULL;
}

bool crossing_read(
    struct arena *arena, const char *name, const struct entry *entry, struct crossing *crossing)
{
    const struct json_in *said = crossing_has_key(entry) && entry->metadata
                                     ? read(arena, entry->metadata, strlen(entry->metadata))
                                     : NULL;
    const struct json_in *to = said ? json_in_member(said, "to") : NULL,
                         *amount = said ? json_in_member(said, "amount") : NULL,
                         *metadata = said ? json_in_member(said, "metadata") : NULL;
    *crossing = (struct crossing){.key = text_of(said, "key"),
        .from = {name, text_of(said, "from")},
        .to = {text_of(to, "ledger"), text_of(to, "account")},
        .asset = text_of(said, "asset"),
        .metadata = metadata ? json_in_kept(metadata, JSON_IN_KEPT_TEXT) : NULL};
    return crossing->key && crossing->from.account && crossing->to.ledger && crossing->to.account &&
           crossing->asset && amount && json_in_money(amount, false, &crossing->amount);
}

bool crossing_end_read(
    struct arena *arena, const char *text, size_t length, struct crossing_end_told *told)
{
    const struct json_in *said = read(arena, text, length),
                         *seq = said ? json_in_member(said, "seq") : NULL;
    const char *code = text_of(said, "code");
    money position;
    if (!code || !seq || !json_in_money(seq, false, &position))
        return false;
    *told = (struct crossing_end_told){.status = status_of_name(code),
        .account = text_of(said, "account"),
        .seq = (uint64_t)position};
    return told->status != LEDGER_STATUS_COUNT;
}
