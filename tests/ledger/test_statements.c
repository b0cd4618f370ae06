/* SPDX-License-Identifier: MIT */
/* The SQL that the ledger sends, and its migrations: fit for tables that are distributed over nodes
 * by their ledger. Last of all suites: what those before it have sent is looked at, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/co.h"
#include "ledger/db/pg.h"
#include "ledger/db/sql_statement.h"
#include "ledger/embed.h"
#include "ledger/ledger_reads.h"
#include "tests/ledger/requests.h"
#include "tests/ledger/sent.h"
#include "tests/ledger/sql_lint.h"
#include "tests/ledger/storm.h"

/* ---- the checker itself ---------------------------------------------------------------------- */

static const struct {
    const char *text, *wrong; /* "": nothing */
} samples[] = {
    {"SELECT 1 FROM entry WHERE ledger = $1", ""},
    {"SELECT 1 FROM entry e WHERE $1::int = e.ledger AND seq > 1", ""},
    {"COPY (SELECT 1 FROM entry WHERE ledger = 7) TO STDOUT", ""},
    {"SELECT 1 FROM entry", "entry: "},
    {"SELECT 1 FROM entry WHERE ledger = $1 OR seq = 1", "entry: "},
    {"SELECT 1 FROM entry WHERE ledger > $1", "entry: "},
    {"SELECT 1 FROM entry WHERE ledger = (SELECT 1)", "entry: "},
    {"SELECT 1 FROM entry e JOIN hold h ON h.ledger = $1 WHERE e.ledger = $1", ""},
    {"SELECT 1 FROM entry e JOIN hold h ON h.ledger = e.ledger WHERE e.ledger = $1", "hold h: "},
    {"SELECT 1 FROM entry e JOIN hold h USING (ledger) WHERE ledger = $1", "entry e: "},
    {"SELECT 1 FROM entry e, LATERAL (SELECT 1 FROM hold x WHERE x.ledger = e.ledger) h"
     " WHERE e.ledger = $1",
        "hold x: "},
    {"SELECT 1 FROM entry e WHERE ledger = $1 AND EXISTS (SELECT FROM hold h)", "hold h: "},
    {"WITH w AS (SELECT 1 FROM hold) SELECT 1 FROM w, other", "hold: "},
    {"SELECT 1 FROM entry WHERE ledger = 1 UNION ALL SELECT 1 FROM hold", "hold: "},
    {"SELECT (SELECT 1 FROM hold) FROM other", "hold: "},
    {"UPDATE entry SET seq = 1", "entry: "},
    {"DELETE FROM entry USING hold h WHERE entry.ledger = 1 AND h.ledger = 1", ""},
    {"INSERT INTO other SELECT 1 FROM hold", "hold: "},
    {"BEGIN; SELECT 1 FROM hold; COMMIT", "hold: "},
    {"SELECT 1 FROM other; SELECT batch_advance(1)", ""},
    {"SELECT 1 FROM teller.entry", ""},
    {"CREATE VIEW v AS SELECT 1 FROM entry", ""},
    {"no SQL at all", ""},
};

static const struct {
    const char *text, *wrong;
} migrations[] = {
    {"ALTER TABLE a ADD COLUMN b int NOT NULL DEFAULT 0; CREATE VIEW v AS SELECT 1", ""},
    {"ALTER TABLE a ADD COLUMN b int, ADD COLUMN c int", "several"},
    {"ALTER TABLE a ADD COLUMN b int CHECK (b > 0)", "without a name"},
    {"ALTER TABLE a ADD COLUMN b int CONSTRAINT b_is_positive CHECK (b > 0)", ""},
    {"ALTER TABLE a ADD UNIQUE (b)", "without a name"},
    {"ALTER TABLE a ADD CONSTRAINT b_once UNIQUE (b)", ""},
    {"ALTER TABEL a", "not SQL"},
};

static const struct {
    const char *text, *wrong;
} bodied[] = {
    {"CREATE FUNCTION f(l int) RETURNS void LANGUAGE sql AS $$\n"
     "    DELETE FROM entry WHERE ledger = l;\n    DELETE FROM hold WHERE ledger = l; $$",
        ""},
    {"CREATE FUNCTION f(l int) RETURNS void LANGUAGE sql AS $$ DELETE FROM hold $$", "hold: "},
    {"CREATE FUNCTION f(l int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE a int; BEGIN\n"
     "    SELECT 1 INTO a FROM entry WHERE ledger = l;\n"
     "    IF EXISTS (SELECT FROM hold WHERE ledger = l) THEN RETURN a; END IF; END $$",
        ""},
    {"CREATE FUNCTION f(l int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN\n"
     "    DELETE FROM entry WHERE ctid = ANY (ARRAY(SELECT ctid FROM entry WHERE ledger = l));\n"
     "    RETURN 1; END $$",
        "entry: "},
    {"CREATE FUNCTION f(l int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN\n"
     "    IF EXISTS (SELECT FROM hold) THEN RETURN 1; END IF; END $$",
        "hold: "},
    {"CREATE FUNCTION f(l int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN\n"
     "    RETURN (SELECT max(seq) FROM entry WHERE ledger = m); END $$",
        "entry: "},
    {"CREATE FUNCTION f(l int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $$", "not PL"},
};

