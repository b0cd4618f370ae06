/* SPDX-License-Identifier: MIT */
/* How much memory there is for following ledgers. */
#ifndef LEDGER_FOLLOW_FOLLOW_ROOM_H
#define LEDGER_FOLLOW_FOLLOW_ROOM_H

#include <stdbool.h>
#include <stdint.h>

/* Would a ledger of that many accounts leave three quarters of the memory that is available now,
 * to the machine and to its control group? True as well where neither says how much that is. Reads
 * some small files of /proc and /sys; never parks. */
bool follow_room_has(uint64_t accounts);

#endif
