/* SPDX-License-Identifier: MIT */
/* What `--follow` says: which ledgers of other servers are followed here. "all", "none", a list of
 * ledgers "main,savings"; "fit", the default: those that there is memory for. Pure. */
#ifndef LEDGER_BANK_FOLLOW_LIST_H
#define LEDGER_BANK_FOLLOW_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define FOLLOW_LIST_DEFAULT "fit"

bool follow_list_is_valid(const char *text);

enum follow_list_wish { FOLLOW_LIST_NO, FOLLOW_LIST_YES, FOLLOW_LIST_IF_IT_FITS };

/* Of a valid text: is that ledger followed? */
enum follow_list_wish follow_list_find(const char *text, const char *ledger);

/* Of a valid text: how many ledgers it names, but for that one. */
size_t follow_list_count(const char *text, const char *but);

#endif
