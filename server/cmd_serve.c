/* SPDX-License-Identifier: MIT */
/*
 * Start and stop. Each step of starting has its mirror in stopping, in the opposite order:
 * port, data folder and database, ledger, tokens, HTTP. SIGTERM, SIGINT or SIGHUP begins the stop,
 * a second one ends the process at once; the journal makes that safe.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "ledger/pg.h"
#include "server/admin_token.h"
#include "server/api.h"
#include "server/cmd.h"
#include "server/database.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/log.h"
#include "server/options.h"
#include "server/signals.h"

enum { ERROR_TEXT = 1000, WORKERS_MAX = API_WORKERS };

static const int64_t look_every_ns = 200 * CLOCK_MS, one_wish_ns = CLOCK_S;

struct serve {
    struct database_options database_options;
    struct pg_demands demands;
    const char *strategies;
    struct listen listen;
    int sockets[WORKERS_MAX];
    bool auth;
    int workers;
    size_t max_requests, max_connections, max_streams;

    struct context *life;  /* ends when the service shall stop */
    struct context *watch; /* ends when signals are no more of interest */
    struct waitgroup watching;
    struct database database;
    struct api api;
    char admin_token[TOKEN_TEXT];
    char error[ERROR_TEXT];
    int exit_code;
};

/* ---- signals ------------------------------------------------------------------------------- */

/* A terminal, make and timeout(1) each pass a signal on to the whole group, so that one wish to
 * stop can arrive twice: only what comes a while later is meant as a second one. */
static int wait_for_second_signal(struct serve *serve)
{
    int64_t first_ns = clock_now_ns();
    int number;
    do
        number = signals_wait(serve->watch);
    while (number && clock_now_ns() - first_ns < one_wish_ns);
    return number;
}

static void watch_signals(void *arg)
{
    struct serve *serve = arg;
    int number = signals_wait(serve->watch);
    if (number) {
        log_info("signal %d: stopping; a second one ends at once", number);
        atomic_store(&serve->api.stopping, true);
        context_cancel(serve->life);
        number = wait_for_second_signal(serve);
    }
    if (number) {
        log_error("signal %d: ended at once", number);
        _exit(1);
    }
    waitgroup_done(&serve->watching);
}

/* ---- start --------------------------------------------------------------------------------- */

static bool open_tokens(struct serve *serve)
{
    const char *conninfo = serve->database.conninfo;
    if (!serve->auth)
        return true;
    if (!admin_token_open(serve->life, conninfo, serve->database.folder.path, serve->admin_token,
            serve->error, ERROR_TEXT))
        return false;
    serve->api.tokens = token_cache_start(serve->life, conninfo, serve->error, ERROR_TEXT);
    return serve->api.tokens != NULL;
}

static bool open_http(struct serve *serve)
{
    const struct http_options options = {.sockets = serve->sockets,
        .max_requests = serve->max_requests,
        .max_connections = serve->max_connections,
        .max_streams = serve->max_streams,
        .answer = api_answer,
        .body_max = api_body_max,
        .arg = &serve->api};
    return http_start(&serve->api.http, &options, serve->error, ERROR_TEXT);
}

/* The link has the admin's token in it: for a person's eyes, and for no file or journal. */
static void say_ready(const struct serve *serve)
{
    printf("teller: listening on %s\n", serve->listen.url);
    if (isatty(STDOUT_FILENO) && serve->admin_token[0])
        printf("teller: dashboard at %s/#token=%s\n", serve->listen.url, serve->admin_token);
    else if (isatty(STDOUT_FILENO))
        printf("teller: dashboard at %s/\n", serve->listen.url);
    fflush(stdout);
}

static bool is_fenced(struct bank *bank)
{
    struct ledger *ledgers[BANK_LEDGERS_MAX];
    struct ledger_figures figures;
    for (size_t i = bank_list(bank, ledgers); i-- > 0;) {
        ledger_read_figures(ledgers[i], &figures);
        if (figures.state != LEDGER_FENCED)
            continue;
        log_error("another process has taken the ledger %s over; this one stops", figures.name);
        return true;
    }
    return false;
}

/* Until a signal comes, or a ledger is taken over. */
static void stay(struct serve *serve)
{
    struct select_case end = {.op = SELECT_RECV, .chan = context_done(serve->life)};
    while (select_timeout(&end, 1, look_every_ns) == SELECT_NONE) {
        if (is_fenced(serve->api.bank)) {
            serve->exit_code = 1;
            return;
        }
    }
}

static void serve_requests(struct serve *serve)
{
    struct api *api = &serve->api;
    api->host = serve->listen.host;
    if (open_tokens(serve) && open_http(serve)) {
        say_ready(serve);
        serve->exit_code = 0;
        stay(serve);
        atomic_store(&api->stopping, true);
        http_stop(&api->http);
    } else {
        log_error("%s", serve->error);
    }
    if (api->tokens)
        token_cache_stop(&api->tokens);
}

static void serve_with_database(struct serve *serve)
{
    serve->api.bank = bank_open(
        serve->life, serve->database.conninfo, serve->strategies, serve->error, ERROR_TEXT);
    if (!serve->api.bank) {
        log_error("%s", serve->error);
        return;
    }
    serve_requests(serve);
    bank_close(&serve->api.bank);
}

/* The port comes first: who cannot have it shall not touch the data. Who connects now waits. */
static void serve_with_port(struct serve *serve)
{
    if (!database_open(
            serve->life, &serve->database_options, &serve->database, serve->error, ERROR_TEXT)) {
        log_error("%s", serve->error);
        return;
    }
    serve_with_database(serve);
    database_close(&serve->database);
}

