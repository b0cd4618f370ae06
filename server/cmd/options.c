/* SPDX-License-Identifier: MIT */
#include "server/cmd/options.h"

#include <ctype.h>
#include <stdbool.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cmd/environment.h"

static void print_help(const struct options *options)
{
    printf("usage: %s\n\n%s\n\n", options->usage, options->about);
    for (const struct option *flag = options->flags; flag->name; flag++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", flag->name, flag->argument ? " " : "",
            flag->argument ? flag->argument : "");
        printf("  %-26s %s", left, flag->help);
        if (flag->value)
            printf(" [%s]", flag->value);
        putchar('\n');
    }
    printf("  %-26s %s\n\n", "--help", "print this");
    puts("Each flag is also an environment variable: --max-requests is TELLER_MAX_REQUESTS.");
}

static struct option *find(const struct options *options, const char *name, size_t length)
{
    for (struct option *flag = options->flags; flag->name; flag++)
        if (strncmp(flag->name, name, length) == 0 && flag->name[length] == '\0')
            return flag;
    return NULL;
}

/* A flag that takes no value is on or off there. */
static bool read_switch(struct option *flag, const char *variable, const char *value)
{
    bool on = strcmp(value, "on") == 0 || strcmp(value, "1") == 0;
    if (!on && strcmp(value, "off") != 0 && strcmp(value, "0") != 0) {
        fprintf(stderr, "teller: %s must be on or off\n", variable);
        return false;
    }
    flag->value = on ? "on" : NULL;
    return true;
}

static bool read_environment(const struct options *options)
{
    enum { FLAGS_MAX = 100 };
    char variable[ENVIRONMENT_NAME];
    const char *names[FLAGS_MAX + 1] = {NULL};
    size_t count = 0;
    for (struct option *flag = options->flags; flag->name; flag++) {
        co_ensure(count < FLAGS_MAX);
        names[count++] = flag->name;
        environment_name_of(flag->name, variable);
        /* Read before the words of the command line, which win. */
        const char *value = getenv(variable);
        if (!value || !*value)
            continue;
        if (flag->argument)
            flag->value = value;
        else if (!read_switch(flag, variable, value))
            return false;
    }
    return environment_is_known(names);
}

static enum options_parsed bad(const struct options *options, const char *what, const char *word)
{
    fprintf(stderr, "teller: %s %s\nusage: %s (--help says more)\n", what, word, options->usage);
    return OPTIONS_BAD;
}

/* argv[*at] is a flag; *at moves on when its value is the next word. */
static enum options_parsed read_flag(const struct options *options, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *name = word + 2, *equals = strchr(name, '=');
    struct option *flag = find(options, name, equals ? (size_t)(equals - name) : strlen(name));
    if (!flag)
        return bad(options, "unknown flag", word);
    if (!flag->argument) {
        if (equals)
            return bad(options, "no value goes with", word);
        flag->value = "on";
        return OPTIONS_GOOD;
    }
    if (!equals && *at + 1 == argc)
        return bad(options, "a value is missing after", word);
    flag->value = equals ? equals + 1 : argv[++*at];
    return OPTIONS_GOOD;
}

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

enum options_parsed options_parse(
    const struct options *options, int argc, char **argv, int from, const char **words, int max)
{
    int count = 0;
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
    if (!read_environment(options))
        return OPTIONS_BAD;
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

const char *options_value(const struct options *options, const char *name)
{
    struct option *flag = find(options, name, strlen(name));
    co_ensure(flag);
    return flag->value;
}

int64_t options_number(const struct options *options, const char *name, int64_t low, int64_t high)
{
    const char *text = options_value(options, name);
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    /* strtoll() would skip blanks, and take a plus sign. */
    bool plain = isdigit((unsigned char)*text) || *text == '-';
    if (errno == 0 && plain && *end == '\0' && number >= low && number <= high)
        return number;
    fprintf(stderr, "teller: --%s must be a whole number from %lld to %lld\n", name, (long long)low,
        (long long)high);
    return -1;
}

int options_choice(const struct options *options, const char *name, const char *const *words)
{
    const char *value = options_value(options, name);
    for (int i = 0; words[i]; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    fprintf(stderr, "teller: --%s must be %s", name, words[0]);
    for (int i = 1; words[i]; i++)
        fprintf(stderr, "%s%s", words[i + 1] ? ", " : " or ", words[i]);
    fputc('\n', stderr);
    return -1;
}
