/* SPDX-License-Identifier: MIT */
#include "server/cmd/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/pg_secret.h"
#include "server/cmd/config_file.h"
#include "server/cmd/environment.h"
#include "server/cmd/option_rule.h"

enum { FLAGS_MAX = 100, SECRET_TEXT = 2000, LINES_TEXT = 32768 };

/* What every command has. */
static struct option common[] = {
    {"config", "FILE", "a file with any of these: max-requests = 100", NULL},
    {NULL, NULL, NULL, NULL},
};

/* Where each value of the table came from, by its place there; of the last options_parse(). */
static struct origin {
    enum { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE } kind;
    const char *file;
    unsigned line;
} origins[FLAGS_MAX];

/* ---- the table ----------------------------------------------------------------------------- */

static void print_row(const struct option *flag)
{
    struct option_rule rule = option_rule_of(flag->argument);
    char left[64];
    snprintf(left, sizeof left, "--%s%s%.*s", flag->name, rule.named ? " " : "", (int)rule.named,
        rule.named ? flag->argument : "");
    printf("  %-25s  %s", left, flag->help); /* two blanks part them, however long it is */
    if (rule.kind == OPTION_NUMBER)
        printf(" (%lld to %lld)", (long long)rule.low, (long long)rule.high);
    if (flag->value)
        printf(" [%s]", flag->value);
    putchar('\n');
}

static void print_help(const struct options *options)
{
    printf("usage: %s\n\n%s\n\n", options->usage, options->about);
    for (const struct option *flag = options->flags; flag->name; flag++)
        print_row(flag);
    for (const struct option *flag = common; flag->name; flag++)
        print_row(flag);
    printf("  %-25s  %s\n\n", "--help", "print this");
    puts("Each flag is also an environment variable: --max-requests is TELLER_MAX_REQUESTS.");
}

static struct option *find_in(struct option *flags, const char *name, size_t length)
{
    for (struct option *flag = flags; flag->name; flag++)
        if (strncmp(flag->name, name, length) == 0 && flag->name[length] == '\0')
            return flag;
    return NULL;
}

static struct option *find(const struct options *options, const char *name, size_t length)
{
    struct option *flag = find_in(options->flags, name, length);
    return flag ? flag : find_in(common, name, length);
}

static struct origin *origin_of(const struct options *options, const struct option *flag)
{
    static struct origin of_common;
    size_t count = 0;
    while (options->flags[count].name && &options->flags[count] != flag)
        count++;
    co_ensure(count < FLAGS_MAX);
    return options->flags[count].name ? &origins[count] : &of_common;
}

/* ---- one value ----------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 0))) static void say(
    const struct option *flag, const struct origin *origin, const char *format, va_list args)
{
    char variable[ENVIRONMENT_NAME];
    environment_name_of(flag->name, variable);
    fputs("teller: ", stderr);
    if (origin->kind == FROM_FILE)
        fprintf(stderr, "%s:%u: %s ", origin->file, origin->line, flag->name);
    else if (origin->kind == FROM_ENVIRONMENT)
        fprintf(stderr, "%s ", variable);
    else
        fprintf(stderr, "--%s ", flag->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

bool options_wrong(const struct options *options, const char *name, const char *format, ...)
{
    const struct option *flag = find(options, name, strlen(name));
    va_list args;
    co_ensure(flag);
    va_start(args, format);
    say(flag, origin_of(options, flag), format, args);
    va_end(args);
    return false;
}

/* The lines of those that may be given more than once: there as long as the process. */
static struct {
    char bytes[LINES_TEXT];
    size_t used;
} lines;

/* One more line behind those that were given in the same way. NULL: they are too long. */
static const char *add_line(const char *before, const char *value)
{
    size_t room = sizeof lines.bytes - lines.used;
    char *text = lines.bytes + lines.used;
    size_t length = (size_t)snprintf(text, room, "%s\n%s", before, value);
    if (length >= room)
        return NULL;
    lines.used += length + 1;
    return text;
}

/* False, and said so: it is not what the row asks for. */
static bool take(
    const struct options *options, struct option *flag, struct origin from, const char *value)
{
    struct option_rule rule = option_rule_of(flag->argument);
    char must[OPTION_RULE_TEXT];
    bool is_another = rule.repeats && from.kind == FROM_COMMAND_LINE &&
                      origin_of(options, flag)->kind == FROM_COMMAND_LINE;
    *origin_of(options, flag) = from;
    if (is_another && !(value = add_line(flag->value, value)))
        return options_wrong(options, flag->name, "is given too often");
    if (!option_rule_allows(&rule, value)) {
        option_rule_say(&rule, must);
        return options_wrong(options, flag->name, "%s", must);
    }
    /* On is "on"; off is as if nothing had been said. */
    if (rule.kind == OPTION_SWITCH)
        value = strcmp(value, "on") == 0 || strcmp(value, "1") == 0 ? "on" : NULL;
    flag->value = value;
    return true;
}

