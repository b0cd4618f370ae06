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
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/select.h"
#include "coro/worker.h"
#include "ledger/db/pg.h"
#include "ledger/db/pg_secret.h"
#include "server/auth/admin_token.h"
#include "server/auth/token_desk.h"
#include "server/api/api.h"
#include "server/cmd/cmd.h"
#include "server/crossing/crossing_keeper.h"
#include "server/postgres/cluster.h"
#include "server/postgres/database.h"
#include "server/api/dispatch.h"
#include "server/api/elsewhere.h"
#include "server/api/hogs.h"
#include "server/forward/forward.h"
#include "server/http/http.h"
#include "server/lab/lab_runs.h"
#include "server/http/listen.h"
#include "server/text/log.h"
#include "server/cmd/descriptors.h"
#include "server/cmd/liveness.h"
#include "server/cmd/notice_sink.h"
#include "server/cmd/serve_check.h"
#include "server/cmd/serve_options.h"
#include "server/cmd/stop_signals.h"
#include "server/cmd/stop.h"
#include "server/cmd/tls_keeper.h"
#include "server/process/supervisor.h"

enum {
    ERROR_TEXT = 1000,
    REBALANCE_MS = 10000,
    PASSED_ON = 4, /* the part of the descriptors that is for requests to other servers */
    EXIT_LOST = 4, /* teller.service does not start it again then */
};

static const int64_t look_every_ns = 200 * CO_CLOCK_MS;
static const int64_t ask_again_ns = 200 * CO_CLOCK_MS; /* a database that is away */

struct serve {
    struct serve_options options;
    char place[FOLDER_PLACE], witness[FOLDER_PATH + 20];
    int sockets[API_WORKERS];
    size_t max_descriptors, max_passed_on; /* the latter: requests to other servers */

    int64_t began_ns;
    struct tls_keeper tls;
    struct stop stop;
    struct liveness liveness;
    _Atomic bool is_starting; /* requests are not served yet */
    struct co_context *life;  /* the stop's: ends when the service shall end */
    struct database database;
    struct database_list databases; /* where the ledgers are */
    struct api api;
    struct co_mutex reloading; /* over api.forward, once requests are let in */
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

/* Repeat a step while the database is away. False: it was refused, or the start shall end. */
static bool persist(struct serve *serve, enum pg_status (*step)(struct serve *serve))
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(serve->life)};
    char said[ERROR_TEXT] = "";
    enum pg_status status;
    while ((status = step(serve)) == PG_LOST && !banks_is_lost(serve->api.banks)) {
        atomic_store(&serve->api.awaits_database, true);
        if (strcmp(said, serve->error) != 0)
            log_error("the database is away: %s", serve->error);
        memcpy(said, serve->error, sizeof said);
        if (co_select_timeout(&end, 1, ask_again_ns) != CO_SELECT_NONE)
            break;
    }
    atomic_store(&serve->api.awaits_database, false);
    return status == PG_OK;
}

static enum pg_status open_admin_token(struct serve *serve)
{
    return admin_token_open(serve->life, serve->database.conninfo, serve->database.folder.path,
        serve->admin_token, serve->error, ERROR_TEXT);
}

static enum pg_status open_token_cache(struct serve *serve)
{
    return token_cache_start(
        serve->life, serve->database.conninfo, &serve->api.tokens, serve->error, ERROR_TEXT);
}

