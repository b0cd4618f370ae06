/* SPDX-License-Identifier: MIT */
/*
 * The one thing that C cannot express: go on with another stack. Saves what the ABI asks a function
 * to preserve (general registers; on arm64 also d8-d15), not the floating-point control words: all
 * coroutines share those, and none may leave them changed.
 */
#ifndef CORO_SWITCH_PRIVATE_H
#define CORO_SWITCH_PRIVATE_H

/* Store the stack pointer at *save and go on at `load`, which an earlier call stored. */
void co_switch_stack(void **save, void *load);

/* Prepare the stack that ends at `top` (16-aligned) such that a switch to the result calls main(),
 * which must not return. */
void *co_switch_prepare(void *top, void (*main)(void));

#endif
