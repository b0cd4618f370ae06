/* SPDX-License-Identifier: MIT */
#include "ledger/db/pg_secret.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_BYTES = 256 };

/* A piece of the connection string. */
struct piece {
    const char *from, *end;
};

static int hex_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void replace(char *text, const char *secret)
{
    size_t length = strlen(secret);
    if (length == 0)
        return;
    for (char *at = text; (at = strstr(at, secret));) {
        /* Never longer than it was: there may be no room. */
        size_t stars = length < 3 ? length : 3;
        memset(at, '*', stars);
        memmove(at + stars, at + length, strlen(at + length) + 1);
        at += stars;
    }
}

/* As it stands, and as libpq would read it: without the escapes of a URL, or of quotes. */
static void hide(struct piece piece, char *text)
{
    char plain[SECRET_BYTES], read[SECRET_BYTES];
    size_t length = (size_t)(piece.end - piece.from), to = 0;
    length = length < sizeof plain ? length : sizeof plain - 1;
    memcpy(plain, piece.from, length);
    plain[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        int high = plain[i] == '%' ? hex_of(plain[i + 1]) : -1;
        int low = high >= 0 ? hex_of(plain[i + 2]) : -1;
        i += plain[i] == '\\' && plain[i + 1];
        read[to++] = low >= 0 ? (char)(high << 4 | low) : plain[i];
        i += low >= 0 ? 2 : 0;
    }
    read[to] = '\0';
    replace(text, plain);
    replace(text, read);
}

/* "postgres://user:PASSWORD@host": up to the last @ before the query. One that should have been
 * escaped is read by libpq as something else, piece by piece. */
static void hide_in_address(const char *conninfo, char *text)
{
    const char *user = strstr(conninfo, "://"), *at = NULL;
    if (!user)
        return;
    user += 3;
    for (const char *c = user; *c && *c != '?'; c++)
        at = *c == '@' ? c : at;
    /* A question mark may be a part of it, too. */
    at = at ? at : strrchr(user, '@');
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    if (!colon)
        return;
    hide((struct piece){colon + 1, at}, text);
    for (const char *c = colon + 1; c < at; c++) {
        size_t length = strcspn(c, "/:@?#& \t[],=");
        const char *end = c + length < at ? c + length : at;
        hide((struct piece){c, end}, text);
        c = end;
    }
}

/* password=VALUE, between blanks, in quotes, or in a query. */
static void hide_named(const char *conninfo, char *text)
{
    for (const char *at = conninfo; (at = strstr(at, "password"));) {
        at += strlen("password");
        const char *from = at + strspn(at, " \t\n");
        if (*from != '=')
            continue;
        from++;
        from += strspn(from, " \t\n");
        const char *end = from;
        bool quoted = *from == '\'';
        from += quoted;
        for (end = from; *end && (quoted ? *end != '\'' : !strchr(" \t\n&", *end)); end++)
            end += *end == '\\' && end[1];
        hide((struct piece){from, end}, text);
        at = end;
    }
}

void pg_secret_hide(const char *conninfo, char *text)
{
    hide_in_address(conninfo, text);
    hide_named(conninfo, text);
}

void pg_secret_describe(const char *conninfo, char *text, size_t size)
{
    static const char *const shown[] = {"host", "hostaddr", "port", "dbname", "user", "service"};
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; options && i < sizeof shown / sizeof shown[0]; i++)
        for (const PQconninfoOption *option = options; option->keyword; option++)
            if (strcmp(option->keyword, shown[i]) == 0 && option->val && *option->val &&
                length < size)
                length += (size_t)snprintf(text + length, size - length, "%s%s=%s",
                    length ? " " : "", option->keyword, option->val);
    PQconninfoFree(options);
    /* A password that was not escaped is a port, or a name, to libpq. */
    pg_secret_hide(conninfo, text);
}
