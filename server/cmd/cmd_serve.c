/* SPDX-License-Identifier: MIT */
/*
 * Start and stop. Each step of starting has its mirror in stopping, in the opposite order:
 * port, HTTP, data folder and database, ledgers, tokens. What begins the stop, and what bounds it,
 * is in stop.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/worker.h"
#include "ledger/bank/strategy_list.h"
#include "ledger/db/pg.h"
#include "ledger/db/pg_secret.h"
#include "server/auth/admin_token.h"
#include "server/auth/token_desk.h"
#include "server/api/api.h"
#include "server/cmd/cmd.h"
#include "server/postgres/cluster.h"
#include "server/postgres/database.h"
#include "server/api/dispatch.h"
#include "server/api/hogs.h"
#include "server/http/http.h"
#include "server/lab/lab_runs.h"
#include "server/http/listen.h"
#include "server/text/log.h"
#include "server/cmd/descriptors.h"
#include "server/cmd/notice_sink.h"
#include "server/cmd/options.h"
#include "server/cmd/stop_signals.h"
#include "server/cmd/stop.h"
#include "server/cmd/tls_keeper.h"

enum {
    ERROR_TEXT = 1000,
    WORKERS_MAX = API_WORKERS,
    EXIT_LOST = 4, /* teller.service does not start it again then */
};

static const int64_t look_every_ns = 200 * CO_CLOCK_MS;

struct serve {
    struct database_options database_options;
    struct pg_demands demands;
    const char *strategies;
    bool accepts_lost;
    char place[FOLDER_PLACE], witness[FOLDER_PATH + 20];
    struct listen listen;
    int sockets[WORKERS_MAX];
    bool auth;
    int workers;
    int64_t watchdog_ms;
    size_t max_requests, max_of_sender, max_connections, max_of_address, max_streams,
        max_streams_of_token, max_body_bytes, max_answer_bytes, max_descriptors;
    uint32_t max_rate_of_address;
    struct address_ranges trusted;
    struct cors cors;
    enum http_log_which log;

    int64_t began_ns;
    struct tls_keeper tls;
    struct stop stop;
    struct co_context *life; /* the stop's: ends when the service shall end */
    struct database database;
    struct api api;
    char admin_token[TOKEN_TEXT];
    char error[ERROR_TEXT];
    int exit_code;
};

/* ---- start --------------------------------------------------------------------------------- */

/* Where no token is asked for, some may be created all the same. */
static bool open_desk(struct serve *serve)
{
    serve->api.desk = token_desk_make(serve->database.conninfo, serve->api.tokens);
    if (!serve->api.desk)
        snprintf(serve->error, ERROR_TEXT, "there is not enough memory");
    return serve->api.desk != NULL;
}

static bool open_tokens(struct serve *serve)
{
    const char *conninfo = serve->database.conninfo;
    if (!serve->auth)
        return open_desk(serve);
    /* The admin's token is made before tokens are read, so that it is among them. */
    if (!admin_token_open(serve->life, conninfo, serve->database.folder.path, serve->admin_token,
            serve->error, ERROR_TEXT))
        return false;
    serve->api.tokens = token_cache_start(serve->life, conninfo, serve->error, ERROR_TEXT);
    return serve->api.tokens && open_desk(serve);
}

/* Experiments ask the same database, under a role of their own. */
static bool open_lab(struct serve *serve)
{
    const struct cluster *cluster = serve->database.cluster;
    /* A private cluster's socket is found by a descriptor of its folder. */
    const struct lab_runs_options options = {
        .database = cluster ? CLUSTER_CHILD_CONNINFO : serve->database.conninfo,
        .kind = cluster ? LAB_CONFINE_SOCKET : LAB_CONFINE_DATABASE,
        .folder_fd = cluster ? cluster_descriptor(cluster) : -1};
    serve->api.lab = lab_runs_start(&options);
    if (!serve->api.lab)
        snprintf(serve->error, ERROR_TEXT, "there is not enough memory");
    return serve->api.lab != NULL;
}

static bool open_http(struct serve *serve)
{
    const struct http_options options = {.sockets = serve->sockets,
        .identity = serve->tls.identity,
        .max_requests = serve->max_requests,
        .max_connections = serve->max_connections,
        .max_of_address = serve->max_of_address,
        .max_rate_of_address = serve->max_rate_of_address,
        .trusted = serve->trusted,
        .max_of_sender = serve->max_of_sender,
        .max_answer_bytes = serve->max_answer_bytes,
        .max_body_bytes = serve->max_body_bytes,
        .max_streams = serve->max_streams,
        .max_streams_of_token = serve->max_streams_of_token,
        .max_descriptors = serve->max_descriptors,
        .cors = &serve->cors,
        .log = serve->log,
        .answer = dispatch_answer,
        .end = dispatch_end,
        .admit = dispatch_admit,
        .is_vital = dispatch_is_vital,
        .arg = &serve->api};
    if (!http_start(&serve->api.http, &options, serve->error, ERROR_TEXT))
        return false;
    tls_keeper_serve(&serve->tls, serve->api.http);
    return true;
}

