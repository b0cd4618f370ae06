/* SPDX-License-Identifier: MIT */
#include "loadtest/command_line.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "loadtest/load_options.h"
#include "loadtest/scenario.h"

enum type { TYPE_FLAG, TYPE_TEXT, TYPE_COUNT };

static const struct option {
    const char *name, *value, *help;
    enum type type;
    unsigned used_by;
    size_t offset;
    int64_t min, max;
} table[] = {
#define AT(member) offsetof(struct load_options, member)
    {"--url", "URL", "the service, http://HOST:PORT or https://HOST:PORT", TYPE_TEXT, OPTION_COMMON,
        AT(url), 0, 0},
    {"--ca", "FILE", "who may sign its certificate, instead of the system's", TYPE_TEXT,
        OPTION_COMMON, AT(ca), 0, 0},
    {"--client-cert", "FILE", "the certificate to show it", TYPE_TEXT, OPTION_COMMON,
        AT(client_cert), 0, 0},
    {"--client-key", "FILE", "and its key", TYPE_TEXT, OPTION_COMMON, AT(client_key), 0, 0},
    {"--token", "T", "the bearer token", TYPE_TEXT, OPTION_COMMON, AT(token), 0, 0},
    {"--token-file", "FILE", "a file with the bearer token", TYPE_TEXT, OPTION_COMMON,
        AT(token_file), 0, 0},
    {"--ledger", "L", "the ledger", TYPE_TEXT, OPTION_COMMON, AT(ledger), 0, 0},
    {"--rate", "R", "requests a second on a fixed schedule; 0: as fast as answers come", TYPE_COUNT,
        OPTION_LOAD, AT(rate), 0, 10000000},
    {"--clients", "N", "connections", TYPE_COUNT, OPTION_LOAD, AT(clients), 1, 20000},
    {"--duration", "S", "seconds", TYPE_COUNT, OPTION_LOAD, AT(duration), 0, 86400},
    {"--rounds", "N", "rounds", TYPE_COUNT, OPTION_RACE, AT(rounds), 1, 100000000},
    {"--racers", "N", "requests that race in a round", TYPE_COUNT, OPTION_RACE, AT(racers), 2,
        20000},
    {"--accounts", "K", "accounts", TYPE_COUNT, OPTION_ACCOUNTS, AT(accounts), 2, 10000000},
    {"--prefix", "P", "their ids begin with it", TYPE_TEXT, OPTION_ACCOUNTS, AT(prefix), 0, 0},
    {"--hot", NULL, "every transfer leaves the first account", TYPE_FLAG, OPTION_ACCOUNTS, AT(hot),
        0, 0},
    {"--timeout", "S", "seconds to wait for an answer", TYPE_COUNT, OPTION_COMMON, AT(timeout), 1,
        3600},
    {"--workers", "N", "threads", TYPE_COUNT, OPTION_COMMON, AT(workers), 1, 64},
    {"--seed", "S", "of the random choices; 0: from the clock", TYPE_COUNT, OPTION_COMMON, AT(seed),
        0, INT64_MAX},
    {"--stages", NULL, "report where the service says that the time went (Server-Timing)",
        TYPE_FLAG, OPTION_COMMON, AT(stages), 0, 0},
    {"--json", NULL, "report as JSON", TYPE_FLAG, OPTION_COMMON, AT(json), 0, 0},
    {"--help", NULL, "this text", TYPE_FLAG, OPTION_COMMON, AT(help), 0, 0},
#undef AT
};

enum { OPTIONS = sizeof table / sizeof table[0] };

static bool used(const struct option *option, const struct scenario *scenario)
{
    return option->used_by & (scenario->uses | OPTION_COMMON);
}

static const struct option *find(const char *name, const struct scenario *scenario)
{
    for (size_t i = 0; i < OPTIONS; i++)
        /* An option that the scenario has no use for is as wrong as one that does not exist. */
        if (strcmp(table[i].name, name) == 0 && used(&table[i], scenario))
            return &table[i];
    return NULL;
}

