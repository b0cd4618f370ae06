/* SPDX-License-Identifier: MIT */
/*
 * A small hash table with chains. It is written out, and not one of the ledger's (memory/table.h):
 * nothing in http/ knows the ledger, and its rows come and go with what they count.
 */
#include "server/http/tally.h"

#include <stdlib.h>
#include <string.h>

struct tally_row {
    struct tally_row *next;
    uint8_t key[TALLY_KEY];
    size_t count;
};

static struct tally_row **find(struct tally *tally, const uint8_t key[TALLY_KEY])
{
    uint32_t mixed = 2166136261; /* FNV-1a: addresses differ in their last bytes */
    for (int i = 0; i < TALLY_KEY; i++)
        mixed = (mixed ^ key[i]) * 16777619;
    struct tally_row **at = &tally->rows[(mixed ^ mixed >> 16) % TALLY_ROWS];
    while (*at && memcmp((*at)->key, key, TALLY_KEY) != 0)
        at = &(*at)->next;
    return at;
}

bool tally_add(struct tally *tally, const uint8_t key[TALLY_KEY], size_t limit)
{
    struct tally_row **at = find(tally, key), *row = *at;
    if (row && row->count >= limit)
        return false;
    if (!row) {
        row = limit > 0 ? calloc(1, sizeof *row) : NULL;
        if (!row)
            return false;
        memcpy(row->key, key, TALLY_KEY);
        *at = row;
    }
    row->count++;
    return true;
}

void tally_remove(struct tally *tally, const uint8_t key[TALLY_KEY])
{
    struct tally_row **at = find(tally, key), *row = *at;
    co_ensure(row && row->count > 0);
    if (--row->count > 0)
        return;
    *at = row->next;
    free(row);
}
