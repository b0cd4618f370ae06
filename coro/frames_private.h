/* SPDX-License-Identifier: MIT */
/* Where a parked coroutine is in its code: the addresses to which its calls will return. */
#ifndef CORO_FRAMES_PRIVATE_H
#define CORO_FRAMES_PRIVATE_H

#include "coro/co.h"

/*
 * The innermost call first, at most `most` of them; how many. By frame pointers: this library has
 * them (-fno-omit-frame-pointer), so the function that called it is always among them, and those
 * above it if the program has them, too. It may go on meanwhile: then what is found is of no use,
 * but nothing outside its stack is read.
 */
int co_frames_of(const struct co *co, const void **frames, int most);

/* How many of the first of these are the library's own, to be passed over in a report. */
int co_frames_own(const void *const *frames, int count);

#endif
