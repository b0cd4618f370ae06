/* SPDX-License-Identifier: MIT */
/*
 * Named places where a test makes the running program fail. Off, and one predictable load each,
 * unless the environment says at the start
 *     TELLER_FAILPOINTS="NAME=ACTION[@N],..."
 * ACTION  kill        the process is gone immediately, as by kill -9
 *         pause:MS    the coroutine parks for that long
 *         error       failpoint() returns true, and its caller fails as it would at this place
 * N       only at the N-th pass, from 1; without it at every pass
 * A text that cannot be read ends the program: a test must not pass because nothing was armed.
 */
#ifndef LEDGER_FAILPOINT_H
#define LEDGER_FAILPOINT_H

#include <stdbool.h>

extern bool failpoint_armed; /* written before main() only */

/* True: fail here. From coroutines only (a pause parks). */
bool failpoint_pass(const char *name);

static inline bool failpoint(const char *name)
{
    return __builtin_expect(failpoint_armed, false) && failpoint_pass(name);
}

#endif
