/* SPDX-License-Identifier: MIT */
/* Connecting: what the environment may say, and how long a database has to answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/db/pg_hosts.h"
#include "ledger/db/pg_secret.h"

/* ---- the environment ----------------------------------------------------------------------- */

extern char **environ;

static bool may_stay(const char *name)
{
    static const char *const names[] = {"PGUSER=", "PGPASSWORD=", "PGPASSFILE=", "PGSERVICEFILE=",
        "PGSYSCONFDIR=", "PGREQUIREPEER=", "PGREQUIRESSL=", "PGCHANNELBINDING=", "PGSSL", "PGGSS",
        "PGKRB"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

void pg_clear_environment(bool is_private)
{
    char **kept = environ;
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, "PG", 2) != 0 || (!is_private && may_stay(*entry)))
            *kept++ = *entry;
    if (kept)
        *kept = NULL;
}

/* ---- the connection ------------------------------------------------------------------------ */

/* The connect_timeout that was given, which libpq itself ignores here; or ours. */
static int64_t timeout_of(const PQconninfoOption *options, int64_t ours_s)
{
    const char *given = pg_hosts_option(options, "connect_timeout");
    int64_t seconds = given ? strtol(given, NULL, 10) : 0;
    return (seconds > 0 && seconds < 3600 ? seconds : ours_s) * CO_CLOCK_S;
}

/* What stands before `dbname`, which is the whole of the user's, is a default for it; what stands
 * behind it is not to be changed. */
static struct pg *reach(struct co_context *context, const char *conninfo,
    const struct pg_hosts_wanted *wanted, char *error, size_t error_size)
{
    static const char *const names[] = {"fallback_application_name", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "client_encoding",
        NULL};
    const char *const values[] = {"teller", "2", "1", "3", "5000", conninfo, "UTF8", NULL};
    struct pg *pg = pg_start(names, values, true);
    PQconninfoOption *options = pg ? PQconninfo(pg->conn) : NULL;
    if (pg)
        pg->reads = wanted->reads;
    if (!options) {
        snprintf(error, error_size, "out of memory");
        pg_close(&pg);
    } else if (pg_hosts_count(options) > 1) { /* libpq would take the first that answers */
        pg_close(&pg);
        pg = pg_hosts_connect(
            context, options, wanted, timeout_of(options, PG_HOST_S), error, error_size);
    } else if (!pg_finish(context, pg, wanted->role, timeout_of(options, PG_CONNECT_S), error,
                   error_size) ||
               (wanted->role && !pg_hosts_admit(pg, error, error_size))) {
        pg_close(&pg);
    }
    /* The reason may quote what could not be read. */
    if (!pg)
        pg_secret_hide(conninfo, error);
    PQconninfoFree(options);
    return pg;
}

struct pg *pg_connect(struct co_context *context, const char *conninfo, const char *role,
    char *error, size_t error_size)
{
    const struct pg_hosts_wanted wanted = {.role = role};
    return reach(context, conninfo, &wanted, error, error_size);
}

struct pg *pg_connect_reading(
    struct co_context *context, const char *conninfo, char *error, size_t error_size)
{
    const struct pg_hosts_wanted wanted = {.role = PG_APP_ROLE, .reads = true};
    return reach(context, conninfo, &wanted, error, error_size);
}

struct pg *pg_connect_for(struct co_context *context, const char *conninfo, enum pg_use use,
    char *error, size_t error_size)
{
    return use == PG_READS ? pg_connect_reading(context, conninfo, error, error_size)
                           : pg_connect(context, conninfo, PG_APP_ROLE, error, error_size);
}

bool pg_conninfo_has_word(const char *word)
{
    PQconninfoOption *options = PQconndefaults();
    bool has = !options; /* memory is short: then it is for PQconninfoParse() to refuse it */
    for (const PQconninfoOption *at = options; at && at->keyword && !has; at++)
        has = strcmp(at->keyword, word) == 0;
    PQconninfoFree(options);
    return has;
}

bool pg_conninfo_check(const char *conninfo, char *error, size_t error_size)
{
    char *why = NULL;
    /* One that is neither a list nor a URL is the database's name. */
    if (!strchr(conninfo, '=') && !strstr(conninfo, "://"))
        return true;
    PQconninfoOption *options = PQconninfoParse(conninfo, &why);
    if (!options) {
        snprintf(error, error_size, "%s", why ? why : "out of memory");
        error[strcspn(error, "\n")] = '\0';
        pg_secret_hide(conninfo, error);
    }
    PQfreemem(why);
    PQconninfoFree(options);
    return options != NULL;
}
