/* SPDX-License-Identifier: MIT */
/* The names of the program's own functions, from the symbols of its file. For reports. */
#ifndef CORO_SYMBOLS_PRIVATE_H
#define CORO_SYMBOLS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

/* The function that holds this address of the program's code, and how far into it; NULL: it is not
 * the program's own (a shared library's), or the program was stripped. The text lives as long as
 * the process. Reads the file at the first call. From any thread, also in a signal handler. */
const char *co_symbols_find(const void *address, size_t *offset);

/* This library is a shared one, and has that address; such addresses have no names here. */
bool co_symbols_in_library(const void *address);

/* The same as text: "serve+0x1c", or the bare address. Returns `text`. */
const char *co_symbols_text(const void *address, char *text, size_t size);

#endif
