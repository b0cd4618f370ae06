/* SPDX-License-Identifier: MIT */
/* The version that a program was compiled with, and that of the library which it runs with. */
#ifndef CORO_VERSION_H
#define CORO_VERSION_H

#include "coro/language.h"

CO_C_BEGIN

#define CO_VERSION_MAJOR 0
#define CO_VERSION_MINOR 3
#define CO_VERSION_PATCH 0
#define CO_VERSION "0.3.0"

/* The library's. With the same major and minor number (until 1.0; then with the same major one) a
 * program that was compiled with another version runs with it. */
const char *co_version(void);

CO_C_END

#endif