/* The admin's token is made before tokens are read, so that it is among them. */
static bool open_tokens(struct serve *serve)
{
    if (serve->options.auth &&
        !(persist(serve, open_admin_token) && persist(serve, open_token_cache)))
        return false;
    return open_desk(serve);
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

static const char *own_url(const struct serve *serve)
{
    const char *told = serve->options.advertise;
    return told ? told : serve->options.listen.url;
}

/* A private database has no other server. */
static bool open_forward(struct serve *serve)
{
    const struct tls_files *files = &serve->options.tls;
    const struct forward_options options = {.url = own_url(serve),
        .speaks_tls = files->certificate || serve->options.peer_ca,
        .trust_file = serve->options.peer_ca,
        .certificate_file = files->certificate,
        .key_file = files->key,
        .max_open = serve->max_passed_on,
        .is_gone = elsewhere_is_gone,
        .is_silent = elsewhere_is_silent,
        .arg = &serve->api};
    if (!serve->options.database.url)
        return true;
    serve->api.forward = forward_make(&options, serve->error, ERROR_TEXT);
    return serve->api.forward != NULL;
}

static void close_forward(struct serve *serve)
{
    co_mutex_lock(&serve->reloading);
    forward_free(&serve->api.forward);
    co_mutex_unlock(&serve->reloading);
}

/* Those that were handed over, or our own. */
static bool open_sockets(struct serve *serve)
{
    struct listen *listen = &serve->options.listen;
    const struct listen_given given = {SUPERVISOR_FIRST_SOCKET, supervisor_sockets()};
    if (given.count == 0)
        return listen_open(listen, serve->sockets, co_worker_count(), serve->error, ERROR_TEXT);
    if (!listen_adopt(listen, given, serve->sockets, co_worker_count(), serve->error, ERROR_TEXT))
        return false;
    /* --listen was checked, and is not where it listens. */
    if (serve->options.auth || listen->is_loopback)
        return true;
    snprintf(serve->error, ERROR_TEXT, "--auth off is for loopback only, and %s was handed over",
        listen->text);
    return false;
}

static bool open_crossings(struct serve *serve)
{
    struct api *api = &serve->api;
    api->crossings = crossing_keeper_start(atomic_load(&api->banks), api->forward);
    if (!api->crossings)
        snprintf(serve->error, ERROR_TEXT, "there is not enough memory");
    return api->crossings != NULL;
}

static bool open_http(struct serve *serve)
{
    const struct serve_options *told = &serve->options;
    const struct http_options options = {.sockets = serve->sockets,
        .sockets_go_on = supervisor_sockets() > 0,
        .identity = serve->tls.identity,
        .max_requests = told->max_requests,
        .max_connections = told->max_connections,
        .max_of_address = told->max_of_address,
        .max_rate_of_address = told->max_rate_of_address,
        .clients = told->clients,
        .max_of_sender = told->max_of_sender,
        .max_answer_bytes = told->max_answer_bytes,
        .max_body_bytes = told->max_body_bytes,
        .max_streams = told->max_streams,
        .max_streams_of_token = told->max_streams_of_token,
        .max_descriptors = serve->max_descriptors,
        .cors = &told->cors,
        .log = told->log,
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

/* "east: host=one dbname=bank; west: host=two dbname=bank", or of one alone: where it is. */
static void describe_databases(const struct database_list *list, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < list->count && used < size; i++) {
        char place[300];
        pg_secret_describe(list->rows[i].conninfo, place, sizeof place);
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", i ? "; " : "",
            list->count > 1 ? list->rows[i].name : "", list->count > 1 ? ": " : "", place);
    }
}

/* What somebody who reads the log later wants to know first. */
static void say_start(const struct serve *serve)
{
    char place[1000];
    if (serve->options.database.url)
        describe_databases(&serve->options.databases, place, sizeof place);
    else
        snprintf(place, sizeof place, "private, in %s/postgres", serve->options.database.data);
    const struct log_field fields[] = {{"version", TELLER_VERSION, 0, false},
        {"address", serve->options.listen.url, 0, false},
        {"data", serve->options.database.data, 0, false}, {"database", place, 0, false},
        {"strategy", serve->options.strategies, 0, false},
        {"auth", serve->options.auth ? "on" : "off", 0, false},
        {"workers", NULL, co_worker_count(), false}};
    log_event("starting", fields, sizeof fields / sizeof fields[0]);
}

static void tell_ready(const struct serve *serve)
{
    char status[LISTEN_URL + 20];
    snprintf(status, sizeof status, "serving on %s", serve->options.listen.url);
    supervisor_ready(status);
}

/* The link has the admin's token in it: for a person's eyes, and for no file or journal. */
static void say_ready(const struct serve *serve)
{
    printf("teller: listening on %s\n", serve->options.listen.url);
    if (isatty(STDOUT_FILENO) && serve->admin_token[0])
        printf(
            "teller: dashboard at %s/#token=%s\n", serve->options.listen.url, serve->admin_token);
    else if (isatty(STDOUT_FILENO))
        printf("teller: dashboard at %s/\n", serve->options.listen.url);
    fflush(stdout);
    tell_ready(serve);
    const struct log_field took = {"ms", NULL, co_clock_now_ns() - serve->began_ns, true};
    log_event("serving", &took, 1);
}

/* Until a signal comes, or the database turns out to have lost what was acknowledged. */
static void stay(struct serve *serve)
{
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(serve->life)};
    while (co_select_timeout(&end, 1, look_every_ns) == CO_SELECT_NONE) {
        /* What clients were told is gone; going on would build on it. */
        if (banks_is_lost(serve->api.banks)) {
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

static bool make_banks(struct serve *serve)
{
    find_place(serve);
    const struct bank_options each = {.strategies = serve->options.strategies,
        .max_open = serve->options.open_ledgers,
        .follow = serve->options.follow,
        .url = own_url(serve),
        .place = serve->place,
        .witness = serve->witness,
        .accepts_lost = serve->options.accepts_lost,
        .leave_ms = serve->options.stop_limit_ns / CO_CLOCK_MS,
        .rebalance_ms = serve->options.rebalances ? REBALANCE_MS : 0};
    serve->databases = serve->options.databases;
    if (serve->databases.count == 0) /* the private one */
        database_list_of_one(&serve->databases, serve->database.conninfo);
    const struct banks_options options = {each, &serve->databases, &serve->options.reads};
    atomic_store(&serve->api.banks, banks_make(&options, serve->error, ERROR_TEXT));
    return atomic_load(&serve->api.banks) != NULL;
}

static bool watch_over(struct serve *serve)
{
    bool watched = liveness_begin(&serve->liveness, atomic_load(&serve->api.banks));
    if (!watched)
        snprintf(serve->error, ERROR_TEXT, "there is not enough memory");
    return watched;
}

static void serve_requests(struct serve *serve)
{
    struct banks *banks = atomic_load(&serve->api.banks);
    if (banks_open(serve->life, banks, serve->error, ERROR_TEXT) && open_tokens(serve) &&
        open_lab(serve) && open_forward(serve) && open_crossings(serve) && watch_over(serve)) {
        /* From here on requests are let in; before, only probes were answered. */
        atomic_store(&serve->api.open, true);
        atomic_store(&serve->is_starting, false);
        say_ready(serve);
        stay(serve);
    } else if (co_context_err(serve->life) == CO_CONTEXT_OK) {
        log_error("%s", serve->error);
    } else {
        serve->exit_code = 0; /* told to stop while it was not serving yet */
    }
    if (banks_is_lost(banks))
        serve->exit_code = EXIT_LOST;
}

/* Whoever asks is answered from here on, if only that it is not ready. */
static void serve_with_http(struct serve *serve)
{
    struct api *api = &serve->api;
    bool there = database_open(
        serve->life, &serve->options.database, &serve->database, serve->error, ERROR_TEXT);
    if (there && make_banks(serve))
        serve_requests(serve);
    else
        log_error("%s", serve->error);
    /* The mirror of starting: HTTP first, so that no request is left to use the rest. */
    atomic_store(&api->stopping, true);
    supervisor_stopping();
    /* What it has goes to other servers, if there are any, while requests can still be let wait. */
    if (atomic_load(&api->open) && serve->exit_code == 0)
        banks_leave(atomic_load(&api->banks));
    if (api->lab)
        lab_runs_end(api->lab); /* before HTTP: requests wait for runs */
    tls_keeper_serve(&serve->tls, NULL);
    http_stop(&api->http);
    lab_runs_free(&api->lab);
    token_desk_free(&api->desk);
    if (api->tokens)
        token_cache_stop(&api->tokens);
    crossing_keeper_stop(&api->crossings);
    struct banks *banks = atomic_load(&api->banks);
    liveness_end(&serve->liveness);
    close_forward(serve);
    banks_close(&banks);
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
    serve->api.host = serve->options.listen.host; /* known when it listens */
    serve->api.control = serve->options.control;
    if (tls_keeper_begin(&serve->tls, serve->error, ERROR_TEXT) && open_sockets(serve) &&
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

/* What SIGHUP asks for. */
static void reload(void *arg)
{
    struct serve *serve = arg;
    bool is_ready = !atomic_load(&serve->is_starting);
    if (is_ready)
        supervisor_reloading();
    if (serve->options.tls.certificate)
        tls_keeper_reload(&serve->tls);
    else if (!serve->options.peer_ca)
        log_info("SIGHUP: nothing is to be read again without --tls-cert");
    co_mutex_lock(&serve->reloading);
    if (serve->api.forward)
        forward_reload(serve->api.forward);
    co_mutex_unlock(&serve->reloading);
    if (is_ready)
        tell_ready(serve);
}

/* What else of the process is set by them. */
static void use_options(struct serve *serve)
{
    const struct serve_options *told = &serve->options;
    pg_clear_environment(told->database.url == NULL);
    pg_demand(&told->demands);
    serve->max_descriptors = descriptors_raise(told->max_connections, told->max_streams);
    /* What is passed on takes another one. */
    if (told->database.url && serve->max_descriptors) {
        serve->max_passed_on = serve->max_descriptors / PASSED_ON;
        serve->max_descriptors -= serve->max_passed_on;
    }
    serve->tls.files = told->tls;
    serve->stop.delay_ns = told->stop_delay_ns;
    serve->stop.limit_ns = told->stop_limit_ns;
    /* From a supervisor SIGHUP never means the end: there it has SIGTERM for that. */
    serve->stop.reload =
        told->tls.certificate || told->peer_ca || supervisor_listens() ? reload : NULL;
    serve->stop.reload_arg = serve;
}

int cmd_serve(int argc, char **argv)
{
    static struct serve serve; /* one for each process; too large for a small stack */
    int code = serve_options_parse(&serve.options, argc, argv);
    if (code >= 0)
        return code;
    if (serve.options.only_check)
        return serve_check(&serve.options);
    supervisor_begin();
    use_options(&serve);
    serve.exit_code = 1;
    serve.is_starting = true;
    notice_sink_log(&serve.is_starting);
    stop_signals_block(); /* before threads are started, for they inherit it */
    const struct co_runtime_options options = {.workers = serve.options.workers,
        .watchdog_ns = serve.options.watchdog_ms * CO_CLOCK_MS,
        .on_watchdog = hogs_note};
    size_t leaked = co_runtime_run(&options, run, &serve);
    return leaked ? 1 : serve.exit_code;
}
