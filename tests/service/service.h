/* SPDX-License-Identifier: MIT */
/*
 * The program under test as a child process with a data folder of its own: started, killed,
 * started again on the same port. Everything here parks and never blocks its worker.
 */
#ifndef TESTS_SERVICE_SERVICE_H
#define TESTS_SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loadtest/target.h"

enum { SERVICE_ARGUMENTS = 16 };

/* How much a service's memory may grow in a test that calls it flat. Sanitizers keep freed
 * memory for a while, and notes about all of it. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SERVICE_SLACK_KIB = 512 * 1024 };
#else
enum { SERVICE_SLACK_KIB = 32 * 1024 };
#endif

struct service {
    pid_t pid;                 /* 0: not running */
    int port;                  /* 0: none yet */
    int reserved;              /* the socket that keeps the port, if there is one */
    bool is_handed_over;       /* `reserved` listens, and is its socket (played.h) */
    bool secret;               /* it speaks TLS, and `port` is a tunnel's (secret.h), ... */
    int inner, inner_reserved; /* ... and this the one that it listens on */
    pid_t tunnel;              /* 0: none runs */
    int starts, exit_code;     /* the latter when the last start failed */
    const char *program;       /* NULL: the one that was built with these tests */
    const char *strategy;
    bool quiet;        /* show no output when it does not come up */
    int start_seconds; /* how long it may take to come up; 0: as long as tests wait at most */
    const char *arguments[SERVICE_ARGUMENTS]; /* more of them for `serve`, ends with NULL */
    char folder[128];
    char url[64];
    struct target target; /* with the admin's token */
};

/*
 * The folder that the running test program lies in; static. Found by the first call: a program that
 * leaves its mount namespace calls it before that, as in a chroot /proc then tells the outer path.
 */
const char *service_tests_folder(void);

/* The path of the program that was built with these tests. Stops the program if it is too long. */
enum { SERVICE_PROGRAM = 512 };
void service_program(char path[SERVICE_PROGRAM]);

/* A fresh folder and nothing else yet: for what is to be set before service_run(). */
void service_prepare(struct service *service, const char *strategy, const char *const *arguments);

/* A fresh folder, and the program running in it. False: its output is printed. */
CO_MUST_CHECK bool service_make(struct service *service, const char *strategy,
    const char *const *arguments /* ends with NULL; may be NULL */);

/* Find a free port for it, which no other program is given until service_remove(): not while it is
 * down between two starts either. The first start does it, if it was not done before. */
void service_reserve(struct service *service);

/* Start it (again) in its folder, on its port; true when it is ready. False, and said so, if
 * another program listens there. The target stays as it is while clients use it. */
CO_MUST_CHECK bool service_run(struct service *service);

/* SIGTERM, and wait: its exit code; 128 + the signal that ended it; -1: it did not end in 60 s. */
int service_stop(struct service *service);

/* SIGKILL, and wait until it is gone. Its PostgreSQL may live on. */
void service_kill(struct service *service);

/* Stop it if it runs, end its PostgreSQL, and delete the folder. */
void service_remove(struct service *service);

/* Wait until it has ended by itself: as service_stop(). */
int service_await_end(struct service *service, int64_t timeout_ns);

/* The postmaster of its cluster; 0: there is none now. */
pid_t service_postmaster(const struct service *service);

/* Send a signal to the postmaster and all of its processes. */
void service_signal_postgres(const struct service *service, int signal_number);

/* GET of a path that needs no token; the status, or 0 without an answer. */
int service_probe(const struct service *service, const char *path);

/* Probe /readyz until it says 200; false after the timeout. */
CO_MUST_CHECK bool service_await_ready(const struct service *service, int64_t timeout_ns);

/* What it has written since its last start, to stdout and stderr, with an end. */
void service_read_output(const struct service *service, char *text, size_t size);

/* Does its log, since its last start, have a message of that level with these words in it? */
bool service_logged(const struct service *service, const char *level, const char *words);

size_t service_memory_kib(const struct service *service);  /* resident, of the program alone */
size_t service_descriptors(const struct service *service); /* open files and sockets */

/* A service that all tests share, one for each strategy, made at its first use; NULL if it cannot
 * be started. */
struct service *service_shared(const char *strategy);

/* Remove all that are left: the shared ones, and those of tests that failed on the way. */
void service_remove_all(void);

#endif
