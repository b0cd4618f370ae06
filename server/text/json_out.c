/* SPDX-License-Identifier: MIT */
/* Text grows in the arena, where it stands if it can. Commas are written before a value, when it is
 * known that there is one. */
#include "server/text/json_out.h"

#include <string.h>

#include "server/text/character.h"
#include "server/text/hex.h"
#include "server/text/time_text.h"

enum { FIRST_ROOM = 512, NUMBER_TEXT = 20, SMALL = 16 * 1024 };

void json_out_begin(struct json_out *out, struct arena *arena)
{
    *out = (struct json_out){
        .arena = arena, .text = arena_alloc(arena, FIRST_ROOM), .room = FIRST_ROOM};
}

/* There is no memory for the whole text, and its user looks whether the arena is short: it is
 * written over itself. */
static char *begin_again(struct json_out *out, size_t more)
{
    if (more > out->room) {
        out->text = arena_alloc(out->arena, more);
        out->room = more;
    }
    out->length = 0;
    return out->text;
}

static char *reserve(struct json_out *out, size_t more)
{
    if (out->room - out->length < more) {
        /* Doubled, so that a long text is copied only a few times. */
        size_t room = out->room * 2 > out->length + more ? out->room * 2 : out->length + more;
        if (!arena_extend(out->arena, out->text, out->room, room)) {
            /* A short answer must be possible when memory is short. */
            char *text = room < SMALL ? arena_alloc(out->arena, room) : arena_try(out->arena, room);
            if (!text)
                return begin_again(out, more);
            memcpy(text, out->text, out->length);
            out->text = text;
        }
        out->room = room;
    }
    return out->text + out->length;
}

void json_out_raw(struct json_out *out, const char *bytes, size_t length)
{
    memcpy(reserve(out, length), bytes, length);
    out->length += length;
}

static void put(struct json_out *out, char c)
{
    *reserve(out, 1) = c;
    out->length++;
}

static void before_value(struct json_out *out)
{
    if (out->comma)
        put(out, ',');
    out->comma = true;
}

void json_out_open(struct json_out *out, char bracket)
{
    before_value(out);
    put(out, bracket);
    out->comma = false;
}

void json_out_close(struct json_out *out, char bracket)
{
    put(out, bracket);
    out->comma = true;
}

void json_out_key(struct json_out *out, const char *name)
{
    size_t length = strlen(name);
    before_value(out);
    /* Names are ours and need no escaping. */
    char *to = reserve(out, length + 3);
    *to++ = '"';
    memcpy(to, name, length);
    memcpy(to + length, "\":", 2);
    out->length += length + 3;
    out->comma = false;
}

static size_t escape(unsigned char c, char to[6])
{
    static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    to[0] = '\\';
    for (const char *s = shorts; *s; s += 2)
        if (c == (unsigned char)*s) {
            to[1] = s[1];
            return 2;
        }
    memcpy(to + 1, "u00", 3);
    (void)hex_write(to + 4, (char)c);
    return 6;
}

/* JSON is UTF-8, whatever was quoted, and wherever it was cut off. */
static char *put_character(char *to, const char *text, size_t *length)
{
    bool is_one = character_read(text, length) != CHARACTER_NONE;
    size_t size = is_one ? *length : sizeof CHARACTER_NONE_TEXT - 1;
    memcpy(to, is_one ? text : CHARACTER_NONE_TEXT, size);
    return to + size;
}

void json_out_text(struct json_out *out, const char *text)
{
    if (!text) {
        json_out_json(out, NULL);
        return;
    }
    size_t length = strlen(text);
    before_value(out);
    char *to = reserve(out, 6 * length + 2), *from = to; /* each byte becomes six at most */
    *to++ = '"';
    for (; *text; text += length) {
        unsigned char c = (unsigned char)*text;
        length = 1;
        if (c < ' ' || c == '"' || c == '\\' || c == 0x7f)
            to += escape(c, to);
        else if (c < 0x80)
            *to++ = (char)c;
        else
            to = put_character(to, text, &length);
    }
    *to++ = '"';
    out->length += (size_t)(to - from);
}

void json_out_name(struct json_out *out, const char *name)
{
    json_out_text(out, name);
    json_out_raw(out, ":", 1);
    out->comma = false;
}

void json_out_member(struct json_out *out, const char *name, const char *text)
{
    json_out_key(out, name);
    json_out_text(out, text);
}

void json_out_count(struct json_out *out, const char *name, uint64_t number)
{
    json_out_key(out, name);
    json_out_number(out, number);
}

void json_out_lines(struct json_out *out, const char *lines)
{
    if (!lines) {
        json_out_json(out, NULL);
        return;
    }
    json_out_open(out, '[');
    for (const char *line = lines;; line++) {
        size_t length = strcspn(line, "\n");
        json_out_text(out, arena_copy(out->arena, line, length));
        line += length;
        if (!*line)
            break;
    }
    json_out_close(out, ']');
}

void json_out_number(struct json_out *out, uint64_t number)
{
    char digits[NUMBER_TEXT];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    before_value(out);
    json_out_raw(out, digits + at, sizeof digits - at);
}

void json_out_money(struct json_out *out, money amount)
{
    before_value(out);
    /* A string: a double would round what is larger than 2^53. */
    char *to = reserve(out, MONEY_TEXT + 2);
    *to = '"';
    size_t length = money_format(amount, to + 1);
    to[length + 1] = '"';
    out->length += length + 2;
}

void json_out_sum(struct json_out *out, const struct money_sum *sum)
{
    before_value(out);
    char *to = reserve(out, MONEY_SUM_TEXT + 2);
    *to = '"';
    size_t length = money_sum_format(sum, to + 1);
    to[length + 1] = '"';
    out->length += length + 2;
}

void json_out_time(struct json_out *out, int64_t at_us)
{
    before_value(out);
    char *to = reserve(out, TIME_TEXT + 2);
    *to = '"';
    time_text(at_us, to + 1);
    to[TIME_TEXT] = '"';
    out->length += TIME_TEXT + 1;
}

void json_out_bool(struct json_out *out, bool value)
{
    json_out_json(out, value ? "true" : "false");
}

void json_out_json(struct json_out *out, const char *json)
{
    before_value(out);
    json = json ? json : "null";
    json_out_raw(out, json, strlen(json));
}

/* All but the unreserved characters of RFC 3986, 2.3. */
void json_out_percent(struct json_out *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char escaped[] = {'%', hex[c >> 4], hex[c & 15]};
        bool plain =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("-._~", c);
        json_out_raw(out, plain ? text : escaped, plain ? 1 : sizeof escaped);
    }
}
