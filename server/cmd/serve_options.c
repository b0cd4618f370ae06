/* SPDX-License-Identifier: MIT */
#include "server/cmd/serve_options.h"

#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/http/co_http_url.h"
#include "ledger/bank/bank_name.h"
#include "ledger/bank/follow_list.h"
#include "ledger/bank/strategy_list.h"
#include "ledger/lease/lease.h"
#include "server/api/api.h"
#include "server/cmd/cmd_databases.h"
#include "server/text/log.h"

enum { ERROR_TEXT = 1000 };

_Static_assert(API_WORKERS == 64, "the range of --workers");

/* What was given replaces the defaults. */
static struct option flags[] = {
    {"listen", "HOST:PORT", "where to listen; port 0: any free one", "127.0.0.1:8080"},
    {"data", "DIR", "the data folder: admin.token, and the private database", "var"},
    {"database", "URL...",
        "use this PostgreSQL server, not a private one; of several databases each has a name, "
        "NAME=URL, and the first has main and the tokens",
        NULL},
    {"read-database", "URL...",
        "read what is followed there, and not in the database: a standby of it; of several "
        "databases each has its name, NAME=URL",
        NULL},
    {"advertise", "URL",
        "where other servers on the same database reach this one, if not where it listens", NULL},
    {"peer-ca", "FILE",
        "whose certificates other servers have, PEM; without it, those that the system trusts",
        NULL},
    {"require-sync", NULL, "write nothing while synchronous_standby_names of the database is empty",
        NULL},
    {"accept-unsafe-database", NULL,
        "serve a database with fsync or the like off, which may lose what was answered", NULL},
    {"accept-lost", NULL, "serve a database that lacks what was acknowledged, which is lost then",
        NULL},
    {"strategy", "NAME",
        "how balances are kept safe: owner or sharded; of others: owner,savings=sharded", "owner"},
    {"rebalance", "on|off",
        "with three servers or more on a database, take over ledgers of those that have much more "
        "to do",
        "on"},
    {"follow", "LIST",
        "which ledgers of other servers are kept up here, for a takeover at once: all, none, a "
        "list; fit: those that take a quarter of the free memory at most",
        FOLLOW_LIST_DEFAULT},
    {"open-ledgers", "N=2..100000",
        "how many ledgers of a database are open at the same time; where there are more, one is "
        "opened when it is used, and closed when nobody has used it for a minute",
        "1024"},
    {"cluster-control", "FILE",
        "for demonstrations, on loopback: the program that an admin's token may have kill and "
        "start "
        "parts of the cluster (deploy/cluster)",
        NULL},
    {"tls-cert", "FILE", "speak TLS: the certificate and its chain, PEM; SIGHUP reads it again",
        NULL},
    {"tls-key", "FILE", "the key of that certificate, PEM, readable for its owner only", NULL},
    {"tls-client-ca", "FILE",
        "let in only clients with a certificate of one of these; tokens are asked for all the "
        "same",
        NULL},
    {"auth", "on|off", "ask for tokens; off only on loopback", "on"},
    {"workers", "N=0..64", "threads; 0: one for each processor", "0"},
    {"max-requests", "N=1..1000000", "requests in progress; more are answered 503", "10000"},
    {"max-connections", "N=1..1000000", "open connections; more wait", "10000"},
    {"max-requests-per-token", "N=1..1000000", "of those, with one token; more are answered 429",
        "5000"},
    {"max-connections-per-address", "N=0..1000000",
        "from one address; 0: any number; more are answered 429", "1000"},
    {"cors-origin", "LIST", "origins whose pages may use the service from a browser", NULL},
    {"log-format", "auto|lines|json", "of stderr; auto: lines on a terminal, else JSON", "auto"},
    {"log-answers", "none|failures|all", "which answers have a line in the log", "failures"},
    {"max-rate-per-address", "N=0..100000",
        "requests a second from one address; 0: any number; more are answered 429", "0"},
    {"trusted-addresses", "LIST", "addresses and networks without those limits", "127.0.0.0/8,::1"},
    {"trusted-proxies", "LIST",
        "proxies whose Forwarded or X-Forwarded-For says which address it is, instead of theirs",
        NULL},
    {"max-body-memory", "MIB=1..1000000", "for all bodies of requests together", "64"},
    {"max-answer-memory", "MIB=1..1000000", "for all long answers that wait to be taken", "64"},
    {"max-streams", "N=1..1000000", "open event streams, apart from those; more are answered 503",
        "4000"},
    {"max-streams-per-token", "N=1..1000000", "of those, with one token; more are answered 429",
        "1000"},
    {"stop-delay", "MS=0..600000",
        "at a stop /readyz says so this long before the port is closed, in milliseconds", "200"},
    {"stop-timeout", "S=1..86400", "a stop that takes longer is cut off: exit status 3", "30"},
    {"watchdog", "MS=0..86400000",
        "log what keeps a thread from its other requests for so long, in milliseconds; 0: do "
        "not look",
        "500"},
    {"postgres-bin", "DIR", "where initdb and postgres are", NULL},
    {"check-config", NULL, "say whether it could start with all this, and start nothing", NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- what belongs together ------------------------------------------------------------------- */

static bool read_strategies(const struct options *options, struct serve_options *serve)
{
    serve->strategies = options_value(options, "strategy");
    return strategy_list_is_valid(serve->strategies) ||
           options_wrong(options, "strategy",
               "must be owner or sharded, then maybe \",LEDGER=owner\" or \",LEDGER=sharded\"");
}

static bool read_follow(const struct options *options, struct serve_options *serve)
{
    serve->follow = options_value(options, "follow");
    return follow_list_is_valid(serve->follow) ||
           options_wrong(options, "follow", "must be all, none, fit, or ledgers like main,savings");
}

/* Those that stay open must leave room. */
static bool read_open_ledgers(const struct options *options, struct serve_options *serve)
{
    serve->open_ledgers = (size_t)options_number(options, "open-ledgers");
    return !follow_list_is_valid(serve->follow) ||
           follow_list_count(serve->follow, BANK_NAME_MAIN) + 1 < serve->open_ledgers ||
           options_wrong(options, "open-ledgers",
               "must be more than those that --follow names, with main: they stay open");
}

static bool read_ranges(
    const struct options *options, const char *name, struct address_ranges *ranges)
{
    const char *text = options_value(options, name);
    return address_ranges_read(ranges, text ? text : "") ||
           options_wrong(options, name,
               "must be like 127.0.0.0/8,::1: at most %d addresses or networks", ADDRESS_RANGES);
}

/* What one client may have, and all of them together. */
static bool read_limits(const struct options *options, struct serve_options *serve)
{
    serve->max_requests = (size_t)options_number(options, "max-requests");
    serve->max_connections = (size_t)options_number(options, "max-connections");
    serve->max_of_sender = (size_t)options_number(options, "max-requests-per-token");
    serve->max_of_address = (size_t)options_number(options, "max-connections-per-address");
    serve->max_rate_of_address = (uint32_t)options_number(options, "max-rate-per-address");
    serve->max_streams = (size_t)options_number(options, "max-streams");
    serve->max_streams_of_token = (size_t)options_number(options, "max-streams-per-token");
    serve->max_body_bytes = (size_t)options_number(options, "max-body-memory") << 20;
    serve->max_answer_bytes = (size_t)options_number(options, "max-answer-memory") << 20;
    bool good = read_ranges(options, "trusted-addresses", &serve->clients.trusted);
    return read_ranges(options, "trusted-proxies", &serve->clients.proxies) && good;
}

/* Whose pages may use it. */
static bool read_origins(const struct options *options, struct serve_options *serve)
{
    return cors_read(&serve->cors, options_value(options, "cors-origin")) ||
           options_wrong(options, "cors-origin",
               "must be like https://app.example,http://localhost:3000: scheme, host and port as "
               "browsers write them, at most %d",
               CORS_ORIGINS);
}

/* What is written to stderr while it runs, and how. */
static void read_log(const struct options *options, struct serve_options *serve)
{
    int format = options_choice(options, "log-format");
    /* Whoever looks on reads lines; what is collected is read by programs. */
    bool as_lines = format == 1 || (format == 0 && isatty(STDERR_FILENO));
    log_use(as_lines ? LOG_LINES : LOG_JSON);
    serve->log = (enum http_log_which)options_choice(options, "log-answers");
}

static bool read_tls(const struct options *options, struct serve_options *serve)
{
    struct tls_files *files = &serve->tls;
    *files = (struct tls_files){.certificate = options_value(options, "tls-cert"),
        .key = options_value(options, "tls-key"),
        .client_ca = options_value(options, "tls-client-ca")};
    serve->listen.is_secret = files->certificate != NULL;
    if (!files->certificate && files->key)
        return options_wrong(options, "tls-key", "needs --tls-cert, and that needs this one");
    if (files->certificate && !files->key)
        return options_wrong(options, "tls-cert", "needs --tls-key, and that needs this one");
    return files->certificate || !files->client_ca ||
           options_wrong(options, "tls-client-ca", "needs --tls-cert and --tls-key");
}

static bool read_listen(const struct options *options, struct serve_options *serve)
{
    char error[ERROR_TEXT];
    serve->auth = options_choice(options, "auth") == 0;
    if (!listen_parse(&serve->listen, options_value(options, "listen"), error, sizeof error))
        return options_wrong(options, "listen", "is not an address: %s", error);
    return serve->auth || serve->listen.is_loopback ||
           options_wrong(options, "auth",
               "off is for loopback only: anyone who reaches the port could move money");
}

/* Whoever has an admin's token kills processes of this machine by it. */
static bool read_control(const struct options *options, struct serve_options *serve)
{
    const char *program = serve->control = options_value(options, "cluster-control");
    if (program && !serve->listen.is_loopback)
        return options_wrong(options, "cluster-control", "is for loopback only");
    return !program || (program[0] == '/' && access(program, X_OK) == 0) ||
           options_wrong(
               options, "cluster-control", "must be the absolute path of a program: %s", program);
}

/* What other servers are told, and asked for. */
static bool read_peers(const struct options *options, struct serve_options *serve)
{
    struct co_http_origin origin;
    const char *path, *url = serve->advertise = options_value(options, "advertise");
    serve->peer_ca = options_value(options, "peer-ca");
    return !url || (strlen(url) < LEASE_URL && co_http_url_read(url, &origin, &path) && !*path) ||
           options_wrong(options, "advertise",
               "must be like https://10.0.0.1:8443: http or https, host and port, no path, at most "
               "%d characters",
               LEASE_URL - 1);
}

static bool read_database(const struct options *options, struct serve_options *serve)
{
    bool good = cmd_databases_read(options, &serve->databases);
    good = cmd_databases_read_reads(options, &serve->databases, &serve->reads) && good;
    serve->database = (struct database_options){.data = options_value(options, "data"),
        .url = serve->databases.count ? serve->databases.rows[0].conninfo : NULL,
        .postgres_bin = options_value(options, "postgres-bin"),
        .serves = true};
    serve->demands.accept_unsafe = options_is_on(options, "accept-unsafe-database");
    serve->demands.require_sync = options_is_on(options, "require-sync");
    serve->accepts_lost = options_is_on(options, "accept-lost");
    serve->rebalances = options_choice(options, "rebalance") == 0;
    return good;
}

static void read_process(const struct options *options, struct serve_options *serve)
{
    serve->only_check = options_is_on(options, "check-config");
    serve->workers = (int)options_number(options, "workers");
    serve->watchdog_ms = options_number(options, "watchdog");
    serve->stop_delay_ns = options_number(options, "stop-delay") * CO_CLOCK_MS;
    serve->stop_limit_ns = options_number(options, "stop-timeout") * CO_CLOCK_S;
}

int serve_options_parse(struct serve_options *serve, int argc, char **argv)
{
    const struct options options = {"teller serve [flags]",
        "Run the service until SIGTERM or SIGINT. What was accepted is answered first.", flags};
    const char *words[1];
    switch (options_parse(&options, argc, argv, 2, words, 0)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return 2;
    case OPTIONS_GOOD:
        break;
    }
    /* All that is wrong is told at once. */
    bool good = read_strategies(&options, serve);
    good = read_follow(&options, serve) && good;
    good = read_open_ledgers(&options, serve) && good;
    good = read_limits(&options, serve) && good;
    good = read_origins(&options, serve) && good;
    good = read_listen(&options, serve) && good;
    good = read_peers(&options, serve) && good;
    good = read_control(&options, serve) && good;
    good = read_tls(&options, serve) && good; /* adds to what read_listen() has set */
    read_log(&options, serve);
    good = read_database(&options, serve) && good;
    read_process(&options, serve);
    return good ? -1 : 2;
}
