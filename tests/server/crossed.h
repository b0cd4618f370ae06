/* SPDX-License-Identifier: MIT */
/* A transfer between ledgers that has begun, and went no further. */
#ifndef TESTS_SERVER_CROSSED_H
#define TESTS_SERVER_CROSSED_H

#include "server/crossing/crossing.h"

/* Its first step alone, in the ledger that pays, as a server leaves it that dies behind that; in
 * USD/2. The durable hold, the caller's to drop. Parks. */
struct entry *crossed_hold(
    struct ledger *from, const struct crossing *crossing, bool with_metadata);

#endif
