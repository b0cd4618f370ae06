/* SPDX-License-Identifier: MIT */
#include "server/cmd/cmd_databases.h"

#include <stdio.h>
#include <string.h>

enum { TEXT = 32768 };

/* `text` is what the list points into. */
static bool read_list(
    const struct options *options, const char *name, char text[TEXT], struct database_list *list)
{
    char error[DATABASE_LIST_ERROR];
    const char *given = options_value(options, name);
    *list = (struct database_list){.count = 0};
    if (!given)
        return true;
    if (snprintf(text, TEXT, "%s", given) >= TEXT)
        return options_wrong(options, name, "is too long");
    return database_list_read(list, text, error) || options_wrong(options, name, "%s", error);
}

bool cmd_databases_read(const struct options *options, struct database_list *list)
{
    static char text[TEXT];
    return read_list(options, "database", text, list);
}

bool cmd_databases_read_reads(const struct options *options, const struct database_list *databases,
    struct database_list *list)
{
    static char text[TEXT];
    size_t index;
    if (!read_list(options, "read-database", text, list))
        return false;
    if (list->count > 0 && databases->count == 0)
        return options_wrong(options, "read-database", "needs --database");
    for (size_t i = 0; i < list->count; i++)
        if (!database_list_find(databases, list->rows[i].name, &index))
            return options_wrong(options, "read-database",
                "is of a database %s, and --database has none of that name: where that has names, "
                "it is NAME=URL each",
                list->rows[i].name);
    return true;
}
