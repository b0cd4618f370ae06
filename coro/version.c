/* SPDX-License-Identifier: MIT */
/* That the header says what stands in VERSION, tests/install sees. */
#include "coro/version.h"

const char *co_version(void)
{
    return CO_VERSION;
}