static void expect(const char *text, bool good, const char *finding, const char *wrong)
{
    bool right = *wrong ? !good && strstr(finding, wrong) : good;
    CU_ASSERT(right);
    if (!right)
        printf("\n    %s: %s", text, *finding ? finding : "nothing is found");
}

static void judge_samples(void *arg)
{
    char finding[SQL_LINT_TEXT];
    (void)arg;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        bool good = sql_lint_ledgers(samples[i].text, " entry hold ", finding);
        expect(samples[i].text, good, finding, samples[i].wrong);
    }
    for (size_t i = 0; i < sizeof migrations / sizeof migrations[0]; i++) {
        bool good = sql_lint_migration(migrations[i].text, finding);
        expect(migrations[i].text, good, finding, migrations[i].wrong);
    }
    for (size_t i = 0; i < sizeof bodied / sizeof bodied[0]; i++) {
        bool good = sql_lint_function(bodied[i].text, " l ", " entry hold ", finding);
        expect(bodied[i].text, good, finding, bodied[i].wrong);
    }
}

static void faults_are_seen(void)
{
    sql_lint_run(judge_samples, NULL);
}

/* ---- statements ------------------------------------------------------------------------------ */

/* Those that are about all ledgers on purpose. */
static const char *const of_all[] = {
    "SELECT r.*, n.xmin, n.began FROM",       /* who owns what */
    "SELECT w.ledger, coalesce(w.server, 0)", /* how busy each is */
    "SELECT l.no, l.name, coalesce((SELECT",  /* what went between them: audit_clearing.c */
};

struct judging {
    char tables[2000];
    size_t judged;
};

static void judge(const char *text, void *arg)
{
    struct judging *judging = arg;
    char finding[SQL_LINT_TEXT];
    for (size_t i = 0; i < sizeof of_all / sizeof of_all[0]; i++)
        if (strncmp(text, of_all[i], strlen(of_all[i])) == 0)
            return;
    judging->judged++;
    bool good = sql_lint_ledgers(text, judging->tables, finding);
    CU_ASSERT(good);
    if (!good)
        printf("\n    %s\n        in: %s\n", finding, text);
}

static void judge_sent(void *arg)
{
    sent_each(judge, arg);
}

/* Tables whose rows are a ledger's, and views of them. */
static const char tables_sql[] =
    "SELECT ' ' || string_agg(c.relname, ' ') || ' ' FROM pg_class c JOIN pg_attribute a"
    " ON a.attrelid = c.oid AND a.attname = 'ledger' AND c.relkind IN ('r', 'p', 'v')"
    " WHERE c.relnamespace = 'teller'::regnamespace";

static void read_back(struct ledger *ledger)
{
    enum { PAGE = 50 };
    struct co_context *context = co_context_background();
    struct entry *entries[PAGE];
    struct ledger_entry_page page = {.entries = entries, .limit = PAGE};
    CU_ASSERT_EQUAL(ledger_journal(context, ledger, 0, &page), LEDGER_OK);
    while (page.count > 0)
        entry_drop(&page.entries[--page.count]);
    CU_ASSERT_EQUAL(ledger_statement(context, ledger, "a", 0, &page), LEDGER_OK);
    while (page.count > 0)
        entry_drop(&page.entries[--page.count]);
}

static void each_names_its_ledger(void)
{
    enum { REQUESTS = 200, AT_LEAST = 40 };
    struct judging judging = {.judged = 0};
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, "owner");
    struct storm storm = {.ledger = ledger, .random = unit_seed(), .name = "statements"};
    storm_prepare(ledger);
    for (int i = 0; i < REQUESTS; i++)
        storm_request(&storm);
    fixture_check(ledger);
    ledger = request_restart(ledger, db, "sharded");
    read_back(ledger);
    fixture_check(ledger);
    ledger_close(&ledger);

    snprintf(judging.tables, sizeof judging.tables, "%s", fixture_ask(db, tables_sql));
    CU_ASSERT_PTR_NOT_NULL(strstr(judging.tables, " entry "));
    CU_ASSERT_PTR_NOT_NULL(strstr(judging.tables, " balances "));
    sql_lint_run(judge_sent, &judging);
    CU_ASSERT(judging.judged >= AT_LEAST);
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Those of one ledger, which they call `l`. */
static const char functions_sql[] =
    "SELECT p.proname, ' ' || array_to_string(p.proargnames, ' ') || ' ',"
    " pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'teller'::regnamespace"
    " AND 'l' = ANY (p.proargnames) ORDER BY p.oid";

