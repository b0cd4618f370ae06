/* SPDX-License-Identifier: MIT */
#include "server/http/http_head.h"

#include <string.h>
#include <strings.h>

enum { METHOD_MAX = 32, VERSION_LENGTH = 8, LENGTH_DIGITS = 18 };

/* A line of the head, without its end. */
struct text {
    const char *from, *end;
};

/* `fault` becomes the detail of the 400, so it states the rule. */
static enum http_head_verdict bad(struct http_head *head, const char *fault)
{
    head->fault = fault;
    return HTTP_HEAD_BAD;
}

/* ---- characters ---------------------------------------------------------------------------- */

static bool is_alnum(unsigned char c)
{
    unsigned char lower = c | 0x20;
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* Of a method's or header's name (RFC 9110, 5.6.2). */
static bool is_token_char(unsigned char c)
{
    return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *from, const char *end)
{
    for (const char *at = from; at < end; at++)
        if (!is_token_char((unsigned char)*at))
            return false;
    return from < end;
}

static bool is_control(unsigned char c)
{
    return (c < ' ' && c != '\t') || c == 0x7f;
}

static const char *find(const char *from, const char *end, char c)
{
    const char *at = memchr(from, c, (size_t)(end - from));
    return at ? at : end;
}

static bool text_is(struct text text, const char *wanted)
{
    size_t length = strlen(wanted);
    return (size_t)(text.end - text.from) == length && strncasecmp(text.from, wanted, length) == 0;
}

/* ---- the request line ---------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum http_head_verdict read_version(struct http_head *head, struct text version)
{
    const char *at = version.from;
    if (version.end - at != VERSION_LENGTH || memcmp(at, "HTTP/", 5) != 0 || !is_digit(at[5]) ||
        at[6] != '.' || !is_digit(at[7]))
        return bad(head, "The request line must be METHOD, blank, target, blank, HTTP/1.1.");
    /* Well-formed, so another major version gets its own answer, 505. */
    if (at[5] != '1')
        return HTTP_HEAD_OTHER_VERSION;
    head->is_1_0 = at[7] == '0';
    return HTTP_HEAD_MORE;
}

static bool is_port(struct text port)
{
    for (const char *at = port.from; at < port.end; at++)
        if (!is_digit(*at))
            return false;
    return port.end - port.from <= 5;
}

/* A host with or without a port: a name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_authority(struct text given)
{
    const char *at = given.from;
    if (at < given.end && *at == '[') {
        /* Brackets need something between them; more is not checked, as nothing is connected to. */
        for (at++; at < given.end && (is_alnum((unsigned char)*at) || *at == ':' || *at == '.');)
            at++;
        if (at == given.end || *at != ']' || at == given.from + 1)
            return false;
        at++;
    } else {
        while (at < given.end && (is_alnum((unsigned char)*at) || (*at && strchr("-._~%", *at))))
            at++;
        if (at == given.from)
            return false;
    }
    return at == given.end || (*at == ':' && is_port((struct text){at + 1, given.end}));
}

static struct http_span span_of(const char *bytes, const char *from, const char *end)
{
    return (struct http_span){(uint32_t)(from - bytes), (uint32_t)(end - from)};
}

/* "http://host:port/path" (RFC 9112, 3.2.2); the path may be missing, then it is "/". */
static bool read_absolute(struct http_head *head, const char *bytes, struct text target)
{
    const char *at = target.from;
    size_t scheme = strncasecmp(at, "http://", 7) == 0 ? 7 : 8;
    if (scheme == 8 && strncasecmp(at, "https://", 8) != 0)
        return false;
    at += scheme;
    /* The authority ends where a path or a query begins. */
    const char *path = at;
    while (path < target.end && *path != '/' && *path != '?')
        path++;
    if (!is_authority((struct text){at, path}))
        return false;
    head->authority = span_of(bytes, at, path);
    head->target = span_of(bytes, path, target.end);
    return true;
}

static enum http_head_verdict read_target(
    struct http_head *head, const char *bytes, struct text method, struct text target)
{
    /* A fragment is never sent, and intermediaries differ in where a tab ends the target. */
    for (const char *at = target.from; at < target.end; at++)
        if (*at == '#' || *at == '\t')
            return bad(head, "The target holds a character that must be escaped.");
    head->target = span_of(bytes, target.from, target.end);
    if (target.from < target.end && *target.from == '/')
        return HTTP_HEAD_MORE;
    /* What is not a path is a proxy's form, or the asterisk of OPTIONS. */
    bool options = text_is(method, "OPTIONS") && memcmp(method.from, "OPTIONS", 7) == 0;
    if ((options && text_is(target, "*")) ||
        (target.end - target.from > 8 && read_absolute(head, bytes, target)))
        return HTTP_HEAD_MORE;
    return bad(head, "The target must be a path, or http://HOST/PATH, or * of OPTIONS.");
}

