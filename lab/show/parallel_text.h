/* SPDX-License-Identifier: MIT */
/* What clients on all processors have met, as one JSON object and for people. */
#ifndef LAB_SHOW_PARALLEL_TEXT_H
#define LAB_SHOW_PARALLEL_TEXT_H

#include <stdio.h>

#include "lab/parallel/parallel.h"

/* A text to be freed; NULL: memory is short. */
CO_MUST_CHECK char *parallel_text_json(const struct trial *trial, const struct parallel *parallel);

void parallel_text_print(FILE *to, const struct trial *trial, const struct parallel *parallel);

#endif
