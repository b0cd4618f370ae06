/* SPDX-License-Identifier: MIT */
/* An outcome as one JSON object. */
#ifndef LAB_SHOW_RESULT_JSON_H
#define LAB_SHOW_RESULT_JSON_H

#include "coro/ensure.h"
#include "lab/show/outcome.h"

/* A text to be freed; NULL: memory is short. */
CO_MUST_CHECK char *result_json(const struct outcome *outcome);

#endif
