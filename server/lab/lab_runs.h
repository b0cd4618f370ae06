/* SPDX-License-Identifier: MIT */
/*
 * The experiments of a service: two run, a few wait, the last that have ended are kept in memory.
 * Each is a child process (lab_child.h) that a coroutine waits for.
 */
#ifndef SERVER_LAB_LAB_RUNS_H
#define SERVER_LAB_LAB_RUNS_H

#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/money.h"
#include "server/lab/lab_catalogue.h"
#include "server/lab/lab_child.h"

enum {
    LAB_RUNS_RUNNING = 2,
    LAB_RUNS_WAITING = 8,
    LAB_RUNS_KEPT = 100,            /* that have ended, the newest */
    LAB_RUNS_KEPT_BYTES = 32 << 20, /* of their output: the oldest are forgotten sooner then */
};

struct lab_runs;
struct lab_run;

struct lab_runs_options {
    const char *program;   /* lab_child.h */
    const char *database;  /* a URL, for experiments on PostgreSQL */
    enum lab_confine kind; /* of those */
    int folder_fd;         /* LAB_CONFINE_SOCKET: the URL names it as the fourth descriptor */
    unsigned processor_s, time_s; /* bounds of a run; 0: LAB_CHILD_… */
};

/* What is to be run. */
struct lab_order {
    bool asks_database;
    const char *words[LAB_CHILD_WORDS + 1]; /* "lab", …; ends with NULL */
    size_t word_count;
    const char *request; /* JSON, told with the run */
    bool is_example;     /* a program that writes what it likes, and ends as it likes */
};

enum lab_state { LAB_WAITING, LAB_RUNNING, LAB_DONE };

/* How a run is; `report` once it is LAB_DONE: it does not change any more. */
struct lab_view {
    const char *id, *request;
    enum lab_state state;
    bool is_example;
    int64_t made_us, started_us, ended_us; /* 0: not yet */
    const struct lab_child_report *report;
};

struct lab_figures {
    uint64_t ended[LAB_ENDS], refused, processor_us;
    uint64_t running, waiting, kept, kept_bytes;
};

/* NULL: memory is short. The options' texts outlive it. */
CO_MUST_CHECK struct lab_runs *lab_runs_start(const struct lab_runs_options *options);

/* From now on none begins, and those that run are ended: whoever waits for one is told. Parks. */
void lab_runs_end(struct lab_runs *runs);

/* After the end, when nobody uses it or one of its runs any more. Nulls the pointer. */
void lab_runs_free(struct lab_runs **runs);

/* Known once lab_catalogue_load() has said so. */
struct lab_catalogue *lab_runs_catalogue(struct lab_runs *runs);
const struct lab_runs_options *lab_runs_options(const struct lab_runs *runs);

void lab_runs_read(struct lab_runs *runs, struct lab_figures *figures);

enum lab_added { LAB_ADDED, LAB_BUSY /* enough wait */, LAB_SHORT /* of memory, or it ends */ };

/* Have it run; the order is copied. The run is the caller's as well, until it is released. */
CO_MUST_CHECK enum lab_added lab_runs_add(
    struct lab_runs *runs, const struct lab_order *order, struct lab_run **run);

/* The same of one that is waiting, running or kept; NULL: there is none of that id. */
struct lab_run *lab_runs_find(struct lab_runs *runs, const char *id);
void lab_runs_release(struct lab_runs *runs, struct lab_run **run);

/* Park until it is done, or the context ends. */
void lab_runs_await(struct co_context *context, struct lab_run *run);

/* Its texts live as long as the caller has the run. */
void lab_runs_view(struct lab_runs *runs, struct lab_run *run, struct lab_view *view);

#endif
