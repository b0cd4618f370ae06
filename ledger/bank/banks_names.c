/* SPDX-License-Identifier: MIT */
/* The name of a ledger stands for one ledger of all databases: the first of them has a table of
 * who has which (sql: ledger_name), and is asked before a name is used for the first time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/bank/bank_private.h"
#include "ledger/bank/banks_private.h"
#include "ledger/db/readers.h"
#include "ledger/notice.h"

bool banks_reserve(struct co_context *context, struct banks *banks, const char *name, size_t *index)
{
    static const struct pg_statement ask = {2, "SELECT ledger_reserve($1, $2)"};
    /* The first calls itself nothing, whatever its name is. */
    const char *values[] = {name, *index ? banks_database(banks, *index) : ""};
    struct pg_result *rows = NULL;
    if (banks->count == 1)
        return true; /* whoever makes it there asks the same */
    if (readers_run(context, banks_at(banks, 0)->readers, &ask, values, &rows) != PG_OK)
        return false;
    const char *home = pg_text(rows, 0, 0);
    if (!*home)
        *index = 0;
    else if (!banks_index(banks, home, index))
        notice(NOTICE_TROUBLE, "ledger %s is in database %s, which this service does not have",
            name, home);
    pg_free(&rows);
    return true;
}

/* ---- which of its ledgers are the service's ------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool add_name(struct banks_names *names, const char *name)
{
    char(*longer)[LEASE_NAME] = realloc(names->names, (names->count + 1) * sizeof *longer);
    if (!longer)
        return false;
    names->names = longer;
    snprintf(longer[names->count++], LEASE_NAME, "%s", name);
    return true;
}

/* Those of the rows, in their order, which is that of compare(). */
static void take_names(struct banks_names *names, struct pg_result *rows)
{
    names->count = 0;
    for (size_t i = 0; i < pg_rows(rows) && add_name(names, pg_text(rows, i, 0)); i++)
        ;
    pg_free(&rows);
}

static bool has_name(const struct banks_names *names, const char *name)
{
    return names->count > 0 &&
           bsearch(name, names->names, names->count, sizeof *names->names, compare);
}

/* In the branch's own database. False: it did not, and the log says why. */
static bool run_there(struct branch *branch, const struct pg_statement *statement,
    const char *const *values, struct pg_result **rows)
{
    struct co_context *context = branch->banks->running;
    char error[LEDGER_REASON];
    struct pg *pg = pg_connect(context, branch->conninfo, PG_APP_ROLE, error, sizeof error);
    bool good = pg && pg_run(context, pg, statement, values, rows) == PG_OK;
    if (!good)
        notice(NOTICE_TROUBLE, "database %s: %s", branch->name, pg ? pg_message(pg) : error);
    pg_close(&pg);
    return good;
}

/* All that the first knows to be there, at once: there may be many. False: one of the two could not
 * be asked. */
static bool ask_for_ours(struct branch *branch)
{
    static const struct pg_statement
        ceded = {0, "SELECT name FROM ledger_name WHERE database <> '' ORDER BY name"},
        ours = {1, "SELECT name FROM ledger_name WHERE database = $1 ORDER BY name"};
    struct banks *banks = branch->banks;
    struct pg_result *rows = NULL;
    if (!run_there(branch, &ceded, NULL, &rows))
        return false;
    take_names(&branch->ceded, rows);
    if (readers_run(banks->running, banks_at(banks, 0)->readers, &ours, &branch->name, &rows) !=
        PG_OK) {
        pg_free(&rows);
        return false;
    }
    take_names(&branch->ours, rows);
    branch->has_asked = true;
    return true;
}

static bool is_known_as_others(const struct banks_names *others, const char *name)
{
    for (size_t i = 0; i < others->count; i++)
        if (strcmp(others->names[i], name) == 0)
            return true;
    return false;
}

/* Also for those who look at that database alone, as the audit does. "": it is there. */
static void cede(struct branch *branch, const char *name, const char *home)
{
    static const struct pg_statement say = {2, "SELECT ledger_cede($1, $2)"};
    const char *values[] = {name, home};
    (void)run_there(branch, &say, values, NULL);
}

static void note_others(struct branch *branch, const char *name, size_t home)
{
    const struct banks *banks = branch->banks;
    const char *its = home < banks->count ? banks->branches[home].name : "another one";
    cede(branch, name, its);
    if (add_name(&branch->others, name))
        notice(NOTICE_TROUBLE,
            "database %s has a ledger %s, which is not served: that name is a ledger's of %s",
            branch->name, name, its);
}

/* What was ceded while the databases had other names is its own again. */
static enum bank_admission admit(struct branch *branch, const char *name)
{
    if (has_name(&branch->ceded, name))
        cede(branch, name, "");
    return BANK_ADMITTED;
}

static enum bank_admission be_unsure(struct branch *branch)
{
    atomic_store(&branch->unsure_ns, co_clock_now_ns());
    return BANK_NOBODY_SAYS;
}

enum bank_admission banks_admits(void *arg, const char *name)
{
    struct branch *branch = arg;
    struct banks *banks = branch->banks;
    size_t own = (size_t)(branch - banks->branches), home = own;
    if (!branch->has_asked && !ask_for_ours(branch))
        return be_unsure(branch);
    if (has_name(&branch->ours, name))
        return admit(branch, name);
    /* Asked once: a name stays where it is. */
    if (is_known_as_others(&branch->others, name))
        return BANK_KEPT_OUT;
    if (strcmp(name, BANK_NAME_MAIN) == 0)
        home = 0;
    else if (!banks_reserve(banks->running, banks, name, &home))
        return be_unsure(branch);
    if (home == own)
        return admit(branch, name);
    note_others(branch, name, home);
    return BANK_KEPT_OUT;
}
