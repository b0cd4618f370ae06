/* SPDX-License-Identifier: MIT */
/*
 * What the targets have in common. Each is a file that defines LLVMFuzzerTestOneInput(), which
 * libFuzzer calls with one input after another; what must hold is a co_ensure(), and the sanitizers
 * see the rest. Each input is read on the one coroutine that there is, which may park and spawn
 * others. Nothing is kept from one input to the next.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The input up to its first NUL as a text, in memory that ends where it does. To be freed. */
char *fuzz_text(const uint8_t *bytes, size_t length);

#endif
