/* SPDX-License-Identifier: MIT */
#include "ledger/memory/asset_intern.h"

#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"
#include "coro/lock.h"
#include "ledger/domain/asset.h"
#include "ledger/memory/table.h"

/* Assets are few and stay for good: nothing is given back, and all ledgers share them. */
enum { BUCKETS = 1024 };

struct text {
    struct text *next;
    char asset[ASSET_TEXT];
};

static inline bool is_asset(const struct text *text, const char *asset)
{
    return strcmp(text->asset, asset) == 0;
}

TABLE_DEFINE(table, struct text, next, const char *, is_asset)

static struct co_lock texts_lock;
static struct text *texts[BUCKETS]; /* under the lock */

const char *asset_intern(const char *asset)
{
    /* A simple sum: codes that are chosen to collide cost an account each. */
    unsigned sum = 0;
    co_ensure(asset_is_valid(asset));
    for (const char *c = asset; *c; c++)
        sum = sum * 31 + (unsigned char)*c;
    co_lock_take(&texts_lock);
    struct text **place = table_place(&texts[sum % BUCKETS], asset), *text = *place;
    if (!text && (text = malloc(sizeof *text))) {
        strcpy(text->asset, asset);
        table_put(place, text);
    }
    co_lock_drop(&texts_lock);
    return text ? text->asset : NULL;
}
