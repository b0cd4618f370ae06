/* SPDX-License-Identifier: MIT */
/*
 * An asset is CODE/SCALE: "USD/2" counts cents. CODE is 1-32 bytes of UTF-8 as name.h says ("EUR",
 * "€", "Green Apples"), with no slash, no quotation mark and no blank at its ends; SCALE is 0-38
 * without leading zeros. Every asset has a world account, "world:USD.2", through which money enters
 * and leaves; it has no floor and exists by itself.
 */
#ifndef LEDGER_DOMAIN_ASSET_H
#define LEDGER_DOMAIN_ASSET_H

#include <stdbool.h>

enum { ASSET_CODE_MAX = 32, ASSET_TEXT = ASSET_CODE_MAX + 4, ASSET_WORLD_TEXT = ASSET_TEXT + 6 };

#define ASSET_RULE "must be CODE/SCALE, such as USD/2"

bool asset_is_valid(const char *asset);

/* Write the id of the asset's world account; `asset` must be valid. */
void asset_world_id(const char *asset, char id[ASSET_WORLD_TEXT]);

/* The asset whose world account `id` is; false if it is not one. */
bool asset_of_world_id(const char *id, char asset[ASSET_TEXT]);

#endif
