/* SPDX-License-Identifier: MIT */
/*
 * A schedule as a short text that fits into a URL: its switches, as "3.2-5.1": at point 3 lane 2
 * goes on, at point 5 lane 1; "t" for a lane: time passes there. "0", or nothing: no switch at all.
 */
#ifndef LAB_MACHINE_CODE_H
#define LAB_MACHINE_CODE_H

#include <stdbool.h>
#include <stddef.h>

#include "coro/ensure.h"
#include "coro/schedule.h"

enum { CODE_CHOICES = 1000, CODE_TEXT = CODE_CHOICES * 16 };

/* False: it is not such a text, or has more than CODE_CHOICES. */
CO_MUST_CHECK bool code_parse(
    const char *text, struct co_schedule_choice choices[CODE_CHOICES], size_t *count);

/* At most CODE_CHOICES; returns `text`. */
const char *code_format(
    const struct co_schedule_choice *choices, size_t count, char text[CODE_TEXT]);

#endif