/* ---- the file ------------------------------------------------------------------------------ */

struct reading {
    const struct options *options;
    const char *names[FLAGS_MAX + 1]; /* of the command's own flags */
};

/* False, and said so: a key that no command has. */
static bool is_known(const struct reading *reading, const struct config_setting *setting)
{
    char meant[ENVIRONMENT_NAME];
    if (environment_has_flag(reading->names, setting->key, meant) &&
        !find_in(common, setting->key, strlen(setting->key)))
        return true;
    fprintf(stderr, "teller: %s:%u: there is no key %s%s%s%s\n", setting->file, setting->line,
        setting->key, *meant ? "; was " : "", meant, *meant ? " meant?" : "");
    return false;
}

/* Is it written as the file writes such a value? "on|off" may be true or false as well. */
static bool is_of_kind(const struct option *flag, enum config_kind kind)
{
    struct option_rule rule = option_rule_of(flag->argument);
    switch (rule.kind) {
    case OPTION_SWITCH:
        return kind == CONFIG_SWITCH;
    case OPTION_WORD:
        return kind == CONFIG_TEXT || kind == CONFIG_SWITCH;
    case OPTION_NUMBER:
        return kind == CONFIG_NUMBER;
    case OPTION_TEXT:
        return kind == CONFIG_TEXT ||
               (kind == CONFIG_LIST && (rule.repeats || strcmp(rule.takes, "LIST") == 0));
    }
    return false;
}

static bool wrong_kind(const struct options *options, const struct option *flag)
{
    struct option_rule rule = option_rule_of(flag->argument);
    char must[OPTION_RULE_TEXT];
    if (rule.kind == OPTION_SWITCH)
        return options_wrong(options, flag->name, "must be true or false");
    /* In a file numbers and texts are written differently. */
    option_rule_say(&rule, must);
    return options_wrong(options, flag->name, "%s, %s quotation marks", must,
        rule.kind == OPTION_NUMBER ? "without" : "in");
}

/* Whoever may read the file has the password. */
static void warn_of_secret(const struct config_setting *setting)
{
    char text[SECRET_TEXT];
    bool is_text = setting->kind == CONFIG_TEXT || setting->kind == CONFIG_LIST;
    if (!is_text || !config_file_is_public(setting->file))
        return;
    snprintf(text, sizeof text, "%s", setting->text);
    pg_secret_hide(setting->text, text);
    if (strncmp(text, setting->text, sizeof text - 1) != 0)
        fprintf(stderr,
            "teller: %s:%u: %s has a password in it, and every user may read the file (chmod o-r "
            "%s)\n",
            setting->file, setting->line, setting->key, setting->file);
}

static bool take_setting(void *arg, const struct config_setting *setting)
{
    const struct reading *reading = arg;
    struct option *flag = find_in(reading->options->flags, setting->key, strlen(setting->key));
    const struct origin from = {FROM_FILE, setting->file, setting->line};
    warn_of_secret(setting);
    if (!flag)
        return is_known(reading, setting);
    *origin_of(reading->options, flag) = from;
    if (!is_of_kind(flag, setting->kind))
        return wrong_kind(reading->options, flag);
    bool in_lines = setting->lines && option_rule_of(flag->argument).repeats;
    return take(reading->options, flag, from, in_lines ? setting->lines : setting->text);
}

/* The path is needed before the rest is read, which then wins. */
static const char *find_file(int argc, char **argv, int from)
{
    static const char flag[] = "--config";
    const char *path = getenv("TELLER_CONFIG");
    for (int i = from; i < argc; i++)
        if (strcmp(argv[i], flag) == 0 && i + 1 < argc)
            path = argv[++i];
        else if (strncmp(argv[i], flag, strlen(flag)) == 0 && argv[i][strlen(flag)] == '=')
            path = argv[i] + strlen(flag) + 1;
    return path && *path ? path : NULL;
}

/* ---- the environment, and the command line -------------------------------------------------- */

static bool read_environment(const struct reading *reading)
{
    char variable[ENVIRONMENT_NAME];
    bool good = true;
    for (struct option *flag = reading->options->flags; flag->name; flag++) {
        environment_name_of(flag->name, variable);
        /* Read before the words of the command line, which win. */
        const char *value = getenv(variable);
        if (value && *value)
            good = take(reading->options, flag, (struct origin){.kind = FROM_ENVIRONMENT}, value) &&
                   good;
    }
    return environment_is_known(reading->names) && good;
}

