/* SPDX-License-Identifier: MIT */
/* What there is to try: scenarios, strategies and their code. */
#ifndef LAB_SHOW_CATALOGUE_H
#define LAB_SHOW_CATALOGUE_H

#include "coro/ensure.h"

/* As one JSON object, a text to be freed; NULL: memory is short. */
CO_MUST_CHECK char *catalogue_json(void);

/* As a list for people, on stdout. */
void catalogue_print(void);

#endif
