/* SPDX-License-Identifier: MIT */
/* Each asset's text once, permanently: assets are few, and accounts are many. */
#ifndef LEDGER_MEMORY_ASSET_INTERN_H
#define LEDGER_MEMORY_ASSET_INTERN_H

/* The one copy of this text, shared by all that ask for it. `asset` must be valid. NULL: memory is
 * short. From any thread; never parks. */
const char *asset_intern(const char *asset);

#endif