static enum http_head_verdict read_request_line(
    struct http_head *head, const char *bytes, struct text line)
{
    const char *blank = find(line.from, line.end, ' ');
    struct text method = {line.from, blank};
    if (blank == line.end || blank - line.from > METHOD_MAX || !is_token(line.from, blank))
        return bad(head, "The request line must begin with a method and one blank.");
    /* Two blanks exactly: a third one stands in the version, which is then refused. */
    const char *second = find(blank + 1, line.end, ' ');
    if (second == line.end)
        return bad(head, "The request line must be METHOD, blank, target, blank, HTTP/1.1.");
    /* Too long is told apart from malformed. */
    if (second - blank - 1 > HTTP_HEAD_TARGET_MAX)
        return HTTP_HEAD_LONG_TARGET;
    head->method = span_of(bytes, line.from, blank);
    head->is_head = blank - line.from == 4 && memcmp(line.from, "HEAD", 4) == 0;
    enum http_head_verdict verdict = read_version(head, (struct text){second + 1, line.end});
    if (verdict == HTTP_HEAD_MORE)
        verdict = read_target(head, bytes, method, (struct text){blank + 1, second});
    return verdict;
}

/* ---- header lines -------------------------------------------------------------------------- */

static enum http_head_verdict read_length(struct http_head *head, struct text value)
{
    /* Two lengths, even equal ones, are how requests are smuggled. */
    if (head->has_length)
        return bad(head, "Content-Length came twice.");
    head->has_length = true;
    /* Counted down, so that nothing, a sign, a blank and a list are refused alike. */
    size_t digits = (size_t)(value.end - value.from);
    for (const char *at = value.from; at < value.end; at++) {
        if (!is_digit(*at) || digits > LENGTH_DIGITS)
            break;
        head->content_length = head->content_length * 10 + (unsigned)(*at - '0');
        digits--;
    }
    return digits == 0 && value.from < value.end ? HTTP_HEAD_MORE
                                                 : bad(head, "Content-Length must be a number.");
}

static enum http_head_verdict read_encoding(struct http_head *head, struct text value)
{
    if (head->chunked || !text_is(value, "chunked"))
        return bad(head, "Transfer-Encoding must be \"chunked\", once.");
    head->chunked = true;
    return HTTP_HEAD_MORE;
}

static enum http_head_verdict read_expect(struct http_head *head, struct text value)
{
    if (!text_is(value, "100-continue"))
        return HTTP_HEAD_EXPECTATION;
    head->expects_continue = true;
    return HTTP_HEAD_MORE;
}

/* Blanks around a value do not belong to it (RFC 9112, 5.1). */
static struct text trim(struct text text)
{
    while (text.from < text.end && (*text.from == ' ' || *text.from == '\t'))
        text.from++;
    while (text.from < text.end && (text.end[-1] == ' ' || text.end[-1] == '\t'))
        text.end--;
    return text;
}

/* A list, of which every option but these two concerns somebody else. */
static enum http_head_verdict read_connection(struct http_head *head, struct text value)
{
    while (value.from < value.end) {
        const char *comma = find(value.from, value.end, ',');
        struct text option = trim((struct text){value.from, comma});
        head->says_close |= text_is(option, "close");
        head->says_keep_alive |= text_is(option, "keep-alive");
        value.from = comma < value.end ? comma + 1 : comma;
    }
    return HTTP_HEAD_MORE;
}

/* Those that say where the request ends, and what becomes of its connection. */
static const struct {
    const char *name;
    enum http_head_verdict (*read)(struct http_head *head, struct text value);
} framing[] = {{"Content-Length", read_length}, {"Transfer-Encoding", read_encoding},
    {"Connection", read_connection}, {"Expect", read_expect}};

static const struct {
    const char *name;
    size_t length;
    bool is_list;
} fields[HTTP_FIELDS] = {
#define ONE(symbol, name) [HTTP_FIELD_##symbol] = {name, sizeof name - 1, false},
#define LIST(symbol, name) [HTTP_FIELD_##symbol] = {name, sizeof name - 1, true},
    HTTP_FIELD_MAP(ONE, LIST)
#undef ONE
#undef LIST
};

static enum http_head_verdict keep_known(
    struct http_head *head, enum http_field field, struct http_span value)
{
    /* Intermediaries might have looked at the first of two, or at the last. */
    for (size_t i = 0; i < head->known_count && !fields[field].is_list; i++)
        if (head->known[i].field == field)
            return bad(head, "A header that stands for one value came twice.");
    if (head->known_count == HTTP_HEAD_KNOWN_MAX)
        return HTTP_HEAD_LARGE_FIELDS;
    head->known[head->known_count++] = (struct http_head_line){field, value};
    return HTTP_HEAD_MORE;
}

