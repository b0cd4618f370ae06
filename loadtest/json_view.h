/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON that a server sent, in place: a value is a piece of the text it stands in, nothing
 * is copied or allocated, nesting costs no stack. Lenient towards bad JSON (it finds nothing), safe
 * with any bytes.
 */
#ifndef LOADTEST_JSON_VIEW_H
#define LOADTEST_JSON_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_view {
    const char *at; /* the first byte of the value; NULL: there is none */
    size_t length;
};

/* The value that the text begins with; none if it is not complete. */
struct json_view json_view_read(const char *text, size_t length);

/* The member of that name of an object; none if it has none or is not an object. */
struct json_view json_view_member(struct json_view object, const char *name);

/* Goes through an array: put the array into `rest`, then call until it says false. */
struct json_view_walk {
    struct json_view rest;
    bool begun;
};
bool json_view_next(struct json_view_walk *walk, struct json_view *item);

/* The same through an object. `name` is the text between the quotes, escapes as they are. */
bool json_view_next_member(
    struct json_view_walk *walk, struct json_view *name, struct json_view *value);

bool json_view_says_null(struct json_view value);

/* Is it that string (escapes not resolved)? */
bool json_view_is(struct json_view value, const char *string);

/* Copy a string that has no escapes and no NUL, ended; false if it is not such a string or does not
 * fit. */
bool json_view_copy(struct json_view value, char *out, size_t size);

/* A JSON integer or a string of digits, in the range of int64_t. */
bool json_view_integer(struct json_view value, int64_t *out);

#endif
