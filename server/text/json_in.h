/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON strictly: UTF-8, no duplicate members, at most JSON_IN_DEPTH deep. All that it makes
 * lives in the arena. Amounts are never floating point.
 */
#ifndef SERVER_TEXT_JSON_IN_H
#define SERVER_TEXT_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/domain/money.h"
#include "server/text/arena.h"

enum { JSON_IN_DEPTH = 16, JSON_IN_ERROR = 200 };

struct json_in; /* a value in a document */

/* How many values a document may have: an ordinary one; 10,000 transfers with 100,000 postings. */
enum { JSON_IN_VALUES = 8192, JSON_IN_VALUES_LARGE = 1 << 19 };

/*
 * The document's value; NULL if the text is not such JSON, with the reason in `error`, which may
 * end within a character. A text of more than 64 KiB is read by a thread of its own while the
 * caller is parked.
 *
 * The outermost members of the name `kept` (small ASCII letters) are handed on as they were given:
 * their value is asked for with json_in_kept(), and nothing else. NULL: it is texts that are asked
 * for; each number is read as 0, since not every one in metadata is one that could be read.
 */
CO_MUST_CHECK const struct json_in *json_in_read(struct arena *arena, const char *text,
    size_t length, size_t values, const char *kept, char error[JSON_IN_ERROR]);

/* Of a kept value: its text without white space between the tokens; and if that begins an object
 * and is no longer than JSON_IN_KEPT_MAX, what it means, and what it meant to versions before
 * ("": nothing): json_kept.h. NULL: there is none such. */
enum { JSON_IN_KEPT_MAX = 4096 };
enum { JSON_IN_KEPT_TEXT, JSON_IN_KEPT_MEANING, JSON_IN_KEPT_DOUBLES };
const char *json_in_kept(const struct json_in *value, unsigned which);

/* Do these two JSON objects, in compact form, mean the same? False as well when one is not an
 * object of at most JSON_IN_KEPT_MAX bytes. Never parks. */
bool json_in_means_same(const char *object, const char *other);

bool json_in_is_object(const struct json_in *value);
bool json_in_is_array(const struct json_in *value);
bool json_in_is_null(const struct json_in *value);

/* Of an object: the member of that name; NULL: there is none. */
const struct json_in *json_in_member(const struct json_in *object, const char *name);

/* All members of an object: members[i] is the one named names[i], NULL if there is none. Those
 * whose bit is set in `known` (bit 0: names[0]) may be there; the first other one ends it, and its
 * name is returned. NULL: there is none. */
const char *json_in_members(const struct json_in *object, const char *const *names, size_t count,
    uint64_t known, const struct json_in **members);

/* Of an array. */
size_t json_in_count(const struct json_in *array);
const struct json_in *json_in_at(const struct json_in *array, size_t index);

/* The text of a string; NULL if it is none. */
const char *json_in_text(const struct json_in *value);

/* False: it is neither true nor false. */
CO_MUST_CHECK bool json_in_bool(const struct json_in *value, bool *truth);

/* A whole number: a JSON integer of at most 2^53-1 either way, or a string of digits. */
CO_MUST_CHECK bool json_in_money(const struct json_in *value, bool negative_too, money *amount);

/* This process reads no requests: from now on jansson allocates from the heap, for others that use
 * it. To be called before any of them; nothing else here may be called after that. */
void json_in_disown(void);

#endif
