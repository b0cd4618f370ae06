/* SPDX-License-Identifier: MIT */
/*
 * jansson allocates through hooks that serve the whole program. They point at the arena of the
 * call that is going on on this thread: every call into jansson that allocates is made inside
 * with_arena(), and does not park. Nothing is freed one by one, so no reference is counted here.
 */
#include "server/text/json_in.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/worker.h"
#include "server/text/json_kept.h"

enum { LARGE = 65536 }; /* what takes longer than a millisecond is read aside */

static _Thread_local struct arena *current;

static void *hook_alloc(size_t size)
{
    co_ensure(current);
    return arena_try(current, size); /* jansson can do with NULL */
}

static void hook_free(void *memory)
{
    (void)memory; /* the arena gives it back */
}

__attribute__((constructor)) static void set_hooks(void)
{
    json_set_alloc_funcs(hook_alloc, hook_free);
    json_object_seed(0); /* random, so that nobody can choose members that collide */
}

void json_in_disown(void)
{
    json_set_alloc_funcs(malloc, free);
}

static const json_t *of(const struct json_in *value)
{
    return (const json_t *)(const void *)value;
}

static const struct json_in *from(const json_t *value)
{
    return (const struct json_in *)(const void *)value;
}

/* Counts brackets before jansson recurses into them. False: too deep or too many values. */
static bool shape_is_bounded(const char *text, size_t length, size_t most)
{
    size_t depth = 0, values = 0;
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '"':
            /* Brackets within a string are text. */
            for (i++; i < length && text[i] != '"'; i++)
                i += text[i] == '\\';
            break;
        case '[':
        case '{':
            if (++depth > JSON_IN_DEPTH)
                return false;
            values++;
            break;
        case ']':
        case '}':
            /* Too many of these are jansson's to refuse. */
            depth -= depth > 0;
            break;
        case ',':
            values++;
            break;
        }
    }
    return values <= most;
}

struct reading {
    struct arena *arena;
    const char *text, *kept;
    size_t length, values;
    char *error;
    json_t *value;
};

/* On a stack of its own (jansson recurses), and perhaps on a thread of its own. */
static void read_document(void *arg)
{
    struct reading *reading = arg;
    struct json_kept kept = {.arena = reading->arena, .name = reading->kept, .text = reading->text};
    json_error_t error;
    if (!shape_is_bounded(reading->text, reading->length, reading->values)) {
        snprintf(reading->error, JSON_IN_ERROR, "nested deeper than %d, or more than %zu values",
            JSON_IN_DEPTH, reading->values);
        return;
    }
    /* Numbers are blanked in a copy: the text itself is what is kept. */
    char *copy = arena_try(reading->arena, reading->length + 1);
    if (!copy)
        return;
    memcpy(copy, reading->text, reading->length);
    copy[reading->length] = '\0';
    current = reading->arena;
    /* Found before jansson reads: it would turn numbers into doubles. */
    if (kept.name)
        json_kept_find(&kept, copy, reading->length);
    else
        (void)json_kept_blank(copy, 0, reading->length);
    reading->value =
        json_loadb(copy, reading->length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!reading->value)
        snprintf(reading->error, JSON_IN_ERROR, "line %d, column %d: %.150s", error.line,
            error.column, error.text);
    else if (kept.name)
        (void)!json_kept_replace(&kept, reading->value, JSON_IN_KEPT_MAX);
    /* jansson makes do with NULL, so what it read may lack something. */
    if (reading->arena->is_short)
        reading->value = NULL;
    current = NULL;
}

const struct json_in *json_in_read(struct arena *arena, const char *text, size_t length,
    size_t values, const char *kept, char error[JSON_IN_ERROR])
{
    struct reading reading = {.arena = arena,
        .text = text,
        .kept = kept,
        .length = length,
        .values = values,
        .error = error,
        .value = NULL};
    if (length == 0)
        snprintf(error, JSON_IN_ERROR, "the body is empty");
    else if (length > LARGE)
        co_blocking_call(read_document, &reading);
    else
        co_worker_call(read_document, &reading);
    return from(reading.value);
}

