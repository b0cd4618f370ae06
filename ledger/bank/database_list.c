/* SPDX-License-Identifier: MIT */
#include "ledger/bank/database_list.h"

#include <stdio.h>
#include <string.h>

void database_list_of_one(struct database_list *list, const char *conninfo)
{
    *list = (struct database_list){.count = 1};
    snprintf(list->rows[0].name, sizeof list->rows[0].name, "%s", DATABASE_LIST_DEFAULT);
    list->rows[0].conninfo = conninfo;
}
