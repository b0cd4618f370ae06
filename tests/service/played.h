/* SPDX-License-Identifier: MIT */
/*
 * A supervisor, played as systemd's manual has it: a socket to which the program tells how it is,
 * and one on which it is to listen, which stays open from start to start.
 */
#ifndef TESTS_SERVICE_PLAYED_H
#define TESTS_SERVICE_PLAYED_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/service/service.h"

struct played {
    int told; /* where it tells */
    int64_t watchdog_ms;
    bool hands_over;  /* the socket of the service's port */
    const char *more; /* assignments of variables, "A=1 B=2"; NULL: none */
    char script[160], path[160];
};

/* The service is prepared; from now on service_run() starts it as this says, whose watchdog_ms,
 * hands_over and more are set. It outlives the service's runs. */
void played_begin(struct played *played, struct service *service);
void played_end(struct played *played);

/* Park until it tells something with `words` in it, which goes to text[] if that is not NULL. What
 * it told before that is forgotten. False after the timeout. */
enum { PLAYED_TEXT = 1400 };
CO_MUST_CHECK bool played_await(
    struct played *played, const char *words, char text[PLAYED_TEXT], int64_t timeout_ns);

#endif