static void run(void *arg)
{
    struct serve *serve = arg;
    serve->life = context_with_cancel(context_background());
    serve->watch = context_with_cancel(context_background());
    ensure(serve->life && serve->watch);
    waitgroup_add(&serve->watching, 1);
    ensure(co_spawn(watch_signals, serve));
    if (listen_open(&serve->listen, serve->sockets, worker_count(), serve->error, ERROR_TEXT))
        serve_with_port(serve);
    else
        log_error("%s", serve->error);
    context_cancel(serve->watch);
    waitgroup_wait(&serve->watching);
    context_release(&serve->watch);
    context_release(&serve->life);
    log_info("stopped");
}

/* ---- options ------------------------------------------------------------------------------- */

static bool read_choice(
    const struct options *options, const char *name, const char *one, const char *other)
{
    const char *value = options_value(options, name);
    if (strcmp(value, one) == 0 || strcmp(value, other) == 0)
        return true;
    fprintf(stderr, "teller: --%s must be %s or %s\n", name, one, other);
    return false;
}

/* A flag without a value; its variable may say on or off. */
static bool read_switch(const struct options *options, const char *name, bool *on)
{
    const char *value = options_value(options, name);
    *on = value && strcmp(value, "on") == 0;
    return !value || read_choice(options, name, "on", "off");
}

/* "owner", "owner,savings=sharded": main's, then those of others. */
static bool read_strategies(const struct options *options)
{
    const char *at = options_value(options, "strategy");
    for (bool first = true;; first = false) {
        size_t length = strcspn(at, ","), name = strcspn(at, "=,");
        const char *strategy = name < length ? at + name + 1 : at;
        size_t rest = length - (size_t)(strategy - at);
        bool good = (rest == 5 && memcmp(strategy, "owner", 5) == 0) ||
                    (rest == 7 && memcmp(strategy, "sharded", 7) == 0);
        if (!good || (!first && name == length)) {
            fputs("teller: --strategy must be owner or sharded, then maybe \",LEDGER=owner\" or "
                  "\",LEDGER=sharded\"\n",
                stderr);
            return false;
        }
        if (!at[length])
            return true;
        at += length + 1;
    }
}

static bool read_options(const struct options *options, struct serve *serve)
{
    char error[ERROR_TEXT];
    if (!read_strategies(options) || !read_choice(options, "auth", "on", "off") ||
        !read_switch(options, "accept-unsafe-database", &serve->demands.accept_unsafe) ||
        !read_switch(options, "require-sync", &serve->demands.require_sync))
        return false;
    int64_t workers = options_number(options, "workers", 0, WORKERS_MAX);
    int64_t requests = options_number(options, "max-requests", 1, 1000000);
    int64_t connections = options_number(options, "max-connections", 1, 1000000);
    int64_t streams = options_number(options, "max-streams", 1, 1000000);
    if (workers < 0 || requests < 0 || connections < 0 || streams < 0)
        return false;
    if (!listen_parse(&serve->listen, options_value(options, "listen"), error, sizeof error)) {
        fprintf(stderr, "teller: --listen: %s\n", error);
        return false;
    }
    serve->auth = strcmp(options_value(options, "auth"), "on") == 0;
    if (!serve->auth && !serve->listen.is_loopback) {
        fputs("teller: --auth off is for loopback only: anyone who reaches the port could move "
              "money\n",
            stderr);
        return false;
    }
    serve->workers = (int)workers;
    serve->max_requests = (size_t)requests;
    serve->max_connections = (size_t)connections;
    serve->max_streams = (size_t)streams;
    serve->database_options = (struct database_options){.data = options_value(options, "data"),
        .url = options_value(options, "database"),
        .postgres_bin = options_value(options, "postgres-bin"),
        .serves = true};
    serve->strategies = options_value(options, "strategy");
    return true;
}

/* A descriptor for each connection, and some. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int cmd_serve(int argc, char **argv)
{
    struct option flags[] = {
        {"listen", "HOST:PORT", "where to listen; port 0: any free one", "127.0.0.1:8080"},
        {"data", "DIR", "the data folder: admin.token, and the private database", "var"},
        {"database", "URL", "use this PostgreSQL server, not a private one", NULL},
        {"require-sync", NULL,
            "write nothing while synchronous_standby_names of the database is empty", NULL},
        {"accept-unsafe-database", NULL,
            "serve a database with fsync or the like off, which may lose what was answered", NULL},
        {"strategy", "NAME",
            "how balances are kept safe: owner or sharded; of others: owner,savings=sharded",
            "owner"},
        {"auth", "on|off", "ask for tokens; off only on loopback", "on"},
        {"workers", "N", "threads; 0: one for each processor", "0"},
        {"max-requests", "N", "requests in work at once; more are answered 503", "10000"},
        {"max-connections", "N", "connections at once; more wait", "10000"},
        {"max-streams", "N", "event streams at once, apart from those; more are answered 503",
            "4000"},
        {"postgres-bin", "DIR", "where initdb and postgres are", NULL},
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller serve [flags]",
        "Run the service until SIGTERM or SIGINT. What was accepted is answered first.", flags};
    const char *words[1];
    static struct serve serve; /* one for each process; too large for a small stack */
    switch (options_parse(&options, argc, argv, 2, words, 0)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return 2;
    case OPTIONS_GOOD:
        break;
    }
    if (!read_options(&options, &serve))
        return 2;
    serve.exit_code = 1;
    pg_clear_environment(serve.database_options.url == NULL);
    pg_demand(&serve.demands);
    raise_descriptor_limit();
    signals_block();
    size_t leaked = runtime_run(&(struct runtime_options){.workers = serve.workers}, run, &serve);
    return leaked ? 1 : serve.exit_code;
}
