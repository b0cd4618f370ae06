/* SPDX-License-Identifier: MIT */
#include "ledger/memory/asset_intern.h"

#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"
#include "coro/lock.h"
#include "ledger/domain/asset.h"

enum { BUCKETS = 1024 };

struct text {
    struct text *next;
    char asset[ASSET_TEXT];
};

static struct lock texts_lock;
static struct text *texts[BUCKETS]; /* under the lock */

const char *asset_intern(const char *asset)
{
    unsigned sum = 0;
    ensure(asset_is_valid(asset));
    for (const char *c = asset; *c; c++)
        sum = sum * 31 + (unsigned char)*c;
    lock_take(&texts_lock);
    struct text *text = texts[sum % BUCKETS];
    while (text && strcmp(text->asset, asset) != 0)
        text = text->next;
    if (!text && (text = malloc(sizeof *text))) {
        strcpy(text->asset, asset);
        text->next = texts[sum % BUCKETS];
        texts[sum % BUCKETS] = text;
    }
    lock_drop(&texts_lock);
    return text ? text->asset : NULL;
}