static bool set_count(const struct option *option, const char *text, int64_t *field)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    /* All of the text must be the number. */
    if (errno || end == text || *end || value < option->min || value > option->max) {
        fprintf(stderr, "teller-load: %s must be a whole number from %lld to %lld\n", option->name,
            (long long)option->min, (long long)option->max);
        return false;
    }
    *field = value;
    return true;
}

/* Both "--name value" and "--name=value". Moves *i over what it has read. */
static bool read_one(
    const struct scenario *scenario, int argc, char **argv, int *i, struct load_options *options)
{
    char name[32];
    /* The name ends at the equals sign, or with the word. */
    const char *equals = strchr(argv[*i], '=');
    size_t length = equals ? (size_t)(equals - argv[*i]) : strlen(argv[*i]);
    snprintf(name, sizeof name, "%.*s", (int)length, argv[*i]);
    const struct option *option = find(name, scenario);
    if (!option || (equals && option->type == TYPE_FLAG)) {
        fprintf(
            stderr, "teller-load: %s has no option %s (see --help)\n", scenario->name, argv[*i]);
        return false;
    }
    void *field = (char *)options + option->offset;
    if (option->type == TYPE_FLAG) {
        *(bool *)field = true;
        return true;
    }
    if (!equals && *i + 1 == argc) {
        fprintf(stderr, "teller-load: %s needs a value\n", option->name);
        return false;
    }
    const char *value = equals ? equals + 1 : argv[++*i];
    if (option->type == TYPE_COUNT)
        return set_count(option, value, field);
    *(const char **)field = value;
    return true;
}

static bool read_token(const char *path, char token[256])
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(token, 256, file);
    if (read)
        token[strcspn(token, "\r\n")] = '\0';
    else
        fprintf(stderr, "teller-load: cannot read %s: %s\n", path, strerror(errno));
    if (file)
        fclose(file);
    return read;
}

/* Whom to trust, and what to show. */
static bool read_trust(struct load_options *options)
{
    const struct co_tls_client_options tls = {.trust_file = options->ca,
        .certificate_file = options->client_cert,
        .key_file = options->client_key};
    struct co_stream_why why = {.text = ""};
    if (!options->target.is_secret) {
        if (options->ca || options->client_cert || options->client_key)
            fputs("teller-load: --ca, --client-cert and --client-key are for https://\n", stderr);
        return !options->ca && !options->client_cert && !options->client_key;
    }
    if (target_trust(&options->target, &tls, &why))
        return true;
    fprintf(stderr, "teller-load: %s\n", why.text[0] ? why.text : strerror(errno));
    return false;
}

bool command_line_read(
    const struct scenario *scenario, int argc, char **argv, struct load_options *options)
{
    *options = scenario->defaults;
    for (int i = 2; i < argc; i++)
        if (!read_one(scenario, argc, argv, &i, options))
            return false;
    /* Help needs no URL. */
    if (options->help)
        return true;
    char token[256];
    /* A file keeps the token out of the list of processes. */
    if (options->token_file) {
        if (!read_token(options->token_file, token))
            return false;
        options->token = token;
    }
    /* Printed with the report, so that any run can be repeated. */
    if (options->seed == 0)
        options->seed = co_clock_wall_us();
    const char *wrong = target_make(options->url, options->token, &options->target);
    if (wrong)
        fprintf(stderr, "teller-load: %s\n", wrong);
    options->token = NULL; /* it is in the target now */
    return !wrong && read_trust(options);
}

void command_line_print(FILE *out, const struct scenario *scenario)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &table[i];
        if (!used(option, scenario))
            continue;
        const void *field = (const char *)&scenario->defaults + option->offset;
        char left[40];
        snprintf(left, sizeof left, "%s %s", option->name, option->value ? option->value : "");
        fprintf(out, "  %-18s %s", left, option->help);
        /* Defaults are the scenario's own. */
        if (option->type == TYPE_COUNT)
            fprintf(out, " (%lld)", (long long)*(const int64_t *)field);
        else if (option->type == TYPE_TEXT && *(const char *const *)field)
            fprintf(out, " (%s)", *(const char *const *)field);
        fputc('\n', out);
    }
}
