/* SPDX-License-Identifier: MIT */
/*
 * Values that are handed on as they were given, though jansson makes a double of 7.60, and refuses
 * 1e999. So the outermost values of one member ("metadata") are
 * found in the text before jansson reads it, and put into its place afterwards, each as an array of
 * JSON_KEPT texts. Not thread-safe; never parks.
 */
#ifndef SERVER_TEXT_JSON_KEPT_H
#define SERVER_TEXT_JSON_KEPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"
#include "server/text/arena.h"

/* Of a kept value: its text without white space between tokens, and otherwise untouched. Of an
 * object also what it means: the same text for all objects with the same members, however they are
 * ordered, and however their strings are escaped; numbers differ when their texts do. Last, what it
 * meant to versions that read numbers as doubles; "" if they would have refused it. */
enum { JSON_KEPT_TEXT, JSON_KEPT_MEANING, JSON_KEPT_DOUBLES, JSON_KEPT };

struct json_kept {
    struct arena *arena;
    const char *name;
    const char *text; /* the document, brackets and depth of which are bounded */
    struct json_kept_place {
        size_t at, length;
        bool has_numbers;
    } * places; /* in the order of the text */
    size_t count, room, next;
};

/* Find them, and in `copy`, a copy of the text, make a 0 of each number in them that is one. */
void json_kept_find(struct json_kept *kept, char *copy, size_t length);

/* Make a 0 of each number from `at` to `end`. True: there was one. */
bool json_kept_blank(char *text, size_t at, size_t end);

/* In the value that jansson read from that copy, put the texts in their place. Recurses; `room`
 * bounds the text that is asked for its meaning. False: memory is short. */
CO_MUST_CHECK bool json_kept_replace(struct json_kept *kept, json_t *value, size_t room);

#endif