static enum http_head_verdict read_field(
    struct http_head *head, const char *bytes, struct text name, struct text value)
{
    /* Framing first: these are obeyed here, and not handed on. */
    for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++)
        if (text_is(name, framing[i].name))
            return framing[i].read(head, value);
    size_t length = (size_t)(name.end - name.from);
    /* The rest is kept only if somebody reads it. */
    for (enum http_field field = 0; field < HTTP_FIELDS; field++) {
        if (fields[field].length != length ||
            strncasecmp(name.from, fields[field].name, length) != 0)
            continue;
        if (field == HTTP_FIELD_HOST && !is_authority(value))
            return bad(head, "Host must be a name or an address, and a port or none.");
        return keep_known(head, field, span_of(bytes, value.from, value.end));
    }
    return HTTP_HEAD_MORE;
}

static enum http_head_verdict read_header_line(
    struct http_head *head, const char *bytes, struct text line)
{
    const char *colon = find(line.from, line.end, ':');
    if (++head->line_count > HTTP_HEAD_LINES_MAX)
        return HTTP_HEAD_LARGE_FIELDS;
    /* An obsolete fold, which hides a header from readers that do not know it. */
    if (*line.from == ' ' || *line.from == '\t')
        return bad(head, "A header line must not begin with a blank.");
    if (colon == line.end || !is_token(line.from, colon))
        return bad(head, "A header line must be NAME, colon, value; no blank before the colon.");
    return read_field(
        head, bytes, (struct text){line.from, colon}, trim((struct text){colon + 1, line.end}));
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* All lines are read; do they go together? */
static enum http_head_verdict conclude(struct http_head *head)
{
    bool has_host = false;
    for (size_t i = 0; i < head->known_count; i++)
        has_host |= head->known[i].field == HTTP_FIELD_HOST;
    /* RFC 9112, 3.2. */
    if (!has_host && !head->is_1_0)
        return bad(head, "Host is missing.");
    /* Any doubt about where the request ends is refused: 6.1. */
    if (head->chunked && head->is_1_0)
        return bad(head, "HTTP/1.0 has no Transfer-Encoding.");
    if (head->chunked && head->has_length)
        return bad(head, "Transfer-Encoding and Content-Length leave the end unclear.");
    /* 1.0 closes unless it asks not to, 1.1 the other way round. */
    head->keep_alive = !head->says_close && (!head->is_1_0 || head->says_keep_alive);
    head->expects_continue &= !head->is_1_0;
    head->size = head->at;
    return HTTP_HEAD_WHOLE;
}

static enum http_head_verdict read_line(struct http_head *head, const char *bytes, struct text line)
{
    bool first = head->fields_at == 0;
    if (line.from == line.end) {
        if (!first)
            return conclude(head);
        /* An empty line before the request is let pass, one (RFC 9112, 2.2). */
        return head->line == 0 ? HTTP_HEAD_MORE : bad(head, "A request must not begin empty.");
    }
    if (!first)
        return read_header_line(head, bytes, line);
    /* From here on the limit for header lines counts. */
    head->fields_at = head->at;
    return read_request_line(head, bytes, line);
}

/* Checked at each byte, so a head without a line's end is not collected beyond its limit. */
static enum http_head_verdict check_size(const struct http_head *head)
{
    if (head->fields_at == 0 && head->at - head->line >= HTTP_HEAD_TARGET_MAX + METHOD_MAX + 12)
        return HTTP_HEAD_LONG_TARGET;
    if (head->fields_at && head->at - head->fields_at >= HTTP_HEAD_FIELDS_MAX)
        return HTTP_HEAD_LARGE_FIELDS;
    return HTTP_HEAD_MORE;
}

enum http_head_verdict http_head_scan(struct http_head *head, const char *bytes, size_t length)
{
    enum http_head_verdict verdict = HTTP_HEAD_MORE;
    while (head->at < length && verdict == HTTP_HEAD_MORE) {
        unsigned char c = (unsigned char)bytes[head->at];
        /* A bare CR or LF is where two readers of one head part ways. */
        bool after_return = head->at > head->line && bytes[head->at - 1] == '\r';
        if ((c == '\n') != after_return)
            return bad(head, "A line must end with CR LF, and hold neither within.");
        verdict = check_size(head);
        if (verdict != HTTP_HEAD_MORE)
            return verdict;
        /* NUL and its like end a string early for somebody behind us. */
        if (c != '\r' && c != '\n' && is_control(c))
            return bad(head, "A head must not hold control characters.");
        head->at++;
        /* A whole line, without its CR LF. */
        if (c == '\n') {
            struct text line = {bytes + head->line, bytes + head->at - 2};
            verdict = read_line(head, bytes, line);
            head->line = head->at;
        }
    }
    return verdict;
}

bool http_head_has_begun(const struct http_head *head)
{
    return head->at > head->line || head->fields_at > 0;
}
