/* SPDX-License-Identifier: MIT */
/*
 * Which transfers were reversed lately: those whose reversal may not be durable yet. Of older ones
 * the database knows. A reversal's section names all accounts of the transfer, so two of the same
 * transfer never decide simultaneously. All functions may be called from any worker; none parks.
 */
#ifndef LEDGER_MEMORY_REVERSAL_TABLE_H
#define LEDGER_MEMORY_REVERSAL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"

struct reversal {
    struct reversal *next, *newer; /* chain in the table; in the order of reversing */
    uint64_t transfer, by;         /* what was reversed, and by which entry */
};

struct reversal_table;

CO_MUST_CHECK struct reversal_table *reversal_table_make(void);
void reversal_table_free(struct reversal_table **reversals);

enum reversal_table_found {
    REVERSALS_NONE, /* it was not reversed */
    REVERSALS_DONE, /* *by did */
    REVERSALS_ASK,  /* the database must be asked (once more) */
};

/* `asked`: the database did not have a reversal of it when everything up to there was durable. */
CO_MUST_CHECK enum reversal_table_found reversal_table_find(
    struct reversal_table *reversals, uint64_t transfer, uint64_t asked, uint64_t *by);

/* Remember it; the memory is the table's from here on (from malloc). What is durable up to
 * `durable` is forgotten. */
void reversal_table_add(
    struct reversal_table *reversals, struct reversal *reversal, uint64_t durable);

#endif