/* What somebody who reads the log later wants to know first. */
static void say_start(const struct serve *serve)
{
    char place[300];
    const char *url = serve->database_options.url;
    if (url)
        pg_secret_describe(url, place, sizeof place);
    else
        snprintf(place, sizeof place, "private, in %s/postgres", serve->database_options.data);
    const struct log_field fields[] = {{"version", TELLER_VERSION, 0, false},
        {"address", serve->listen.url, 0, false}, {"data", serve->database_options.data, 0, false},
        {"database", place, 0, false}, {"strategy", serve->strategies, 0, false},
        {"auth", serve->auth ? "on" : "off", 0, false},
        {"workers", NULL, co_worker_count(), false}};
    log_event("starting", fields, sizeof fields / sizeof fields[0]);
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
    const struct log_field took = {"ms", NULL, co_clock_now_ns() - serve->began_ns, true};
    log_event("serving", &took, 1);
}

/* Until a signal comes, or the database turns out to have lost what was acknowledged. */
static void stay(struct serve *serve)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(serve->life)};
    while (co_select_timeout(&end, 1, look_every_ns) == CO_SELECT_NONE) {
        /* What clients were told is gone; going on would build on it. */
        if (bank_is_lost(serve->api.bank)) {
            log_error("the database has lost what was acknowledged; nothing is served from it");
            return;
        }
    }
    serve->exit_code = 0;
}

/* Where this process is and no other can be. A private database is in the data folder; another one
 * is known by the folder's lock, on this machine since it was started. */
static void find_place(struct serve *serve)
{
    const struct folder *folder = &serve->database.folder;
    snprintf(serve->witness, sizeof serve->witness, "%s/witness", folder->path);
    if (serve->database.cluster)
        snprintf(serve->place, sizeof serve->place, "private");
    else
        folder_place(folder, serve->place);
}

static bool make_bank(struct serve *serve)
{
    find_place(serve);
    const struct bank_options options = {.conninfo = serve->database.conninfo,
        .strategies = serve->strategies,
        .url = serve->listen.url,
        .place = serve->place,
        .witness = serve->witness,
        .accepts_lost = serve->accepts_lost};
    atomic_store(&serve->api.bank, bank_make(&options, serve->error, ERROR_TEXT));
    return atomic_load(&serve->api.bank) != NULL;
}

static void serve_requests(struct serve *serve)
{
    struct bank *bank = atomic_load(&serve->api.bank);
    if (bank_open(serve->life, bank, serve->error, ERROR_TEXT) && open_tokens(serve) &&
        open_lab(serve)) {
        /* From here on requests are let in; before, only probes were answered. */
        atomic_store(&serve->api.open, true);
        say_ready(serve);
        stay(serve);
    } else if (co_context_err(serve->life) == CO_CONTEXT_OK) {
        log_error("%s", serve->error);
    } else {
        serve->exit_code = 0; /* told to stop while it was not serving yet */
    }
    if (bank_is_lost(bank))
        serve->exit_code = EXIT_LOST;
}

/* Whoever asks is answered from here on, if only that it is not ready. */
static void serve_with_http(struct serve *serve)
{
    struct api *api = &serve->api;
    bool there = database_open(
        serve->life, &serve->database_options, &serve->database, serve->error, ERROR_TEXT);
    if (there && make_bank(serve))
        serve_requests(serve);
    else
        log_error("%s", serve->error);
    /* The mirror of starting: HTTP first, so that no request is left to use the rest. */
    atomic_store(&api->stopping, true);
    if (api->lab)
        lab_runs_end(api->lab); /* before HTTP: requests wait for runs */
    tls_keeper_serve(&serve->tls, NULL);
    http_stop(&api->http);
    lab_runs_free(&api->lab);
    token_desk_free(&api->desk);
    if (api->tokens)
        token_cache_stop(&api->tokens);
    struct bank *bank = atomic_load(&api->bank);
    if (bank)
        bank_close(&bank);
    if (there)
        database_close(&serve->database);
}

