/* SPDX-License-Identifier: MIT */
/* Open addressing, at most half full. */
#include "tests/service/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"

enum { FIRST_SIZE = 1024 };

/* FNV-1a. */
static uint64_t hash(const char *name)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3;
    return h;
}

/* Where the name is, or the free slot where it would be. */
static struct names_slot *slot_of(const struct names *names, const char *name)
{
    size_t at = hash(name) & (names->size - 1);
    while (names->slots[at].name && strcmp(names->slots[at].name, name) != 0)
        at = (at + 1) & (names->size - 1);
    return &names->slots[at];
}

void *names_find(const struct names *names, const char *name)
{
    return names->size ? slot_of(names, name)->value : NULL;
}

static void grow(struct names *names)
{
    struct names larger = {.size = names->size ? names->size * 2 : FIRST_SIZE};
    larger.count = names->count;
    larger.slots = calloc(larger.size, sizeof larger.slots[0]);
    co_ensure(larger.slots);
    for (size_t i = 0; i < names->size; i++)
        if (names->slots[i].name)
            *slot_of(&larger, names->slots[i].name) = names->slots[i];
    free(names->slots);
    *names = larger;
}

bool names_add(struct names *names, const char *name, void *value)
{
    co_ensure(value);
    if (names->count * 2 >= names->size)
        grow(names);
    struct names_slot *slot = slot_of(names, name);
    if (slot->name)
        return false;
    slot->name = strdup(name);
    co_ensure(slot->name);
    slot->value = value;
    names->count++;
    return true;
}

void names_free(struct names *names)
{
    for (size_t i = 0; i < names->size; i++)
        free(names->slots[i].name);
    free(names->slots);
    *names = (struct names){0};
}
