/* SPDX-License-Identifier: MIT */
/* Of several databases of a service one has the ledger "main": for the files of the bank only. */
#ifndef LEDGER_BANK_BANK_MAIN_H
#define LEDGER_BANK_BANK_MAIN_H

#include "ledger/bank/bank_private.h"
#include "ledger/db/pg.h"

/* Have it in the bank's database that "main" is elsewhere (main_is_in). Parks. */
enum pg_status bank_main_keep_out(
    struct co_context *context, struct bank *bank, char *error, size_t size);

/* Have it there that "main", which is there, is its own, if once it was said to be elsewhere: the
 * databases had been given in another order. Parks. */
enum pg_status bank_main_take_back(
    struct co_context *context, struct bank *bank, char *error, size_t size);

#endif