static void run(void *arg)
{
    struct serve *serve = arg;
    serve->began_ns = co_clock_now_ns();
    api_init(&serve->api);
    serve->tls.ends_s = &serve->api.certificate_ends_s;
    serve->stop.stopping = &serve->api.stopping;
    stop_begin(&serve->stop);
    serve->life = serve->stop.life;
    /* The port comes first: a process that cannot have it must not touch the data. */
    serve->api.host = serve->listen.host;
    if (tls_keeper_begin(&serve->tls, serve->error, ERROR_TEXT) &&
        listen_open(&serve->listen, serve->sockets, co_worker_count(), serve->error, ERROR_TEXT) &&
        open_http(serve)) {
        say_start(serve);
        serve_with_http(serve);
    } else {
        log_error("%s", serve->error);
    }
    stop_end(&serve->stop);
    tls_keeper_end(&serve->tls);
    api_free(&serve->api);
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

static bool read_strategies(const struct options *options)
{
    if (strategy_list_is_valid(options_value(options, "strategy")))
        return true;
    fputs("teller: --strategy must be owner or sharded, then maybe \",LEDGER=owner\" or "
          "\",LEDGER=sharded\"\n",
        stderr);
    return false;
}

static bool read_tls(const struct options *options, struct serve *serve)
{
    if (!tls_keeper_options(&serve->tls, options))
        return false;
    serve->listen.is_secret = serve->tls.files.certificate != NULL;
    serve->stop.reload = serve->listen.is_secret ? tls_keeper_reload : NULL;
    serve->stop.reload_arg = &serve->tls;
    return true;
}

/* What one client may have, and all of them together. */
static bool read_limits(const struct options *options, struct serve *serve)
{
    int64_t of_sender = options_number(options, "max-requests-per-token", 1, 1000000);
    int64_t of_address = options_number(options, "max-connections-per-address", 0, 1000000);
    int64_t rate = options_number(options, "max-rate-per-address", 0, 100000);
    int64_t streams = options_number(options, "max-streams", 1, 1000000);
    int64_t of_token = options_number(options, "max-streams-per-token", 1, 1000000);
    int64_t body_mib = options_number(options, "max-body-memory", 1, 1000000);
    int64_t answer_mib = options_number(options, "max-answer-memory", 1, 1000000);
    if (answer_mib < 0 || of_sender < 0 || rate < 0 || of_address < 0 || streams < 0 ||
        of_token < 0 || body_mib < 0)
        return false;
    if (!address_ranges_read(&serve->trusted, options_value(options, "trusted-addresses"))) {
        fputs("teller: --trusted-addresses must be like 127.0.0.0/8,::1\n", stderr);
        return false;
    }
    /* Checked above, so the sizes cannot be negative. */
    serve->max_of_sender = (size_t)of_sender;
    serve->max_of_address = (size_t)of_address;
    serve->max_rate_of_address = (uint32_t)rate;
    serve->max_streams = (size_t)streams;
    serve->max_streams_of_token = (size_t)of_token;
    serve->max_body_bytes = (size_t)body_mib << 20;
    serve->max_answer_bytes = (size_t)answer_mib << 20;
    return true;
}

/* Whose pages may use it. */
static bool read_origins(const struct options *options, struct serve *serve)
{
    if (cors_read(&serve->cors, options_value(options, "cors-origin")))
        return true;
    fprintf(stderr,
        "teller: --cors-origin must be like https://app.example,http://localhost:3000: scheme, "
        "host and port as browsers write them, at most %d\n",
        CORS_ORIGINS);
    return false;
}

/* What is written to stderr while it runs, and how. */
static bool read_log(const struct options *options, struct serve *serve)
{
    static const char *const formats[] = {"auto", "lines", "json", NULL};
    static const char *const which[] = {
        [HTTP_LOG_NONE] = "none", [HTTP_LOG_FAILURES] = "failures", [HTTP_LOG_ALL] = "all", NULL};
    int format = options_choice(options, "log-format", formats);
    int answers = options_choice(options, "log-answers", which);
    if (format < 0 || answers < 0)
        return false;
    /* Whoever looks on reads lines; what is collected is read by programs. */
    bool as_lines = format == 1 || (format == 0 && isatty(STDERR_FILENO));
    log_use(as_lines ? LOG_LINES : LOG_JSON);
    serve->log = (enum http_log_which)answers;
    return true;
}

static bool read_options(const struct options *options, struct serve *serve)
{
    char error[ERROR_TEXT];
    if (!read_strategies(options) || !read_choice(options, "auth", "on", "off") ||
        !read_switch(options, "accept-unsafe-database", &serve->demands.accept_unsafe) ||
        !read_switch(options, "accept-lost", &serve->accepts_lost) ||
        !read_switch(options, "require-sync", &serve->demands.require_sync))
        return false;
    int64_t workers = options_number(options, "workers", 0, WORKERS_MAX);
    int64_t requests = options_number(options, "max-requests", 1, 1000000);
    int64_t connections = options_number(options, "max-connections", 1, 1000000);
    int64_t delay_ms = options_number(options, "stop-delay", 0, 600000);
    int64_t limit_s = options_number(options, "stop-timeout", 1, 86400);
    serve->watchdog_ms = options_number(options, "watchdog", 0, 86400000);
    if (workers < 0 || serve->watchdog_ms < 0 || requests < 0 || connections < 0 || delay_ms < 0 ||
        limit_s < 0 || !read_limits(options, serve) || !read_origins(options, serve) ||
        !read_log(options, serve))
        return false;
    if (!listen_parse(&serve->listen, options_value(options, "listen"), error, sizeof error)) {
        fprintf(stderr, "teller: --listen: %s\n", error);
        return false;
    }
    if (!read_tls(options, serve)) /* which adds to what listen_parse() has set */
        return false;
    serve->auth = strcmp(options_value(options, "auth"), "on") == 0;
    if (!serve->auth && !serve->listen.is_loopback) {
        fputs("teller: --auth off is for loopback only: anyone who reaches the port could move "
              "money\n",
            stderr);
        return false;
    }
    serve->workers = (int)workers;
    serve->stop.delay_ns = delay_ms * CO_CLOCK_MS;
    serve->stop.limit_ns = limit_s * CO_CLOCK_S;
    serve->max_requests = (size_t)requests;
    serve->max_connections = (size_t)connections;
    serve->database_options = (struct database_options){.data = options_value(options, "data"),
        .url = options_value(options, "database"),
        .postgres_bin = options_value(options, "postgres-bin"),
        .serves = true};
    serve->strategies = options_value(options, "strategy");
    return true;
}

/* What was given replaces the defaults. */
static struct option flags[] = {
    {"listen", "HOST:PORT", "where to listen; port 0: any free one", "127.0.0.1:8080"},
    {"data", "DIR", "the data folder: admin.token, and the private database", "var"},
    {"database", "URL", "use this PostgreSQL server, not a private one", NULL},
    {"require-sync", NULL, "write nothing while synchronous_standby_names of the database is empty",
        NULL},
    {"accept-unsafe-database", NULL,
        "serve a database with fsync or the like off, which may lose what was answered", NULL},
    {"accept-lost", NULL, "serve a database that lacks what was acknowledged, which is lost then",
        NULL},
    {"strategy", "NAME",
        "how balances are kept safe: owner or sharded; of others: owner,savings=sharded", "owner"},
    {"tls-cert", "FILE", "speak TLS: the certificate and its chain, PEM; SIGHUP reads it again",
        NULL},
    {"tls-key", "FILE", "the key of that certificate, PEM, readable for its owner only", NULL},
    {"tls-client-ca", "FILE",
        "let in only clients with a certificate of one of these; tokens are asked for all the "
        "same",
        NULL},
    {"auth", "on|off", "ask for tokens; off only on loopback", "on"},
    {"workers", "N", "threads; 0: one for each processor", "0"},
    {"max-requests", "N", "requests in progress; more are answered 503", "10000"},
    {"max-connections", "N", "open connections; more wait", "10000"},
    {"max-requests-per-token", "N", "of those, with one token; more are answered 429", "5000"},
    {"max-connections-per-address", "N", "from one address; 0: any number; more are answered 429",
        "1000"},
    {"cors-origin", "LIST", "origins whose pages may use the service from a browser", NULL},
    {"log-format", "auto|lines|json", "of stderr; auto: lines on a terminal, else JSON", "auto"},
    {"log-answers", "none|failures|all", "which answers have a line in the log", "failures"},
    {"max-rate-per-address", "N",
        "requests a second from one address; 0: any number; more are answered 429", "0"},
    {"trusted-addresses", "LIST", "proxies: addresses without those limits", "127.0.0.0/8,::1"},
    {"max-body-memory", "MIB", "for all bodies of requests together", "64"},
    {"max-answer-memory", "MIB", "for all long answers that wait to be taken", "64"},
    {"max-streams", "N", "open event streams, apart from those; more are answered 503", "4000"},
    {"max-streams-per-token", "N", "of those, with one token; more are answered 429", "1000"},
    {"stop-delay", "MS",
        "at a stop /readyz says so this long before the port is closed, in milliseconds", "200"},
    {"stop-timeout", "S", "a stop that takes longer is cut off: exit status 3", "30"},
    {"watchdog", "MS",
        "log what keeps a thread from its other requests for so long, in milliseconds; 0: do "
        "not look",
        "500"},
    {"postgres-bin", "DIR", "where initdb and postgres are", NULL},
    {NULL, NULL, NULL, NULL},
};

int cmd_serve(int argc, char **argv)
{
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
    notice_sink_log();
    serve.max_descriptors = descriptors_raise(serve.max_connections, serve.max_streams);
    stop_signals_block(); /* before threads are started, for they inherit it */
    size_t leaked = co_runtime_run(&(struct co_runtime_options){.workers = serve.workers,
                                       .watchdog_ns = serve.watchdog_ms * CO_CLOCK_MS,
                                       .on_watchdog = hogs_note},
        run, &serve);
    return leaked ? 1 : serve.exit_code;
}
