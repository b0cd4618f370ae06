/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/runtime.h"
#include "ledger/pg.h"
#include "server/api.h"
#include "server/cmd.h"
#include "server/database.h"
#include "server/json_out.h"
#include "server/options.h"

enum { ERROR_TEXT = 400 };

struct audit {
    const char *ledger;
    bool as_json;
    struct database_options database;
    int exit_code;
};

/* Both see the same moment: they run in one snapshot. */
static const struct pg_statement figures = {0, 1,
    "SELECT l.no, (SELECT coalesce(max(seq), 0) FROM entry e WHERE e.ledger = l.no),"
    " (SELECT count(*) FROM entry e WHERE e.ledger = l.no),"
    " (SELECT count(*) FROM account a WHERE a.ledger = l.no) FROM ledger l WHERE l.name = $1"};
static const struct pg_statement findings = {
    1, 1, "SELECT invariant, seq, finding FROM audit WHERE ledger = $1 ORDER BY seq LIMIT 10000"};

static void print_text(
    const struct audit *audit, const struct pg_result *about, const struct pg_result *found)
{
    for (size_t i = 0; i < pg_rows(found); i++)
        printf(
            "%s: seq %s: %s\n", pg_text(found, i, 0), pg_text(found, i, 1), pg_text(found, i, 2));
    printf("ledger %s: %" PRId64 " entries up to seq %" PRId64 ", %" PRId64 " accounts: ",
        audit->ledger, pg_number(about, 0, 2), pg_number(about, 0, 1), pg_number(about, 0, 3));
    if (pg_rows(found) == 0)
        puts("every invariant holds");
    else
        printf("%zu finding(s)\n", pg_rows(found));
}

static void print_json(
    const struct audit *audit, const struct pg_result *about, const struct pg_result *found)
{
    char memory[1024];
    struct arena arena;
    struct json_out out;
    arena_init(&arena, memory, sizeof memory);
    json_out_begin(&out, &arena);
    json_out_open(&out, '{');
    json_out_key(&out, "ok");
    json_out_bool(&out, pg_rows(found) == 0);
    json_out_key(&out, "ledger");
    json_out_text(&out, audit->ledger);
    json_out_key(&out, "seq");
    json_out_number(&out, (uint64_t)pg_number(about, 0, 1));
    json_out_key(&out, "entries");
    json_out_number(&out, (uint64_t)pg_number(about, 0, 2));
    json_out_key(&out, "accounts");
    json_out_number(&out, (uint64_t)pg_number(about, 0, 3));
    json_out_key(&out, "findings");
    json_out_open(&out, '[');
    for (size_t i = 0; i < pg_rows(found); i++) {
        json_out_open(&out, '{');
        json_out_key(&out, "invariant");
        json_out_text(&out, pg_text(found, i, 0));
        json_out_key(&out, "seq");
        json_out_number(&out, (uint64_t)pg_number(found, i, 1));
        json_out_key(&out, "finding");
        json_out_text(&out, pg_text(found, i, 2));
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    printf("%.*s\n", (int)out.length, out.text);
    arena_clear(&arena);
}

static bool ask(struct context *context, struct pg *pg, struct audit *audit)
{
    struct pg_result *about = NULL, *found = NULL;
    bool good =
        pg_script(context, pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") == PG_OK &&
        pg_run(context, pg, &figures, &audit->ledger, &about) == PG_OK;
    if (good && pg_rows(about) == 0) {
        fprintf(stderr, "teller: there is no ledger %s\n", audit->ledger);
        pg_free(&about);
        return true;
    }
    if (good) {
        const char *number = pg_text(about, 0, 0);
        good = pg_run(context, pg, &findings, &number, &found) == PG_OK;
    }
    if (good) {
        (audit->as_json ? print_json : print_text)(audit, about, found);
        audit->exit_code = pg_rows(found) == 0 ? 0 : 1;
    }
    pg_free(&found);
    pg_free(&about);
    return good;
}

static void run(void *arg)
{
    struct audit *audit = arg;
    struct database database;
    char error[ERROR_TEXT];
    struct context *context = context_background();
    audit->exit_code = 1;
    if (!database_open(context, &audit->database, &database, error, sizeof error)) {
        fprintf(stderr, "teller: %s\n", error);
        return;
    }
    struct pg *pg = pg_connect(context, database.conninfo, NULL, error, sizeof error);
    if (!pg)
        fprintf(stderr, "teller: %s\n", error);
    else if (!ask(context, pg, audit))
        fprintf(stderr, "teller: %s\n", pg_message(pg));
    if (pg)
        pg_close(&pg);
    database_close(&database);
}

int cmd_audit(int argc, char **argv)
{
    struct option flags[] = {
        {"ledger", "NAME", "which ledger", API_LEDGER},
        {"json", NULL, "print one JSON object", NULL},
        {"data", "DIR", "the data folder", "var"},
        {"database", "URL", "the PostgreSQL server, if not the private one", NULL},
        {"postgres-bin", "DIR", "where initdb and postgres are", NULL},
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller audit [flags]",
        "Replay the journal and check every invariant, in the database, also while a service is\n"
        "running on it. Exit 0 only if all hold.",
        flags};
    const char *words[1];
    static struct audit audit;
    switch (options_parse(&options, argc, argv, 2, words, 0)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return 2;
    case OPTIONS_GOOD:
        break;
    }
    audit.ledger = options_value(&options, "ledger");
    audit.as_json = options_value(&options, "json") != NULL;
    audit.database = (struct database_options){.data = options_value(&options, "data"),
        .url = options_value(&options, "database"),
        .postgres_bin = options_value(&options, "postgres-bin")};
    (void)runtime_run(NULL, run, &audit);
    return audit.exit_code;
}
