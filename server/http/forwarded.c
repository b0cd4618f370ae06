/* SPDX-License-Identifier: MIT */
/*
 * A list is read from its first address to its last, and each one that is not a proxy's of ours
 * takes the place of what was found before it. Each line is read by itself: a text in quotes that a
 * client left open ends with its line, and hides nothing of what a proxy adds in the next.
 */
#include "server/http/forwarded.h"

#include <string.h>
#include <strings.h>

struct cursor {
    const char *at, *end;
};

struct piece {
    const char *from, *end;
};

/* ---- words --------------------------------------------------------------------------------- */

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
}

static bool next_is(const struct cursor *cursor, char c)
{
    return cursor->at < cursor->end && *cursor->at == c;
}

/* As far as none of these comes. */
static struct piece take_until(struct cursor *cursor, const char *ends)
{
    struct piece piece = {cursor->at, cursor->at};
    while (cursor->at < cursor->end && !strchr(ends, *cursor->at))
        cursor->at++;
    piece.end = cursor->at;
    while (piece.end > piece.from && (piece.end[-1] == ' ' || piece.end[-1] == '\t'))
        piece.end--;
    return piece;
}

/* What is between the quotes; escapes stay as they are, for no address has any. */
static bool take_quoted(struct cursor *cursor, struct piece *piece)
{
    piece->from = ++cursor->at;
    while (cursor->at < cursor->end && *cursor->at != '"')
        cursor->at += *cursor->at == '\\' && cursor->at + 1 < cursor->end ? 2 : 1;
    piece->end = cursor->at;
    if (cursor->at >= cursor->end)
        return false;
    cursor->at++;
    skip_space(cursor);
    return true;
}

static bool piece_is(struct piece piece, const char *wanted)
{
    size_t length = strlen(wanted);
    return (size_t)(piece.end - piece.from) == length &&
           strncasecmp(piece.from, wanted, length) == 0;
}

/* ---- who it was ---------------------------------------------------------------------------- */

/* The next of the list, from a proxy or not. NULL address: nobody can say whose it is. */
static void follow(struct forwarded *found, const struct address_ranges *proxies,
    const uint8_t *address, bool is_secret)
{
    /* A proxy of ours tells of the one before it, unless there is none. */
    if (address && found->said != FORWARDED_NOTHING && address_is_in(proxies, address))
        return;
    found->said = address ? FORWARDED_CLIENT : FORWARDED_UNCLEAR;
    found->is_secret = is_secret;
    if (address)
        memcpy(found->client, address, ADDRESS_BYTES);
}

/* ---- X-Forwarded-For ----------------------------------------------------------------------- */

static void read_addresses(
    struct forwarded *found, const struct address_ranges *proxies, struct cursor line)
{
    while (line.at < line.end) {
        uint8_t address[ADDRESS_BYTES];
        skip_space(&line);
        struct piece one = take_until(&line, ",");
        line.at += line.at < line.end;
        if (one.from == one.end) /* lists may have empty places (RFC 9110, 5.6.1) */
            continue;
        bool good = address_parse_node(one.from, (size_t)(one.end - one.from), address);
        follow(found, proxies, good ? address : NULL, false);
    }
}

/* ---- Forwarded ----------------------------------------------------------------------------- */

/* What one proxy says: its parameters that matter here. */
struct element {
    struct piece node, scheme;
    bool has_node;
};

/* "name=value", the value maybe in quotes. False: it is not that, or `for` comes twice. */
static bool read_pair(struct cursor *line, struct element *element)
{
    struct piece name = take_until(line, "=;,"), value;
    if (!next_is(line, '=') || name.from == name.end)
        return false;
    line->at++;
    if (!next_is(line, '"'))
        value = take_until(line, ";,\"");
    else if (!take_quoted(line, &value))
        return false;
    if (piece_is(name, "for")) {
        if (element->has_node)
            return false;
        element->has_node = true;
        element->node = value;
    } else if (piece_is(name, "proto")) {
        element->scheme = value;
    }
    return line->at == line->end || *line->at == ';' || *line->at == ',';
}

/* Up to the comma behind it, or the end. False: the line cannot be read. */
static bool read_element(struct cursor *line, struct element *element)
{
    for (;;) {
        skip_space(line);
        if (!next_is(line, ';') && !read_pair(line, element))
            return false;
        if (!next_is(line, ';'))
            return true;
        line->at++;
        skip_space(line);
        if (line->at == line->end || *line->at == ',')
            return true;
    }
}

static void read_elements(
    struct forwarded *found, const struct address_ranges *proxies, struct cursor line)
{
    while (line.at < line.end) {
        struct element element = {.has_node = false};
        uint8_t address[ADDRESS_BYTES];
        skip_space(&line);
        if (next_is(&line, ',')) {
            line.at++;
            continue;
        }
        if (line.at < line.end && !read_element(&line, &element)) {
            follow(found, proxies, NULL, false);
            return;
        }
        bool good =
            element.has_node && address_parse_node(element.node.from,
                                    (size_t)(element.node.end - element.node.from), address);
        follow(found, proxies, good ? address : NULL, piece_is(element.scheme, "https"));
        line.at += line.at < line.end;
    }
}

/* ---- together ------------------------------------------------------------------------------ */

/* The last one is the proxy's that we were called by. */
static bool last_is_https(struct cursor line)
{
    struct piece last = {line.at, line.at};
    while (line.at < line.end) {
        skip_space(&line);
        last = take_until(&line, ",");
        line.at += line.at < line.end;
    }
    return piece_is(last, "https");
}

void forwarded_read(struct forwarded *forwarded, const struct address_ranges *proxies,
    const struct http_head *head, const char *bytes)
{
    struct forwarded list = {.said = FORWARDED_NOTHING};
    bool is_secret = false;
    *forwarded = (struct forwarded){.said = FORWARDED_NOTHING};
    for (size_t i = 0; i < head->known_count; i++) {
        const struct http_span *value = &head->known[i].value;
        const struct cursor line = {bytes + value->from, bytes + value->from + value->length};
        if (head->known[i].field == HTTP_FIELD_FORWARDED)
            read_elements(forwarded, proxies, line);
        else if (head->known[i].field == HTTP_FIELD_X_FORWARDED_FOR)
            read_addresses(&list, proxies, line);
        else if (head->known[i].field == HTTP_FIELD_X_FORWARDED_PROTO)
            is_secret = last_is_https(line);
    }
    forwarded->is_secret |= is_secret;
    if (list.said == FORWARDED_NOTHING)
        return;
    /* Which of the two is the proxy's, and which came from its client? */
    bool differ =
        forwarded->said != list.said || memcmp(forwarded->client, list.client, ADDRESS_BYTES) != 0;
    if (forwarded->said != FORWARDED_NOTHING && differ) {
        forwarded->said = FORWARDED_UNCLEAR;
        return;
    }
    forwarded->said = list.said;
    memcpy(forwarded->client, list.client, ADDRESS_BYTES);
}
