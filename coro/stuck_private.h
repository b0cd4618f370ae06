/* SPDX-License-Identifier: MIT */
#ifndef CORO_STUCK_PRIVATE_H
#define CORO_STUCK_PRIVATE_H

#include <stdint.h>

/* As co_stuck_dump(), but in a signal handler: without a yield, and not two at a time. */
void co_stuck_dump_now(int fd, int64_t at_least_ns);

#endif
