/* SPDX-License-Identifier: MIT */
/* Writes JSON into an arena; commas are put where they belong. A byte of a text that belongs to no
 * character becomes U+FFFD. Also used for plain text. */
#ifndef SERVER_TEXT_JSON_OUT_H
#define SERVER_TEXT_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/domain/money_sum.h"
#include "server/text/arena.h"

struct json_out {
    struct arena *arena;
    char *text; /* not ended; good until the arena is cleared, and unless the arena is short */
    size_t length, room;
    bool comma; /* the next value or key needs one before it */
};

void json_out_begin(struct json_out *out, struct arena *arena);

void json_out_open(struct json_out *out, char bracket);     /* '{' or '[' */
void json_out_close(struct json_out *out, char bracket);    /* '}' or ']' */
void json_out_key(struct json_out *out, const char *name);  /* a name that needs no escapes */
void json_out_name(struct json_out *out, const char *name); /* any name, as an account's id */

void json_out_text(struct json_out *out, const char *text); /* escaped; NULL: null */
void json_out_member(struct json_out *out, const char *name, const char *text); /* key and text */
/* key and number */
void json_out_count(struct json_out *out, const char *name, uint64_t number);
void json_out_lines(struct json_out *out, const char *lines); /* an array of texts; NULL: null */
void json_out_number(struct json_out *out, uint64_t number);
void json_out_money(struct json_out *out, money amount);              /* as a text of digits */
void json_out_sum(struct json_out *out, const struct money_sum *sum); /* the same */
void json_out_time(struct json_out *out, int64_t at_us);              /* RFC 3339, UTC */
void json_out_bool(struct json_out *out, bool value);
void json_out_json(struct json_out *out, const char *json); /* JSON already; NULL: null */

/* As a part of a path or of a query, outside of JSON's order. And bytes as they are. */
void json_out_percent(struct json_out *out, const char *text);
void json_out_raw(struct json_out *out, const char *bytes, size_t length);

#endif
