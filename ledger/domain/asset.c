/* SPDX-License-Identifier: MIT */
#include "ledger/domain/asset.h"

#include <stdio.h>
#include <string.h>

#include "coro/ensure.h"
#include "ledger/domain/name.h"

enum { SCALE_MAX = 38 };

static const char world_prefix[] = "world:";

static bool code_is_valid(const char *code, size_t length)
{
    char text[ASSET_CODE_MAX + 1];
    /* A blank at an end would not be seen. */
    if (length < 1 || length > ASSET_CODE_MAX || code[0] == ' ' || code[length - 1] == ' ')
        return false;
    memcpy(text, code, length);
    text[length] = '\0';
    return !strchr(text, '"') && name_is_valid(text, ASSET_CODE_MAX);
}

static bool scale_is_valid(const char *scale)
{
    /* Each scale in one way: no sign, no leading zero. */
    size_t length = strnlen(scale, 3);
    if (length < 1 || length > 2 || (length == 2 && scale[0] == '0'))
        return false;
    int value = 0;
    for (size_t i = 0; i < length; i++) {
        if (scale[i] < '0' || scale[i] > '9')
            return false;
        value = value * 10 + (scale[i] - '0');
    }
    return value <= SCALE_MAX;
}

bool asset_is_valid(const char *asset)
{
    const char *slash = memchr(asset, '/', strnlen(asset, ASSET_TEXT));
    return slash && code_is_valid(asset, (size_t)(slash - asset)) && scale_is_valid(slash + 1);
}

/* ---- world accounts ------------------------------------------------------------------------ */

void asset_world_id(const char *asset, char id[ASSET_WORLD_TEXT])
{
    co_ensure(asset_is_valid(asset));
    /* A slash would be a separator in a path; no scale has a dot. */
    snprintf(id, ASSET_WORLD_TEXT, "%s%s", world_prefix, asset);
    *strrchr(id, '/') = '.';
}

bool asset_of_world_id(const char *id, char asset[ASSET_TEXT])
{
    size_t prefix = sizeof world_prefix - 1;
    if (strncmp(id, world_prefix, prefix) != 0 || strlen(id + prefix) >= ASSET_TEXT)
        return false;
    strcpy(asset, id + prefix);
    char *dot = strrchr(asset, '.');
    /* An id with a slash is not one that was made of an asset. */
    if (!dot || strchr(asset, '/'))
        return false;
    *dot = '/';
    return asset_is_valid(asset);
}
