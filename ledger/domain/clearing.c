/* SPDX-License-Identifier: MIT */
#include "ledger/domain/clearing.h"

#include <stdio.h>
#include <string.h>

#include "coro/ensure.h"

static const char prefix[] = "clearing:", world[] = "world:";

void clearing_id(const char *ledger, const char *asset, char id[CLEARING_TEXT])
{
    char of_world[ASSET_WORLD_TEXT];
    /* The asset is written as in the id of its world account. */
    asset_world_id(asset, of_world);
    int length =
        snprintf(id, CLEARING_TEXT, "%s%s:%s", prefix, ledger, of_world + sizeof world - 1);
    co_ensure(length < CLEARING_TEXT);
}

bool clearing_is_id(const char *id)
{
    static const char of_names[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    char of_world[ASSET_WORLD_TEXT], asset[ASSET_TEXT];
    if (strncmp(id, prefix, sizeof prefix - 1) != 0)
        return false;

    /* A ledger's name, which has no colon in it, and an asset. */
    const char *name = id + sizeof prefix - 1;
    size_t length = strspn(name, of_names);
    if (length < 1 || length >= CLEARING_LEDGER || name[length] != ':')
        return false;
    int written = snprintf(of_world, sizeof of_world, "%s%s", world, name + length + 1);
    return written < (int)sizeof of_world && asset_of_world_id(of_world, asset);
}
