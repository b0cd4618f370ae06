/* SPDX-License-Identifier: MIT */
/* What a scenario can be told. */
#ifndef LOADTEST_LOAD_OPTIONS_H
#define LOADTEST_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "loadtest/target.h"

/* Which options a scenario reads; the others it refuses. All take those of OPTION_COMMON. */
enum {
    OPTION_COMMON = 1 << 0,
    OPTION_LOAD = 1 << 1,     /* --rate --clients --duration */
    OPTION_RACE = 1 << 2,     /* --rounds --racers */
    OPTION_ACCOUNTS = 1 << 3, /* --accounts --prefix --hot */
};

struct load_options {
    const char *url, *token, *token_file, *ledger, *prefix;
    const char *ca, *client_cert, *client_key; /* files; NULL: the system's, none */
    int64_t rate;                              /* requests a second; 0: closed loop */
    int64_t clients;                           /* connections */
    int64_t duration;                          /* seconds */
    int64_t timeout;                           /* seconds for one request */
    int64_t seed;                              /* 0: from the clock */
    int64_t workers;
    int64_t rounds, racers, accounts;
    bool json, hot, stages, help;
    struct target target; /* made of url and token */
};

#endif
