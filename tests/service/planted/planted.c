/* SPDX-License-Identifier: MIT */
/*
 * Faults in the place of strategies: linked into a teller of its own (teller-planted), instead of
 * the careless ones of lab/strategy/. The names are those that scenarios offer.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/strategy/strategies.h"
#include "server/lab/lab_bounds.h"

enum { BLOCK = 64 << 20, BLOCKS = 160 /* ten gigabytes */ };

/* An endless loop need not take a minute to be ended. */
const struct lab_bounds lab_bounds = {.processor_s = 2, .time_s = 15, .rest_s = 15};

static volatile int nothing, *volatile nowhere;

static bool crash(void *state, struct operation *operation)
{
    (void)state, (void)operation;
    *nowhere = 1;
    return true;
}

static bool loop(void *state, struct operation *operation)
{
    (void)state, (void)operation;
    for (;;)
        nothing = !nothing;
    return true;
}

static bool fork_bomb(void *state, struct operation *operation)
{
    (void)state, (void)operation;
    for (;;)
        (void)!fork();
    return true;
}

static bool eat_memory(void *state, struct operation *operation)
{
    (void)state, (void)operation;
    for (int i = 0; i < BLOCKS; i++) {
        char *block = malloc(BLOCK);
        if (!block)
            abort();
        memset(block, 1, BLOCK);
    }
    return true;
}

static bool write_on(void *state, struct operation *operation)
{
    static const char text[] = "and more, and more, and more, and more, and more, and more\n";
    (void)state, (void)operation;
    while (write(STDOUT_FILENO, text, sizeof text - 1) > 0)
        ;
    return true;
}

#define PLANT(symbol, called, fault)                                                               \
    const struct lab_strategy symbol = {                                                           \
        .name = called, .title = called, .why = "", .go = "", .carry_out = fault}

PLANT(unsafe_strategy, "unsafe", crash);
PLANT(atomic_strategy, "atomic", loop);
PLANT(unordered_locks_strategy, "unordered-locks", fork_bomb);
PLANT(misused_rwmutex_strategy, "rwmutex", eat_memory);
PLANT(compare_and_swap_strategy, "compare-and-swap", write_on);
