/* SPDX-License-Identifier: MIT */
#include "ledger/bank/database_list.h"

#include <stdio.h>
#include <string.h>

#include "ledger/db/pg.h"

#define NAMED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

void database_list_of_one(struct database_list *list, const char *conninfo)
{
    *list = (struct database_list){.count = 1};
    snprintf(list->rows[0].name, sizeof list->rows[0].name, "%s", DATABASE_LIST_DEFAULT);
    list->rows[0].conninfo = conninfo;
}

static bool is_url(const char *text)
{
    return strncmp(text, "postgres://", 11) == 0 || strncmp(text, "postgresql://", 13) == 0;
}

/* The word before the first "="; what stands behind that. NULL: there is none. */
static const char *read_word(const char *text, char word[DATABASE_LIST_NAME])
{
    size_t length = strspn(text, NAMED);
    if (length == 0 || length >= DATABASE_LIST_NAME || text[length] != '=')
        return NULL;
    snprintf(word, DATABASE_LIST_NAME, "%.*s", (int)length, text);
    return text + length + 1;
}

/* "host=..." */
static bool is_list_of_words(const char *text)
{
    char word[DATABASE_LIST_NAME];
    return read_word(text, word) && pg_conninfo_has_word(word);
}

/* The place behind "NAME="; NULL: it has no name. A word that is misspelt is none. */
static const char *read_name(const char *text, char name[DATABASE_LIST_NAME])
{
    const char *place = read_word(text, name);
    bool is_named =
        place && !pg_conninfo_has_word(name) && (is_url(place) || is_list_of_words(place));
    return is_named ? place : NULL;
}

/* With a name, as all have where there are several. */
static bool add(struct database_list *list, const char *text, char error[DATABASE_LIST_ERROR])
{
    struct database_list_row row;
    size_t index;
    row.conninfo = read_name(text, row.name);
    if (!row.conninfo)
        snprintf(error, DATABASE_LIST_ERROR,
            "must be NAME=URL each where there are several; a name is 1 to %d of A-Z a-z 0-9 _ -",
            DATABASE_LIST_NAME - 1);
    else if (database_list_find(list, row.name, &index))
        snprintf(error, DATABASE_LIST_ERROR, "has two databases of the name %s", row.name);
    else if (list->count == DATABASE_LIST_MAX)
        snprintf(error, DATABASE_LIST_ERROR, "has more than %d databases", DATABASE_LIST_MAX);
    else
        list->rows[list->count++] = row;
    return !*error;
}

bool database_list_read(struct database_list *list, char *text, char error[DATABASE_LIST_ERROR])
{
    char name[DATABASE_LIST_NAME];
    const char *place = read_name(text, name);
    *error = '\0';
    *list = (struct database_list){.count = 0};
    /* One alone need not have a name, and may have blanks in it. */
    if (!place && !strchr(text, '\n')) {
        database_list_of_one(list, text);
        return true;
    }
    const char *ends = place && is_url(place) ? " \t\r\n" : "\r\n";
    char *rest = text;
    for (const char *each; !*error && (each = strsep(&rest, ends));)
        if (*each)
            (void)add(list, each, error);
    return !*error;
}

bool database_list_find(const struct database_list *list, const char *name, size_t *index)
{
    for (*index = 0; *index < list->count; (*index)++)
        if (strcmp(list->rows[*index].name, name) == 0)
            return true;
    return false;
}
