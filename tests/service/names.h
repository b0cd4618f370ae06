/* SPDX-License-Identifier: MIT */
/* A table from names to pointers, for the tests' own bookkeeping. Names are copied. */
#ifndef TESTS_SERVICE_NAMES_H
#define TESTS_SERVICE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names {
    struct names_slot *slots;
    size_t size, count; /* all zero is empty */
};

struct names_slot {
    char *name; /* NULL is free */
    void *value;
};

/* The value of that name; NULL if there is none. */
void *names_find(const struct names *names, const char *name);

/* False, and nothing changed, if the name is there already. value is not NULL. Stops the program
 * when memory is short. */
bool names_add(struct names *names, const char *name, void *value);

void names_free(struct names *names); /* the values stay the caller's */

#endif