static enum options_parsed bad(const struct options *options, const char *what, const char *word)
{
    fprintf(stderr, "teller: %s %s\nusage: %s (--help says more)\n", what, word, options->usage);
    return OPTIONS_BAD;
}

/* argv[*at] is a flag; *at moves on when its value is the next word. */
static enum options_parsed read_flag(const struct options *options, int argc, char **argv, int *at)
{
    const struct origin from = {.kind = FROM_COMMAND_LINE};
    const char *word = argv[*at], *name = word + 2, *equals = strchr(name, '=');
    struct option *flag = find(options, name, equals ? (size_t)(equals - name) : strlen(name));
    if (!flag)
        return bad(options, "unknown flag", word);
    if (!flag->argument && equals)
        return bad(options, "no value goes with", word);
    if (flag->argument && !equals && *at + 1 == argc)
        return bad(options, "a value is missing after", word);
    const char *value = !flag->argument ? "on" : equals ? equals + 1 : argv[++*at];
    return take(options, flag, from, value) ? OPTIONS_GOOD : OPTIONS_BAD;
}

static enum options_parsed read_words(
    const struct options *options, int argc, char **argv, int from, const char **words, int max)
{
    int count = 0;
    for (int i = from; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            if (read_flag(options, argc, argv, &i) != OPTIONS_GOOD)
                return OPTIONS_BAD;
        } else if (argv[i][0] == '-' || count == max) {
            return bad(options, "unexpected", argv[i]);
        } else {
            words[count++] = argv[i];
            words[count] = NULL;
        }
    }
    return OPTIONS_GOOD;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static struct {
    void (*flag)(const char *name, void *arg);
    void *arg;
} collector;

void options_collect(void (*flag)(const char *name, void *arg), void *arg)
{
    collector.flag = flag;
    collector.arg = arg;
}

static bool asks_for_help(int argc, char **argv, int from)
{
    for (int i = from; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* The rows are collected by name, for whatever is said of one that nobody knows. */
static void begin(struct reading *reading, const struct options *options)
{
    size_t count = 0;
    *reading = (struct reading){.options = options};
    for (const struct option *flag = options->flags; flag->name; flag++) {
        co_ensure(count < FLAGS_MAX - 1);
        origins[count] = (struct origin){.kind = FROM_DEFAULT};
        reading->names[count++] = flag->name;
    }
    reading->names[count] = common[0].name;
}

enum options_parsed options_parse(
    const struct options *options, int argc, char **argv, int from, const char **words, int max)
{
    struct reading reading;
    words[0] = NULL;
    /* Asked for the names of the flags, not to run. */
    if (collector.flag) {
        for (const struct option *flag = options->flags; flag->name; flag++)
            collector.flag(flag->name, collector.arg);
        return OPTIONS_HELP;
    }
    /* Before anything is checked: help must work when the rest is wrong. */
    if (asks_for_help(argc, argv, from)) {
        print_help(options);
        return OPTIONS_HELP;
    }
    begin(&reading, options);
    const char *path = find_file(argc, argv, from);
    bool good = !path || config_file_read(path, take_setting, &reading);
    good = read_environment(&reading) && good;
    enum options_parsed parsed = read_words(options, argc, argv, from, words, max);
    return good ? parsed : OPTIONS_BAD;
}

/* ---- what came of it ------------------------------------------------------------------------ */

const char *options_value(const struct options *options, const char *name)
{
    struct option *flag = find(options, name, strlen(name));
    co_ensure(flag);
    return flag->value;
}

bool options_is_on(const struct options *options, const char *name)
{
    return options_value(options, name) != NULL;
}

int64_t options_number(const struct options *options, const char *name)
{
    struct option *flag = find(options, name, strlen(name));
    co_ensure(flag && flag->value);
    struct option_rule rule = option_rule_of(flag->argument);
    int64_t number;
    /* Checked when it was given; and a default is a value like any other. */
    co_ensure(rule.kind == OPTION_NUMBER && option_rule_number(&rule, flag->value, &number));
    return number;
}

int options_choice(const struct options *options, const char *name)
{
    struct option *flag = find(options, name, strlen(name));
    co_ensure(flag && flag->value);
    struct option_rule rule = option_rule_of(flag->argument);
    int place = option_rule_word(&rule, flag->value);
    co_ensure(place >= 0);
    return place;
}
