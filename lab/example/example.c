/* SPDX-License-Identifier: MIT */
#include "lab/example/example.h"

#include <stddef.h>
#include <string.h>

const struct example *example_find(const char *name)
{
    for (const struct example *at = example_all; at->name; at++)
        if (strcmp(at->name, name) == 0)
            return at;
    return NULL;
}
