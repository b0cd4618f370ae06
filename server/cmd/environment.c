/* SPDX-License-Identifier: MIT */
/* A misspelt variable would silently leave its flag at the default, so a TELLER_ variable that no
 * command knows is an error. */
#include "server/cmd/environment.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

static void (*each_flag)(void (*flag)(const char *name, void *arg), void *arg);

static const char prefix[] = "TELLER_";

/* Not flags: for the tests, and what Kubernetes tells of a service whose name begins so. */
static const char *const others[] = {
    "FAILPOINTS", "TEST_*", "*SERVICE_HOST", "*SERVICE_PORT*", "*PORT_[0-9]*", NULL};

void environment_name_of(const char *flag, char name[ENVIRONMENT_NAME])
{
    snprintf(name, ENVIRONMENT_NAME, "%s%s", prefix, flag);
    for (; *name; name++)
        *name = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
}

/* How many letters must be put in, taken out or changed to make one of the other. */
static size_t distance(const char *a, const char *b)
{
    size_t row[ENVIRONMENT_NAME + 1], length = strlen(b);
    if (strlen(a) > ENVIRONMENT_NAME || length > ENVIRONMENT_NAME)
        return ENVIRONMENT_NAME;
    /* Levenshtein's, with one row of the table at a time. */
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            size_t moved = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < moved ? changed : moved;
        }
    }
    return row[length];
}

struct search {
    char wanted[ENVIRONMENT_NAME]; /* cut off if it is longer: then it is none of ours */
    char nearest[ENVIRONMENT_NAME], flag[ENVIRONMENT_NAME]; /* the variable, and its flag */
    size_t away;                                            /* of the nearest */
};

static void compare(const char *flag, void *arg)
{
    struct search *search = arg;
    char name[ENVIRONMENT_NAME];
    environment_name_of(flag, name);
    size_t away = distance(search->wanted, name);
    if (away >= search->away)
        return;
    search->away = away;
    memcpy(search->nearest, name, sizeof name);
    snprintf(search->flag, sizeof search->flag, "%s", flag);
}

/* Among the flags of this command, and then of all: one environment, or file, serves several. */
static void look_for(struct search *search, const char *const *flags)
{
    search->away = ENVIRONMENT_NAME;
    for (; *flags; flags++)
        compare(*flags, search);
    if (search->away > 0 && each_flag)
        each_flag(compare, search);
}

/* Suggest only a name that shares half of its letters; any other would puzzle. */
static bool is_near(const struct search *search)
{
    return search->away <= strlen(search->wanted + strlen(prefix)) / 2;
}

/* "TELLER_PORT=tcp://10.0.0.1:80" is Kubernetes' word for a service; a port alone is a mistake. */
static bool is_another_programs(const char *variable, size_t length)
{
    char name[ENVIRONMENT_NAME];
    snprintf(name, sizeof name, "%.*s", (int)length, variable);
    for (const char *const *other = others; *other; other++)
        if (fnmatch(*other, name + strlen(prefix), 0) == 0)
            return true;
    return fnmatch("*PORT", name, 0) == 0 && strstr(variable + length, "://");
}

static bool is_known(const char *const *flags, const char *variable)
{
    size_t length = strcspn(variable, "=");
    struct search search;
    snprintf(search.wanted, sizeof search.wanted, "%.*s", (int)length, variable);
    look_for(&search, flags);
    if (search.away == 0 || is_another_programs(variable, length))
        return true;
    bool near = is_near(&search);
    fprintf(stderr, "teller: there is no environment variable %.*s%s%s%s\n", (int)length, variable,
        near ? "; was " : "", near ? search.nearest : "", near ? " meant?" : "");
    return false;
}

bool environment_has_flag(const char *const *flags, const char *name, char meant[ENVIRONMENT_NAME])
{
    struct search search;
    environment_name_of(name, search.wanted);
    look_for(&search, flags);
    snprintf(meant, ENVIRONMENT_NAME, "%s", is_near(&search) ? search.flag : "");
    return search.away == 0 && strcmp(search.flag, name) == 0;
}

void environment_commands(void (*each)(void (*flag)(const char *name, void *arg), void *arg))
{
    each_flag = each;
}

bool environment_is_known(const char *const *flags)
{
    bool known = true;
    for (char **at = environ; *at; at++) {
        const char *equals = strchr(*at, '=');
        /* An empty variable is as good as none. */
        if (strncmp(*at, prefix, strlen(prefix)) == 0 && equals && equals[1])
            known = is_known(flags, *at) && known;
    }
    return known;
}