bool json_in_is_object(const struct json_in *value)
{
    return json_is_object(of(value));
}

bool json_in_is_array(const struct json_in *value)
{
    return json_is_array(of(value));
}

bool json_in_is_null(const struct json_in *value)
{
    return json_is_null(of(value));
}

const struct json_in *json_in_member(const struct json_in *object, const char *name)
{
    return from(json_object_get(of(object), name));
}

/* Its place among the names that are known; `count`: it has none. */
static size_t place_of(const char *name, const char *const *names, size_t count, uint64_t known)
{
    size_t i = 0;
    while (i < count && !(known >> i & 1 && strcmp(name, names[i]) == 0))
        i++;
    return i;
}

const char *json_in_members(const struct json_in *object, const char *const *names, size_t count,
    uint64_t known, const struct json_in **members)
{
    union {
        const json_t *in;
        json_t *out;
    } walked = {.in = of(object)}; /* jansson's iterators take no const, and change nothing */
    memset((void *)members, 0, count * sizeof *members);
    for (void *at = json_object_iter(walked.out); at; at = json_object_iter_next(walked.out, at)) {
        size_t place = place_of(json_object_iter_key(at), names, count, known);
        /* The first unknown one is enough for a refusal. */
        if (place == count)
            return json_object_iter_key(at);
        members[place] = from(json_object_iter_value(at));
    }
    return NULL;
}

size_t json_in_count(const struct json_in *array)
{
    return json_array_size(of(array));
}

const struct json_in *json_in_at(const struct json_in *array, size_t index)
{
    return from(json_array_get(of(array), index));
}

const char *json_in_text(const struct json_in *value)
{
    return json_string_value(of(value));
}

bool json_in_bool(const struct json_in *value, bool *truth)
{
    *truth = json_is_true(of(value));
    return json_is_boolean(of(value));
}

bool json_in_money(const struct json_in *value, bool negative_too, money *amount)
{
    const json_int_t exact = ((json_int_t)1 << 53) - 1; /* I-JSON, RFC 7493 */
    const json_t *json = of(value);
    if (json_is_string(json))
        return money_parse(json_string_value(json), json_string_length(json), negative_too, amount);
    /* 1.0 and 1e2 are doubles to jansson, and refused. */
    if (!json_is_integer(json))
        return false;
    json_int_t number = json_integer_value(json);
    /* Beyond it a client in between may have rounded. */
    if (number > exact || number < (negative_too ? -exact : 0))
        return false;
    *amount = number;
    return true;
}

const char *json_in_kept(const struct json_in *value, unsigned which)
{
    return json_string_value(json_array_get(of(value), which));
}

/* What it means; NULL: it is not such an object. In the arena. */
static const char *meaning_of(struct arena *arena, const char *object)
{
    static const char name[] = "object", head[] = "{\"object\":";
    char error[JSON_IN_ERROR];
    size_t length = strlen(object), size = sizeof head - 1 + length + 1;
    if (length > JSON_IN_KEPT_MAX)
        return NULL;
    char *text = arena_alloc(arena, size + 1);
    /* Within an object of its own, so that the same reader takes it. */
    stpcpy(stpcpy(stpcpy(text, head), object), "}");
    const struct json_in *value = json_in_read(arena, text, size, JSON_IN_VALUES, name, error);
    const struct json_in *kept = value ? json_in_member(value, name) : NULL;
    return kept ? json_in_kept(kept, JSON_IN_KEPT_MEANING) : NULL;
}

bool json_in_means_same(const char *object, const char *other)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    const char *a = meaning_of(&arena, object), *b = meaning_of(&arena, other);
    bool same = a && b && strcmp(a, b) == 0;
    arena_clear(&arena);
    return same;
}
