/* SPDX-License-Identifier: MIT */
/* What all calls of the API share, for as long as the service runs. */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/bank/banks.h"
#include "server/api/audit_jobs.h"
#include "server/api/outcomes.h"

/* The ledger that always exists, and where it is. */
#define API_LEDGER "main"
#define API_LEDGER_PATH "/v1/ledgers/" API_LEDGER

struct crossing_keeper;
struct event_feed;
struct event_pages;
struct forward;
struct http;
struct lab_runs;
struct token_cache;
struct token_desk;

enum { API_WORKERS = 64 };

struct api {
    _Atomic(struct banks *) banks; /* NULL: not yet */
    _Atomic bool awaits_database;  /* a start that had found it, and lost it again */
    _Atomic bool open; /* banks and tokens are there; before, only what needs neither is answered */
    struct token_cache *tokens;        /* NULL: no token is asked for */
    struct token_desk *desk;           /* to create tokens at; there from `open` on */
    struct http *http;                 /* for its figures */
    struct forward *forward;           /* to other servers; NULL: nothing is passed on */
    struct crossing_keeper *crossings; /* between ledgers; there from `open` on */
    struct lab_runs *lab;              /* NULL: there is none */
    const char *control;               /* knows the parts of the cluster; NULL: none is broken */
    const char *host;                  /* that it was told to listen on; NULL: not known */
    _Atomic bool stopping;
    _Atomic int64_t certificate_ends_s; /* since 1970; 0: TLS is not spoken */
    struct outcomes *outcomes;
    struct audit_jobs audit_jobs;
    struct event_pages *event_pages[API_WORKERS]; /* of each worker: journal_events.c */
    struct event_feed *event_feeds[API_WORKERS];
};

/* Before the first call, in the runtime. */
void api_init(struct api *api);

/* After the last, and after the bank was closed. */
void api_free(struct api *api);

#endif
