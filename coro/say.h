/* SPDX-License-Identifier: MIT */
/* Text for people, from anywhere. */
#ifndef CORO_SAY_H
#define CORO_SAY_H

#include "coro/language.h"

CO_C_BEGIN

/* As dprintf(), but without malloc, so for a signal handler, too. Up to 400 bytes. */
__attribute__((format(printf, 2, 3))) void co_say_line(int fd, const char *format, ...);

CO_C_END

#endif
