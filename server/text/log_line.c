/* SPDX-License-Identifier: MIT */
#include "server/text/log_line.h"

#include <stdio.h>
#include <string.h>

#include "server/text/character.h"
#include "server/text/time_text.h"

/* What always has room: a quotation mark, a brace and the line's end; what a field needs besides
 * its text; the longest that one character becomes. */
enum { ENDING = 4, FIELD_ROOM = 32, CHARACTER_ROOM = 12 };

static void put(struct log_line *line, const char *bytes, size_t length)
{
    if (line->length + length > LOG_LINE_BYTES - ENDING)
        length = LOG_LINE_BYTES - ENDING - line->length;
    memcpy(line->text + line->length, bytes, length);
    line->length += length;
}

/* Into the room that is kept for it. */
static void put_ending(struct log_line *line, char c)
{
    line->text[line->length++] = c;
}

/* A terminal, or an editor, would do something about it: controls, line ends, directions. */
static bool is_active(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
           code == 0xfeff;
}

/* Between quotation marks, as JSON has it. */
static void put_escaped(struct log_line *line, const char *text)
{
    char escape[8];
    size_t length;
    put(line, "\"", 1);
    for (; *text && line->length + CHARACTER_ROOM < LOG_LINE_BYTES - ENDING; text += length) {
        unsigned code = character_read(text, &length);
        if (code == '"' || code == '\\')
            put(line, "\\", 1);
        if (is_active(code))
            put(line, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", code));
        else if (code == CHARACTER_NONE)
            put(line, CHARACTER_NONE_TEXT, 3);
        else
            put(line, text, length);
    }
    put_ending(line, '"');
}

/* As it is, in one line. */
static void put_plain(struct log_line *line, const char *text)
{
    size_t length;
    for (; *text && line->length + CHARACTER_ROOM < LOG_LINE_BYTES - ENDING; text += length) {
        unsigned code = character_read(text, &length);
        if (is_active(code))
            put(line, " ", 1);
        else if (code == CHARACTER_NONE)
            put(line, CHARACTER_NONE_TEXT, 3);
        else
            put(line, text, length);
    }
}

/* A word needs no quotation marks to be seen as one. */
static bool is_word(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at <= ' ' || *at == '"' || *at == '\\' || *at == '=' || *at == 0x7f)
            return false;
    return *text;
}

void log_line_begin(struct log_line *line, enum log_format format, int64_t at_us, const char *level,
    const char *message)
{
    char at[TIME_TEXT], head[80];
    bool is_json = format == LOG_JSON;
    line->format = format;
    line->length = 0;
    time_text(at_us, at);
    put(line, head,
        (size_t)snprintf(head, sizeof head, "%s%s%s%s%s", is_json ? "{\"time\":\"" : "", at,
            is_json ? "\",\"level\":\"" : " ", level, is_json ? "\",\"message\":" : " "));
    if (is_json)
        put_escaped(line, message);
    else
        put_plain(line, message);
}

static void put_number(struct log_line *line, const struct log_field *field)
{
    char text[40];
    int length = field->is_ns ? snprintf(text, sizeof text, "%lld.%03lld",
                                    (long long)(field->number / 1000000),
                                    (long long)(field->number / 1000 % 1000))
                              : snprintf(text, sizeof text, "%lld", (long long)field->number);
    put(line, text, (size_t)length);
}

void log_line_add(struct log_line *line, const struct log_field *field)
{
    size_t name = strlen(field->name);
    bool is_json = line->format == LOG_JSON;
    if (line->length + name + FIELD_ROOM > LOG_LINE_BYTES - ENDING)
        return;
    put(line, is_json ? ",\"" : " ", is_json ? 2 : 1);
    put(line, field->name, name);
    put(line, is_json ? "\":" : "=", is_json ? 2 : 1);
    if (!field->text)
        put_number(line, field);
    else if (is_json || !is_word(field->text))
        put_escaped(line, field->text);
    else
        put_plain(line, field->text);
}

void log_line_end(struct log_line *line)
{
    if (line->format == LOG_JSON)
        put_ending(line, '}');
    put_ending(line, '\n');
}
