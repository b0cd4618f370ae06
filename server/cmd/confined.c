/* SPDX-License-Identifier: MIT */
#include "server/cmd/confined.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/lab/lab_confine.h"

enum {
    WORDS = 4 /* "lab-child", the parent, its seconds, the kind */,
    ERROR = 200,
    EXIT_USAGE = 2
};

int confined_begin(int *argc, char ***argv)
{
    char error[ERROR];
    char **words = *argv;
    if (*argc < 2 || strcmp(words[1], "lab-child") != 0)
        return 0;
    int kind = 0;
    while (*argc > WORDS && kind < LAB_CONFINE_KINDS &&
           strcmp(words[WORDS], lab_confine_names[kind]) != 0)
        kind++;
    bool good =
        *argc > WORDS + 1 && strcmp(words[WORDS + 1], "lab") == 0 && kind < LAB_CONFINE_KINDS;
    pid_t parent = good ? (pid_t)strtol(words[2], NULL, 10) : 0;
    unsigned processor_s = good ? (unsigned)strtoul(words[3], NULL, 10) : 0;
    if (!good) {
        fputs("teller: lab-child is for the service alone\n", stderr);
        return EXIT_USAGE;
    }
    if (!lab_confine((enum lab_confine)kind, parent, processor_s, error, sizeof error)) {
        fprintf(stderr, "teller: %s\n", error);
        return EXIT_FAILURE;
    }
    /* The name of the program stays in front. */
    words[WORDS] = words[0];
    *argv += WORDS;
    *argc -= WORDS;
    return 0;
}
