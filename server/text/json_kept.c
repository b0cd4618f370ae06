/* SPDX-License-Identifier: MIT */
/*
 * jansson keeps members and elements in the order of the text, so the places that were found in the
 * text, and the members of that name in the value, come in the same order: if it took the text for
 * JSON, then it read it as we did.
 *
 * The meaning of an object with numbers is read from a text of which each number is a string that
 * begins with U+0001.
 */
#include "server/text/json_kept.h"

#include <string.h>

#include "server/text/hex.h"

#define MARK "\"\\u0001"

/* ---- tokens -------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(const char *text, size_t at, size_t length)
{
    while (at < length && is_space(text[at]))
        at++;
    return at;
}

/* Behind the closing quote of the string that begins at `at`. */
static size_t string_end(const char *text, size_t at, size_t length)
{
    for (at++; at < length && text[at] != '"'; at++)
        at += text[at] == '\\';
    return at < length ? at + 1 : length;
}

static size_t scalar_end(const char *text, size_t at, size_t length)
{
    while (at < length && !is_space(text[at]) && !strchr(",]}[{:\"", text[at]))
        at++;
    return at;
}

/* Behind the value that begins at `at`. */
static size_t value_end(const char *text, size_t at, size_t length)
{
    size_t depth = 0;
    while (at < length) {
        char c = text[at];
        size_t next = c == '"'                 ? string_end(text, at, length)
                      : strchr(" \t\r\n,:", c) ? at + 1
                      : strchr("[]{}", c)      ? at + 1
                                               : scalar_end(text, at, length);
        /* Balanced or not is jansson's to judge; this only has to end. */
        depth += c == '[' || c == '{';
        if ((c == ']' || c == '}') && depth-- <= 1)
            return next;
        at = next;
        if (depth == 0)
            return at;
    }
    return length;
}

