/* SPDX-License-Identifier: MIT */
#include "server/cmd/cmd_databases.h"

#include <stdio.h>
#include <string.h>

enum { TEXT = 32768 };

bool cmd_databases_read(const struct options *options, struct database_list *list)
{
    static char text[TEXT]; /* which the list points into */
    char error[DATABASE_LIST_ERROR];
    const char *given = options_value(options, "database");
    *list = (struct database_list){.count = 0};
    if (!given)
        return true;
    if ((size_t)snprintf(text, sizeof text, "%s", given) >= sizeof text)
        return options_wrong(options, "database", "is too long");
    return database_list_read(list, text, error) || options_wrong(options, "database", "%s", error);
}
