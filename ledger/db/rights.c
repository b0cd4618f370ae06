/* SPDX-License-Identifier: MIT */
#include "ledger/db/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/embed.h"

/* The user we work as, then what that role may not do and should, and what it may do and should
 * not; whether the role exists at all, and who owns the schema. */
static const struct pg_statement check = {
    .sql = "WITH t AS (SELECT oid, relname AS name FROM pg_class"
           "  WHERE relnamespace = 'teller'::regnamespace AND relkind IN ('r', 'p')),"
           " lacks AS ("
           "  SELECT 'SELECT of ' || relname AS what FROM pg_class"
           "   WHERE relnamespace = 'teller'::regnamespace AND relkind IN ('r', 'p', 'v')"
           "     AND NOT has_table_privilege(oid, 'SELECT')"
           "  UNION ALL SELECT a.privilege || ' of ' || a.name FROM app_right a"
           "   JOIN t ON a.kind = 'table' AND t.name = a.name"
           "   WHERE NOT has_any_column_privilege(t.oid, a.privilege)"
           "  UNION ALL SELECT 'EXECUTE of ' || a.name FROM app_right a"
           "   JOIN pg_proc p ON a.kind = 'function' AND p.proname = a.name"
           "    AND p.pronamespace = 'teller'::regnamespace"
           "   WHERE NOT has_function_privilege(p.oid, 'EXECUTE')),"
           " excess AS ("
           "  SELECT DISTINCT t.name AS what FROM t"
           "   CROSS JOIN (VALUES ('UPDATE'), ('DELETE'), ('TRUNCATE')) p (privilege)"
           "   LEFT JOIN app_right a ON a.kind = 'table' AND a.name = t.name"
           "    AND a.privilege = p.privilege"
           "   WHERE has_table_privilege(t.oid, p.privilege) OR (a.name IS NULL"
           "    AND p.privilege = 'UPDATE' AND has_any_column_privilege(t.oid, 'UPDATE')))"
           " SELECT current_user, (SELECT left(string_agg(what, ', '), 250) FROM lacks),"
           "  (SELECT left(string_agg(what, ', '), 120) FROM excess),"
           "  EXISTS (SELECT FROM pg_roles WHERE rolname = '" PG_APP_ROLE "'),"
           "  pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'teller'"};

static void tell_excess(const struct pg_result *row, char reason[RIGHTS_REASON])
{
    const char *who = pg_text(row, 0, 0), *role = *pg_text(row, 0, 3) == 't' ? "" : PG_APP_ROLE;
    size_t length = (size_t)snprintf(reason, RIGHTS_REASON,
        "as %s the service could change or delete rows of %s; ", who, pg_text(row, 0, 2));
    if (strcmp(who, PG_APP_ROLE) == 0)
        snprintf(reason + length, RIGHTS_REASON - length,
            "run teller migrate as the owner of the schema teller, %s", pg_text(row, 0, 4));
    else
        snprintf(reason + length, RIGHTS_REASON - length,
            "it works as the role " PG_APP_ROLE
            ", so have a superuser run:%s%s%s GRANT " PG_APP_ROLE " TO %s; then teller migrate",
            *role ? " CREATE ROLE " : "", role, *role ? " NOLOGIN;" : "", who);
}

static void tell(const struct pg_result *row, bool all, char reason[RIGHTS_REASON])
{
    if (!pg_is_null(row, 0, 2))
        tell_excess(row, reason);
    else if (all && !pg_is_null(row, 0, 1))
        snprintf(reason, RIGHTS_REASON,
            "%s lacks rights in the schema teller (%s); run teller migrate as its owner, %s",
            pg_text(row, 0, 0), pg_text(row, 0, 1), pg_text(row, 0, 4));
}

/* Without the right to look at the list of rights, or without the list. */
static bool is_shut_out(const struct pg *pg)
{
    return strcmp(pg_sqlstate(pg), "42501") == 0 || strcmp(pg_sqlstate(pg), "42P01") == 0;
}

enum pg_status rights_check(
    struct co_context *context, struct pg *pg, bool all, char reason[RIGHTS_REASON])
{
    static const struct pg_statement become = {
        .sql = "SELECT set_config('role', rolname, true) FROM pg_roles"
               " WHERE rolname = '" PG_APP_ROLE "' AND pg_has_role(oid, 'MEMBER')"};
    struct pg_result *row = NULL;
    *reason = '\0';
    enum pg_status status = pg_script(context, pg, "BEGIN"); /* the role lasts until its end */
    if (status == PG_OK)
        status = pg_run(context, pg, &become, NULL, NULL);
    if (status == PG_OK)
        status = pg_run(context, pg, &check, NULL, &row);
    if (status == PG_OK && pg_rows(row) == 1) {
        tell(row, all, reason);
    } else if (status == PG_ERROR && is_shut_out(pg)) {
        snprintf(reason, RIGHTS_REASON,
            "%s: rights are missing; run teller migrate as the owner of the schema teller",
            pg_message(pg));
        status = PG_OK;
    }
    pg_free(&row);
    if (status != PG_LOST && pg_script(context, pg, "ROLLBACK") != PG_OK)
        status = PG_LOST;
    return status;
}

enum pg_status rights_grant(struct co_context *context, struct pg *pg, char *error, size_t size)
{
    static const char frame[] =
        "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(" RIGHTS_LOCK ");"
        "SET LOCAL search_path = teller, pg_temp;\n%s\nCOMMIT";
    const struct embed *file = embed_sql;
    while (file->name && strcmp(file->name, "grants.sql") != 0)
        file++;
    co_ensure(file->name != NULL); /* the build puts it there */
    const char *text = (const char *)file->data;
    int length = snprintf(NULL, 0, frame, text);
    char *sql = malloc((size_t)length + 1);
    if (!sql) {
        snprintf(error, size, "out of memory");
        return PG_LOST;
    }
    snprintf(sql, (size_t)length + 1, frame, text);
    enum pg_status status = pg_script(context, pg, sql);
    free(sql);
    if (status == PG_OK)
        return PG_OK;
    snprintf(error, size, "grants.sql: %s", pg_message(pg));
    if (status == PG_ERROR && pg_script(context, pg, "ROLLBACK") != PG_OK)
        status = PG_LOST;
    return status;
}