struct bodies {
    const struct pg_result *functions;
    const char *tables;
};

static void judge_bodies(void *arg)
{
    const struct bodies *bodies = arg;
    char finding[SQL_LINT_TEXT];
    for (size_t i = 0; i < pg_rows(bodies->functions); i++) {
        const char *name = pg_text(bodies->functions, i, 0);
        bool good = sql_lint_function(pg_text(bodies->functions, i, 2),
            pg_text(bodies->functions, i, 1), bodies->tables, finding);
        /* It asks, on purpose, whether any ledger at all is on its way to another server. */
        if (strcmp(name, "writer_pull") == 0)
            continue;
        CU_ASSERT(good);
        if (!good)
            printf("\n    %s(): %s", name, finding);
    }
}

static void functions_name_their_ledger(void)
{
    enum { AT_LEAST = 10 };
    char tables[2000], error[400];
    const char *db = fixture_database();
    struct ledger *ledger = fixture_open(db, "owner");
    ledger_close(&ledger);
    snprintf(tables, sizeof tables, "%s", fixture_ask(db, tables_sql));

    static const struct pg_statement ask = {.sql = functions_sql};
    struct pg_result *functions = NULL;
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pg);
    CU_ASSERT_EQUAL(pg_run(co_context_background(), pg, &ask, NULL, &functions), PG_OK);
    CU_ASSERT(pg_rows(functions) >= AT_LEAST);
    struct bodies bodies = {functions, tables};
    sql_lint_run(judge_bodies, &bodies);
    pg_free(&functions);
    pg_close(&pg);
}

/* ---- migrations ------------------------------------------------------------------------------ */

/* Cut into statements as migrate.c does, each is one for the parser, and none is lost. */
static void judge_cuts(void *arg)
{
    (void)arg;
    for (const struct embed *file = embed_sql; file->name; file++) {
        const char *text = (const char *)file->data;
        size_t count = 0, length, expected = sql_lint_count(text);
        for (; (length = sql_statement_length(text)) > 0; text += length) {
            char *statement = strndup(text, length);
            size_t here = sql_lint_count(statement);
            CU_ASSERT(here == 1);
            if (here != 1)
                printf("\n    sql/%s: %s", file->name, statement);
            count += here;
            free(statement);
        }
        CU_ASSERT(count == expected && count > 0);
    }
}

static void scripts_are_cut_into_statements(void)
{
    static const char text[] = "SELECT ';', \"a;b\" -- ;\n;/* ; */ DO $$;$$; DO $a$ $$;$a$ ; $1;\n";
    static const size_t lengths[] = {24, 18, 16, 4, 0};
    size_t at = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        CU_ASSERT_EQUAL(sql_statement_length(text + at), lengths[i]);
        at += lengths[i];
    }
    CU_ASSERT_EQUAL(sql_statement_length("'never ended;"), 13);
    sql_lint_run(judge_cuts, NULL);
}

static void judge_migrations(void *arg)
{
    size_t *judged = arg;
    char finding[SQL_LINT_TEXT];
    for (const struct embed *file = embed_sql; file->name; file++) {
        if (strtol(file->name, NULL, 10) < 18)
            continue;
        bool good = sql_lint_migration((const char *)file->data, finding);
        CU_ASSERT(good);
        if (!good)
            printf("\n    sql/%s: %s", file->name, finding);
        ++*judged;
    }
}

static void migrations_do_one_thing_at_a_time(void)
{
    size_t judged = 0;
    sql_lint_run(judge_migrations, &judged);
    CU_ASSERT(judged > 0);
}

const struct unit_suite statements_suite = {.name = "statements",
    .tests = (const struct unit_test[]){{"faults_are_seen", faults_are_seen},
        {"each_names_its_ledger", each_names_its_ledger},
        {"functions_name_their_ledger", functions_name_their_ledger},
        {"scripts_are_cut_into_statements", scripts_are_cut_into_statements},
        {"migrations_do_one_thing_at_a_time", migrations_do_one_thing_at_a_time}, {0}}};
