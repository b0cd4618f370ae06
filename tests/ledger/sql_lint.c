/* SPDX-License-Identifier: MIT */
#include "tests/ledger/sql_lint.h"

#include <jansson.h>
#include <pg_query.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"

enum { TABLES = 32, STACK = 16 << 20 };

/* ---- a thread ------------------------------------------------------------------------------- */

struct work {
    void (*run)(void *arg);
    void *arg;
};

static void *run_work(void *arg)
{
    struct work *work = arg;
    work->run(work->arg);
    return NULL;
}

void sql_lint_run(void (*run)(void *arg), void *arg)
{
    struct work work = {run, arg};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    co_ensure(pthread_create(&thread, &attributes, run_work, &work) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
}

/* ---- parse trees ---------------------------------------------------------------------------- */

/* The caller's; NULL: it is not SQL. */
static json_t *parse(const char *text)
{
    PgQueryParseResult result = pg_query_parse(text);
    json_t *tree = result.error ? NULL : json_loads(result.parse_tree, 0, NULL);
    pg_query_free_parse_result(result);
    return tree;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The n-th of a list of names, "" if there is none. */
static const char *name_at(const json_t *names, size_t n)
{
    return text_of(json_object_get(json_array_get(names, n), "String"), "sval");
}

/* ---- does each table say which ledger? ------------------------------------------------------ */

/* The tables of one FROM, and which of them have said it. */
struct level {
    const char *names[TABLES], *tables[TABLES];
    bool said[TABLES];
    size_t count;
};

struct lint {
    const char *tables;    /* that have a ledger */
    const char *arguments; /* of the function that it is in */
    char *finding;
};

static bool has_word(const char *words, const char *one)
{
    char word[80];
    snprintf(word, sizeof word, " %s ", one);
    return strstr(words, word) != NULL;
}

static bool is_given(const struct lint *lint, const json_t *node)
{
    const json_t *cast = json_object_get(node, "TypeCast"),
                 *names = json_object_get(json_object_get(node, "ColumnRef"), "fields");
    if (cast)
        return is_given(lint, json_object_get(cast, "arg"));
    return json_object_get(node, "ParamRef") || json_object_get(node, "A_Const") ||
           (json_array_size(names) == 1 && has_word(lint->arguments, name_at(names, 0)));
}

/* `ledger`, or `name.ledger`: the table that it is of has said it. */
static void note_column(struct level *level, const json_t *node)
{
    const json_t *fields = json_object_get(json_object_get(node, "ColumnRef"), "fields");
    size_t count = json_array_size(fields);
    if (count < 1 || count > 2 || strcmp(name_at(fields, count - 1), "ledger") != 0)
        return;
    for (size_t i = 0; i < level->count; i++)
        if (count == 1 ? level->count == 1 : strcmp(name_at(fields, 0), level->names[i]) == 0)
            level->said[i] = true;
}

/* A condition that must hold: what its parts, joined by AND, say. */
static void read_condition(const struct lint *lint, struct level *level, const json_t *node)
{
    size_t i;
    json_t *part;
    const json_t *both = json_object_get(node, "BoolExpr");
    if (both && strcmp(text_of(both, "boolop"), "AND_EXPR") == 0)
        json_array_foreach(json_object_get(both, "args"), i, part)
            read_condition(lint, level, part);
    const json_t *compared = json_object_get(node, "A_Expr");
    const json_t *left = json_object_get(compared, "lexpr"),
                 *right = json_object_get(compared, "rexpr");
    if (!compared || strcmp(text_of(compared, "kind"), "AEXPR_OP") != 0 ||
        strcmp(name_at(json_object_get(compared, "name"), 0), "=") != 0)
        return;
    if (is_given(lint, right))
        note_column(level, left);
    if (is_given(lint, left))
        note_column(level, right);
}

static void add_table(const struct lint *lint, struct level *level, const json_t *table)
{
    const char *name = text_of(table, "relname"),
               *alias = text_of(json_object_get(table, "alias"), "aliasname");
    if (!has_word(lint->tables, name) || *text_of(table, "schemaname") || level->count == TABLES)
        return;
    level->tables[level->count] = name;
    level->names[level->count++] = *alias ? alias : name;
}

/* First the tables, then the conditions beside them. */
static void add_from(const struct lint *lint, struct level *level, const json_t *item)
{
    const json_t *join = json_object_get(item, "JoinExpr"),
                 *table = json_object_get(item, "RangeVar");
    if (table)
        add_table(lint, level, table);
    if (join) {
        add_from(lint, level, json_object_get(join, "larg"));
        add_from(lint, level, json_object_get(join, "rarg"));
    }
}

static void read_joins(const struct lint *lint, struct level *level, const json_t *item)
{
    const json_t *join = json_object_get(item, "JoinExpr");
    if (!join)
        return;
    read_joins(lint, level, json_object_get(join, "larg"));
    read_joins(lint, level, json_object_get(join, "rarg"));
    read_condition(lint, level, json_object_get(join, "quals"));
}

static void judge(const struct lint *lint, const struct level *level)
{
    for (size_t i = 0; i < level->count && !*lint->finding; i++)
        if (!level->said[i])
            snprintf(lint->finding, SQL_LINT_TEXT,
                "%s%s%s: its ledger is compared with no parameter where it stands",
                level->tables[i], level->names[i] == level->tables[i] ? "" : " ",
                level->names[i] == level->tables[i] ? "" : level->names[i]);
}

/* What reads or changes: SELECT, UPDATE, DELETE. `lists` are those of its members that name what it
 * reads. */
static void read_statement(const struct lint *lint, const json_t *statement)
{
    static const char *const lists[] = {"fromClause", "usingClause"};
    struct level level = {.count = 0};
    size_t i;
    json_t *item;
    const json_t *target = json_object_get(statement, "relation");
    if (target)
        add_table(lint, &level, target);
    for (int list = 0; list < 2; list++)
        json_array_foreach(json_object_get(statement, lists[list]), i, item)
            add_from(lint, &level, item);
    for (int list = 0; list < 2; list++)
        json_array_foreach(json_object_get(statement, lists[list]), i, item)
            read_joins(lint, &level, item);
    read_condition(lint, &level, json_object_get(statement, "whereClause"));
    judge(lint, &level);
}

/* The halves of a UNION are SELECTs that are not called so. */
static bool is_select(const char *name, const json_t *value)
{
    return strcmp(name, "SelectStmt") == 0 || strcmp(name, "UpdateStmt") == 0 ||
           strcmp(name, "DeleteStmt") == 0 || json_object_get(value, "limitOption");
}

/* Do that for each member of each object, outer ones first; false: what is in it is left out. */
static void each_member(const struct lint *lint, json_t *node,
    bool (*heed)(const struct lint *lint, const char *name, json_t *value))
{
    const char *name;
    size_t i;
    json_t *part;
    if (json_is_array(node))
        json_array_foreach(node, i, part) each_member(lint, part, heed);
    if (json_is_object(node))
        json_object_foreach(node, name, part) if (heed(lint, name, part))
            each_member(lint, part, heed);
}

static bool heed_node(const struct lint *lint, const char *name, json_t *value)
{
    if (strcmp(name, "ViewStmt") == 0)
        return false;
    if (is_select(name, value))
        read_statement(lint, value);
    return true;
}

static void judge_text(const struct lint *lint, const char *text)
{
    json_t *tree = parse(text);
    each_member(lint, tree, heed_node);
    json_decref(tree);
}

bool sql_lint_ledgers(const char *text, const char *tables, char finding[SQL_LINT_TEXT])
{
    const struct lint lint = {tables, "", finding};
    *finding = '\0';
    judge_text(&lint, text);
    return !*finding;
}

/* ---- functions ------------------------------------------------------------------------------ */

/* What PL/pgSQL hands to SQL: a statement, or an expression, which may have a SELECT in it. */
static void judge_expression(const struct lint *lint, const char *text)
{
    char *select = NULL;
    judge_text(lint, text);
    co_ensure(asprintf(&select, "SELECT %s", text) > 0);
    judge_text(lint, select);
    free(select);
}

static bool heed_body(const struct lint *lint, const char *name, json_t *value)
{
    if (strcmp(name, "PLpgSQL_expr") == 0)
        judge_expression(lint, text_of(value, "query"));
    return true;
}

/* The text between the two $$ of a function of SQL. */
static void judge_between(const struct lint *lint, const char *text)
{
    const char *from = strstr(text, "AS $"), *to = NULL;
    if (from && (from = strchr(from + 4, '$')))
        to = strstr(++from, "$");
    char *body = to ? strndup(from, (size_t)(to - from)) : NULL;
    co_ensure(body != NULL);
    judge_text(lint, body);
    free(body);
}

/* The library loses the empty text of what it would have written to stderr, at each function. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:pg_query_raw_parse\n";
}

bool sql_lint_function(
    const char *text, const char *arguments, const char *tables, char finding[SQL_LINT_TEXT])
{
    const struct lint lint = {tables, arguments, finding};
    *finding = '\0';
    if (!strstr(text, "LANGUAGE plpgsql")) {
        judge_between(&lint, text);
        return !*finding;
    }
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(text);
    json_t *body = result.error ? NULL : json_loads(result.plpgsql_funcs, 0, NULL);
    if (!body)
        snprintf(finding, SQL_LINT_TEXT, "it is not PL/pgSQL");
    each_member(&lint, body, heed_body);
    json_decref(body);
    pg_query_free_plpgsql_parse_result(result);
    return !*finding;
}

/* ---- migrations ----------------------------------------------------------------------------- */

/* One that PostgreSQL would name by itself; NOT NULL, DEFAULT and the like have no names. */
static bool lacks_name(const json_t *constraint)
{
    static const char *const named[] = {
        "CONSTR_CHECK", "CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_FOREIGN", "CONSTR_EXCLUSION"};
    if (*text_of(constraint, "conname"))
        return false;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (strcmp(text_of(constraint, "contype"), named[i]) == 0)
            return true;
    return false;
}

static bool has_nameless(json_t *node)
{
    const char *name;
    size_t i;
    json_t *part;
    if (json_is_array(node))
        json_array_foreach(node, i, part) if (has_nameless(part)) return true;
    if (json_is_object(node))
        json_object_foreach(
            node, name, part) if ((strcmp(name, "Constraint") == 0 && lacks_name(part)) ||
                                  has_nameless(part)) return true;
    return false;
}

bool sql_lint_migration(const char *text, char finding[SQL_LINT_TEXT])
{
    json_t *tree = parse(text), *item;
    size_t i;
    *finding = '\0';
    if (!tree)
        snprintf(finding, SQL_LINT_TEXT, "it is not SQL");
    json_array_foreach(json_object_get(tree, "stmts"), i, item)
    {
        json_t *alter = json_object_get(json_object_get(item, "stmt"), "AlterTableStmt");
        const char *table = text_of(json_object_get(alter, "relation"), "relname");
        if (!alter || *finding)
            continue;
        if (json_array_size(json_object_get(alter, "cmds")) > 1)
            snprintf(finding, SQL_LINT_TEXT, "ALTER TABLE %s does several things at once", table);
        else if (has_nameless(alter))
            snprintf(finding, SQL_LINT_TEXT, "ALTER TABLE %s constrains without a name", table);
    }
    json_decref(tree);
    return !*finding;
}

size_t sql_lint_count(const char *text)
{
    json_t *tree = parse(text);
    size_t count = json_array_size(json_object_get(tree, "stmts"));
    json_decref(tree);
    return count;
}
