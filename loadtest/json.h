/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON that a server sent, in place: a value is a piece of the text it stands in, nothing
 * is copied or allocated, nesting costs no stack. Lenient towards bad JSON (it finds nothing), safe
 * with any bytes.
 */
#ifndef LOADTEST_JSON_H
#define LOADTEST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
    const char *at; /* the first byte of the value; NULL: there is none */
    size_t length;
};

/* The value that the text begins with; none if it is not complete. */
struct json json_read(const char *text, size_t length);

/* The member of that name of an object; none if it has none or is not an object. */
struct json json_member(struct json object, const char *name);

/* Goes through an array: put the array into a struct json_walk, then call until it says false. */
struct json_walk {
    struct json rest;
    bool begun;
};
bool json_next(struct json_walk *walk, struct json *item);

/* The same through an object. `name` is the text between the quotes, escapes as they are. */
bool json_next_member(struct json_walk *walk, struct json *name, struct json *value);

bool json_says_null(struct json value);
bool json_is(struct json value, const char *string); /* is that string (escapes not resolved) */

/* Copy a string that has no escapes, ended; false if it is not such a string or does not fit. */
bool json_copy(struct json value, char *out, size_t size);

/* A JSON integer or a string of digits, in the range of int64_t. */
bool json_integer(struct json value, int64_t *out);

#endif
