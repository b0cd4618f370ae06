/* SPDX-License-Identifier: MIT */
#include "loadtest/simulation/costs.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct cost {
    const char *name;
    size_t at;
    bool above_zero;
} all[] = {{"teller_us", offsetof(struct costs, teller_us), false},
    {"hop_us", offsetof(struct costs, hop_us), false},
    {"commit_us", offsetof(struct costs, commit_us), false},
    {"part_us", offsetof(struct costs, part_us), false},
    {"entry_us", offsetof(struct costs, entry_us), false},
    {"beat_us", offsetof(struct costs, beat_us), false},
    {"look_us", offsetof(struct costs, look_us), false},
    {"claim_us", offsetof(struct costs, claim_us), false},
    {"peer_us", offsetof(struct costs, peer_us), false},
    {"follow_us", offsetof(struct costs, follow_us), false},
    {"read_us", offsetof(struct costs, read_us), false},
    {"open_us", offsetof(struct costs, open_us), false},
    {"load_us", offsetof(struct costs, load_us), false},
    {"fold_us", offsetof(struct costs, fold_us), false},
    {"commit_ms", offsetof(struct costs, commit_ms), true},
    {"wal_commit_bytes", offsetof(struct costs, wal_commit_bytes), false},
    {"wal_part_bytes", offsetof(struct costs, wal_part_bytes), false},
    {"wal_entry_bytes", offsetof(struct costs, wal_entry_bytes), false},
    {"account_bytes", offsetof(struct costs, account_bytes), false},
    {"ledger_bytes", offsetof(struct costs, ledger_bytes), false},
    {"known_bytes", offsetof(struct costs, known_bytes), false},
    {"hot_rate", offsetof(struct costs, hot_rate), true}};

enum { COSTS = sizeof all / sizeof all[0], LINE = 200 };

/* The index of the cost that the line is about; COSTS: it is not one. */
static size_t find(const char *name)
{
    size_t i = 0;
    while (i < COSTS && strcmp(all[i].name, name) != 0)
        i++;
    return i;
}

/* NULL, or what is wrong with it. A line of nothing but a comment is right. */
static const char *read_line(struct costs *costs, char *line, bool seen[COSTS])
{
    char *rest, *end;
    line[strcspn(line, "#\n")] = '\0';
    const char *name = strtok_r(line, " \t", &rest), *number = strtok_r(NULL, " \t", &rest);
    if (!name)
        return NULL;
    size_t i = find(name);
    if (i == COSTS)
        return "no such cost";
    if (seen[i])
        return "said twice";
    double value = number ? strtod(number, &end) : -1;
    if (!number || *end || !isfinite(value) || value < 0 || strtok_r(NULL, " \t", &rest))
        return "not one number from 0 on";
    if (all[i].above_zero && value <= 0)
        return "must be above 0";
    *(double *)(void *)((char *)costs + all[i].at) = value;
    seen[i] = true;
    return NULL;
}

bool costs_read(struct costs *costs, FILE *from, FILE *problems)
{
    char line[LINE];
    bool seen[COSTS] = {false}, good = true;
    *costs = (struct costs){0};
    for (int number = 1; fgets(line, sizeof line, from); number++) {
        const char *problem = read_line(costs, line, seen);
        if (problem)
            fprintf(problems, "costs: line %d: %s\n", number, problem);
        good = good && !problem;
    }
    for (size_t i = 0; i < COSTS; i++) {
        if (!seen[i])
            fprintf(problems, "costs: %s is missing\n", all[i].name);
        good = good && seen[i];
    }
    return good;
}
