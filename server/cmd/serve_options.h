/* SPDX-License-Identifier: MIT */
/* What `teller serve` can be told: the table, and what came of it. */
#ifndef SERVER_CMD_SERVE_OPTIONS_H
#define SERVER_CMD_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/bank/database_list.h"
#include "ledger/db/pg.h"
#include "server/cmd/options.h"
#include "server/http/cors.h"
#include "server/http/http_client.h"
#include "server/http/http_log.h"
#include "server/http/listen.h"
#include "server/postgres/database.h"
#include "server/tls/tls_identity.h"

struct serve_options {
    struct database_options database; /* the first */
    struct database_list databases;   /* empty: a private one */
    struct database_list reads;       /* by the names of those: the standbys that are read */
    struct pg_demands demands;
    size_t open_ledgers; /* of a database, at the same time */
    const char *follow;  /* follow_list.h */
    const char *strategies;
    struct listen listen;
    struct tls_files tls; /* certificate NULL: TLS is not spoken */
    bool auth, accepts_lost, rebalances;
    const char *advertise; /* where other servers reach it; NULL: where it listens */
    const char *peer_ca;   /* who signs other servers' certificates; NULL: whom the system trusts */
    const char *control;   /* a program that breaks the cluster; NULL: none */
    bool only_check;       /* --check-config */
    int workers;           /* 0: one for each processor */
    int64_t watchdog_ms, stop_delay_ns, stop_limit_ns;
    size_t max_requests, max_of_sender, max_connections, max_of_address, max_streams,
        max_streams_of_token, max_body_bytes, max_answer_bytes;
    uint32_t max_rate_of_address;
    struct http_client_rules clients;
    struct cors cors;
    enum http_log_which log;
};

/* Read what the program was told, and set the log's format. -1, or the exit code: help was printed
 * (0), or something is wrong, and all that is has been said on stderr (2). May look up a name. */
CO_MUST_CHECK int serve_options_parse(struct serve_options *serve, int argc, char **argv);

#endif
