/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON strictly: UTF-8, no duplicate members, at most JSON_IN_DEPTH deep. All that it makes
 * lives in the arena. Amounts are never floating point.
 */
#ifndef SERVER_JSON_IN_H
#define SERVER_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/money.h"
#include "server/arena.h"

enum { JSON_IN_DEPTH = 16, JSON_IN_ERROR = 200 };

struct json_in; /* a value in a document */

/* How many values a document may have: an ordinary one; 10,000 transfers with 100,000 postings. */
enum { JSON_IN_VALUES = 8192, JSON_IN_VALUES_LARGE = 1 << 19 };

/* The document's value; NULL if the text is no such JSON, with the reason in `error`. Parses on
 * the worker's big stack; never parks. */
MUST_CHECK const struct json_in *json_in_read(
    struct arena *arena, const char *text, size_t length, size_t values, char error[JSON_IN_ERROR]);

bool json_in_is_object(const struct json_in *value);
bool json_in_is_array(const struct json_in *value);
bool json_in_is_null(const struct json_in *value);

/* Of an object: the member of that name, NULL if there is none; and the first member whose name is
 * not among `names` (which ends with NULL), NULL if there is none. */
const struct json_in *json_in_member(const struct json_in *object, const char *name);
const char *json_in_unknown(const struct json_in *object, const char *const *names);

/* Of an array. */
size_t json_in_count(const struct json_in *array);
const struct json_in *json_in_at(const struct json_in *array, size_t index);

/* The text of a string; NULL if it is none. */
const char *json_in_text(const struct json_in *value);

/* False: it is neither true nor false. */
MUST_CHECK bool json_in_bool(const struct json_in *value, bool *truth);

/* A whole number: a JSON integer of at most 2^53-1 either way, or a string of digits. */
MUST_CHECK bool json_in_money(const struct json_in *value, bool negative_too, money *amount);

/* The value as compact JSON with sorted members; NULL if that is longer than `max` bytes. */
MUST_CHECK const char *json_in_compact(
    struct arena *arena, const struct json_in *value, size_t max);

#endif
