/* SPDX-License-Identifier: MIT */
/* The texts of a crossing: for the files of crossings only. None of these parks. */
#ifndef SERVER_CROSSING_CROSSING_PRIVATE_H
#define SERVER_CROSSING_CROSSING_PRIVATE_H

#include "server/crossing/crossing.h"

enum { CROSSING_KEY = 3 + 64 + 1 + 32 + 2 + 1 };

/* The key of a step (1 or 2) of the crossing that a client's key stands for in the ledger that
 * pays. */
void crossing_key(char text[CROSSING_KEY], const char *payer, const char *key, int step);

/* Is the entry of a crossing, by its key? Clients cannot send such a key. */
bool crossing_has_key(const struct entry *entry);

/* The metadata of step 1; `metadata` is the client's, or what it means. */
const char *crossing_text(
    struct arena *arena, const struct crossing *crossing, const char *asset, const char *metadata);

/* Of step 2, and of step 3, which says what came of 2. */
const char *crossing_text_of_payment(
    struct arena *arena, const struct crossing *crossing, uint64_t hold);
const char *crossing_text_of_end(
    struct arena *arena, const struct crossing *crossing, const struct crossing_end_told *told);

#endif