static size_t digits_end(const char *text, size_t at, size_t length)
{
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

/* Is the token a number of JSON's grammar (RFC 8259, 6)? */
static bool is_number(const char *token, size_t length)
{
    /* No leading zeros, and digits on both sides of a point. */
    size_t at = length > 0 && token[0] == '-', end = digits_end(token, at, length);
    bool good = end > at && (token[at] != '0' || end == at + 1);
    if (end < length && token[end] == '.') {
        at = end + 1;
        end = digits_end(token, at, length);
        good = good && end > at;
    }
    if (end < length && (token[end] | 0x20) == 'e') {
        at = end + 1;
        at += at < length && (token[at] == '+' || token[at] == '-');
        end = digits_end(token, at, length);
        good = good && end > at;
    }
    return good && end == length;
}

/* Call for each number within the text; `at` is where it stands. */
static size_t next_number(const char *text, size_t at, size_t length, size_t *end)
{
    while (at < length) {
        /* Digits within a string are text. */
        if (text[at] == '"') {
            at = string_end(text, at, length);
        } else if (text[at] == '-' || (text[at] >= '0' && text[at] <= '9')) {
            *end = scalar_end(text, at, length);
            if (is_number(text + at, *end - at))
                return at;
            at = *end;
        } else {
            at++;
        }
    }
    return length;
}

/* ---- finding ------------------------------------------------------------------------------- */

/* The character of an escape of four hexadecimal digits; -1: it is another escape. */
static int escaped(const char *inside, size_t length)
{
    int c = 0;
    if (length < 5 || inside[0] != 'u')
        return -1;
    for (size_t i = 1; i <= 4; i++) {
        int digit = hex_value(inside[i]);
        if (digit < 0)
            return -1;
        c = c << 4 | digit;
    }
    return c;
}

/* Does the string's inside, with its escapes, spell the name? It is of small ASCII letters. */
static bool spells(const char *inside, size_t length, const char *name)
{
    size_t at = 0;
    for (; *name && at < length; name++) {
        int c = (unsigned char)inside[at++];
        /* "met\u0061data" is that name, too. */
        if (c == '\\') {
            c = escaped(inside + at, length - at);
            at += 5;
        }
        if (c != (unsigned char)*name)
            return false;
    }
    return !*name && at == length;
}

static void note_place(struct json_kept *kept, size_t at, size_t end, bool has_numbers)
{
    /* Doubled, though most texts have one or none. */
    if (kept->count == kept->room) {
        size_t room = kept->room ? 2 * kept->room : 4;
        struct json_kept_place *places = arena_try(kept->arena, room * sizeof *places);
        if (!places)
            return; /* the arena is short: nobody will use what is read */
        if (kept->count)
            memcpy(places, kept->places, kept->count * sizeof *places);
        kept->places = places;
        kept->room = room;
    }
    kept->places[kept->count++] =
        (struct json_kept_place){.at = at, .length = end - at, .has_numbers = has_numbers};
}

bool json_kept_blank(char *text, size_t at, size_t end)
{
    size_t number_end = 0;
    bool has_numbers = false;
    while ((at = next_number(text, at, end, &number_end)) < end) {
        has_numbers = true;
        /* One digit, and blanks: the places of all else stay the same. */
        text[at] = '0';
        memset(text + at + 1, ' ', number_end - at - 1);
        at = number_end;
    }
    return has_numbers;
}

/* The value behind the name whose string ends at `at` is one to keep. Returns where it ends. */
static size_t find_value(struct json_kept *kept, char *copy, size_t at, size_t length)
{
    at = skip_space(copy, at, length);
    if (at == length || copy[at] != ':')
        return at;
    at = skip_space(copy, at + 1, length);
    size_t end = value_end(copy, at, length);
    note_place(kept, at, end, json_kept_blank(copy, at, end));
    return end;
}

void json_kept_find(struct json_kept *kept, char *copy, size_t length)
{
    char before = '\0'; /* the token before: its first character */
    for (size_t at = skip_space(copy, 0, length); at < length; at = skip_space(copy, at, length)) {
        char c = copy[at];
        size_t end = c == '"' ? string_end(copy, at, length) : at + 1;
        /* A string is a name only behind { or a comma; one in an array has no colon behind it. */
        bool may_be_name = c == '"' && (before == '{' || before == ',') && end - at >= 2;
        if (may_be_name && spells(copy + at + 1, end - at - 2, kept->name)) {
            size_t name_end = end;
            end = find_value(kept, copy, name_end, length);
        }
        before = c;
        at = end;
    }
}

/* ---- replacing ----------------------------------------------------------------------------- */

/* The text without white space between its tokens; NULL: memory is short. */
static char *compact(struct arena *arena, const char *text, size_t length, size_t *size)
{
    char *start = arena_try(arena, length + 1), *to = start;
    for (size_t at = 0; start && at < length;) {
        size_t end = text[at] == '"' ? string_end(text, at, length) : at + 1;
        if (!is_space(text[at])) {
            memcpy(to, text + at, end - at);
            to += end - at;
        }
        at = end;
    }
    if (start)
        *to = '\0';
    *size = (size_t)(to - start);
    return start;
}

/* Its numbers as strings, with the mark in front; NULL: memory is short. */
static char *mark_numbers(struct arena *arena, const char *text, size_t length)
{
    /* Something stands between two numbers, so at most every second character begins one. */
    size_t most = length + (length / 2 + 1) * sizeof MARK, end = 0;
    char *start = arena_try(arena, most), *to = start;
    if (!start)
        return NULL;
    for (size_t at = 0; at < length; at = end) {
        size_t number = next_number(text, at, length, &end);
        memcpy(to, text + at, number - at);
        to += number - at;
        if (number == length)
            break;
        to = stpcpy(to, MARK);
        memcpy(to, text + number, end - number);
        to += end - number;
        *to++ = '"';
    }
    *to = '\0';
    return start;
}

static const char *sorted(const json_t *value)
{
    return json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

/* The same of a text; NULL: it is not JSON that can be read, or memory is short. */
static const char *sorted_text(const char *text)
{
    return text ? sorted(json_loads(text, JSON_DECODE_ANY, NULL)) : NULL;
}

static bool append(json_t *texts, const char *text)
{
    return text && json_array_append_new(texts, json_string_nocheck(text)) == 0;
}

/* The texts of a place; `value` is what jansson read there. NULL: memory is short. */
static json_t *texts_of(
    struct json_kept *kept, const struct json_kept_place *place, const json_t *value, size_t room)
{
    size_t size;
    json_t *texts = json_array();
    char *text = compact(kept->arena, kept->text + place->at, place->length, &size);
    if (!append(texts, text))
        return NULL;
    if (size > room || !json_is_object(value))
        return texts; /* nobody will ask for more */
    /* Sorted members and numbers as written: equal texts mean the same. */
    const char *meaning =
        place->has_numbers ? sorted_text(mark_numbers(kept->arena, text, size)) : sorted(value);
    /* Earlier versions compared them as doubles: their keys must still be found. */
    const char *doubles = place->has_numbers ? sorted_text(text) : meaning;
    return append(texts, meaning) && append(texts, doubles ? doubles : "") ? texts : NULL;
}

bool json_kept_replace(struct json_kept *kept, json_t *value, size_t room)
{
    bool good = true;
    size_t index;
    json_t *element;
    /* In the order of the text, depth first, as the places were found. */
    json_array_foreach(value, index, element)
    {
        good = good && json_kept_replace(kept, element, room);
    }
    void *at = json_is_object(value) ? json_object_iter(value) : NULL;
    for (; at && good; at = json_object_iter_next(value, at)) {
        element = json_object_iter_value(at);
        if (strcmp(json_object_iter_key(at), kept->name) != 0) {
            good = json_kept_replace(kept, element, room);
        } else if (kept->next < kept->count) {
            json_t *texts = texts_of(kept, &kept->places[kept->next++], element, room);
            good = texts && json_object_iter_set_new(value, at, texts) == 0;
        } else {
            good = false;
        }
    }
    return good;
}
