/* SPDX-License-Identifier: MIT */
#include "lab/sql/sql_choice.h"

#include <string.h>

#include "coro/random.h"

enum { STEPS_DEFAULT = 40 };

/* Behind all others, in PCT's order. */
static void fall_back(struct sql_choice *choice, uint32_t lane)
{
    choice->priority[lane] = --choice->lowest;
}

void sql_choice_begin(struct sql_choice *choice, struct co_schedule *schedule)
{
    memset(choice, 0, sizeof *choice);
    choice->schedule = schedule;
    choice->random = schedule->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    schedule->taken = 0;
    schedule->switch_count = 0;
    schedule->deadlocked = schedule->endless = false;
    if (schedule->strategy != CO_SCHEDULE_PCT)
        return;

    /* PCT: everyone's priority, and the points at which that of the running one ends. */
    co_ensure(schedule->depth <= SQL_CHOICE_DEPTH);
    uint64_t steps = schedule->steps ? schedule->steps : STEPS_DEFAULT;
    choice->lowest = UINT64_C(1) << 32;
    for (int i = 1; i <= SQL_CHOICE_LANES; i++)
        choice->priority[i] = (co_random_of(&choice->random) >> 1) | UINT64_C(1) << 62;
    for (int i = 0; i + 1 < schedule->depth; i++)
        choice->change_at[i] = 1 + co_random_of(&choice->random) % steps;
}

void sql_choice_yield(struct sql_choice *choice, uint32_t lane)
{
    if (choice->last == lane)
        choice->last = 0;
    if (choice->schedule->strategy == CO_SCHEDULE_PCT)
        fall_back(choice, lane);
}

static bool is_ready(uint32_t ready, uint32_t lane)
{
    return lane > 0 && lane <= SQL_CHOICE_LANES && ready >> (lane - 1) & 1;
}

/* Whoever was chosen last, if it can go on; else the one with the lowest number. */
static uint32_t usual_one(const struct sql_choice *choice, uint32_t ready)
{
    if (is_ready(ready, choice->last))
        return choice->last;
    return (uint32_t)__builtin_ctz(ready) + 1;
}

/* The listed choice of this point if there is one and its lane can go on, else the usual one. */
static uint32_t listed(struct sql_choice *choice, uint32_t ready, uint32_t usual)
{
    const struct co_schedule *schedule = choice->schedule;
    while (choice->next < schedule->choice_count &&
           schedule->choices[choice->next].point < schedule->taken)
        choice->next++;
    if (choice->next == schedule->choice_count ||
        schedule->choices[choice->next].point != schedule->taken ||
        !is_ready(ready, schedule->choices[choice->next].who))
        return usual;
    return schedule->choices[choice->next].who;
}

/* Any of those that are ready, each as likely. */
static uint32_t drawn(struct sql_choice *choice, uint32_t ready)
{
    uint64_t skip = co_random_of(&choice->random) % (uint64_t)__builtin_popcount(ready);
    for (; skip > 0; skip--)
        ready &= ready - 1;
    return (uint32_t)__builtin_ctz(ready) + 1;
}

static uint32_t first_in_priority(const struct sql_choice *choice, uint32_t ready)
{
    uint32_t best = 0;
    for (uint32_t lane = 1; lane <= SQL_CHOICE_LANES; lane++)
        if (is_ready(ready, lane) && (!best || choice->priority[lane] > choice->priority[best]))
            best = lane;
    return best;
}

uint32_t sql_choice_next(struct sql_choice *choice, uint32_t ready, bool *switched)
{
    struct co_schedule *schedule = choice->schedule;
    schedule->taken++;
    uint32_t usual = usual_one(choice, ready), lane;
    switch (schedule->strategy) {
    case CO_SCHEDULE_REPLAY:
        lane = listed(choice, ready, usual);
        break;
    case CO_SCHEDULE_PCT:
        lane = first_in_priority(choice, ready);
        break;
    default:
        lane = drawn(choice, ready);
        break;
    }

    /* How it differs from the usual run. */
    *switched = lane != usual;
    if (*switched && schedule->switches && schedule->switch_count < schedule->switch_room)
        schedule->switches[schedule->switch_count] =
            (struct co_schedule_choice){(uint32_t)schedule->taken, lane};
    schedule->switch_count += *switched;
    choice->last = lane;
    for (int i = 0; schedule->strategy == CO_SCHEDULE_PCT && i + 1 < schedule->depth; i++)
        if (choice->change_at[i] == schedule->taken)
            fall_back(choice, lane);
    return lane;
}
