/* SPDX-License-Identifier: MIT */
/* A program that runs to its end, and what it wrote. The caller is parked meanwhile. */
#ifndef TESTS_SERVICE_COMMAND_H
#define TESTS_SERVICE_COMMAND_H

#include "tests/service/service.h"

enum { COMMAND_WORDS = 16 };

struct command {
    bool discard;     /* in: do not keep what it writes to stdout */
    int exit_code;    /* 128 + the signal that ended it; -1: it could not be started */
    char *out;        /* what it wrote to stdout, with an end; until command_free() */
    size_t length;    /* of that, kept or not */
    char error[1024]; /* the beginning of what it wrote to stderr */
    size_t peak_kib;  /* the most memory it has had resident, looked at whenever it wrote */
};

/* argv[0] is looked for along PATH; ends with NULL. The rest of the environment is ours, but for
 * the locale, which is C.UTF-8. */
void command_run(struct command *command, const char *const argv[]);

/* teller WORDS... --data FOLDER, of that service. */
void command_teller(
    struct command *command, const struct service *service, const char *const words[]);

/* Does `teller audit --database URL` find nothing wrong? */
CO_MUST_CHECK bool command_audits(const char *url);

/* Write its output to a file in the service's folder, whose path goes to `path`. */
void command_save(const struct command *command, const struct service *service, const char *name,
    char path[SERVICE_PROGRAM]);

void command_free(struct command *command); /* all zero again; from zero too */

/* For when a test is about to fail on it. */
void command_print(const struct command *command);

#define EXPECT_EXIT(command, wanted)                                                               \
    do {                                                                                           \
        if ((command)->exit_code != (wanted))                                                      \
            command_print((command));                                                              \
        CU_ASSERT_EQUAL((command)->exit_code, (wanted));                                           \
    } while (0)

#endif
