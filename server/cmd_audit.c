/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/runtime.h"
#include "ledger/audit.h"
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

static void print_text(const struct audit *audit, const struct audit_report *report)
{
    fputs(report->text, stdout);
    printf("ledger %s: %" PRIu64 " entries up to seq %" PRIu64 ", %" PRIu64 " postings, %" PRIu64
           " accounts, %" PRIu64 " batches, %" PRIu64 " holds: ",
        audit->ledger, report->entries, report->seq, report->postings, report->accounts,
        report->batches, report->holds);
    if (report->found == 0)
        puts("every invariant holds");
    else
        printf("%" PRIu64 " finding(s)\n", report->found);
}

static void print_json(const struct audit *audit, struct audit_report *report)
{
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {{"seq", report->seq}, {"entries", report->entries},
        {"postings", report->postings}, {"accounts", report->accounts},
        {"batches", report->batches}, {"holds", report->holds}, {"found", report->found}};
    char memory[1024];
    struct arena arena;
    struct json_out out;
    arena_init(&arena, memory, sizeof memory);
    json_out_begin(&out, &arena);
    json_out_open(&out, '{');
    json_out_key(&out, "ok");
    json_out_bool(&out, report->found == 0);
    json_out_key(&out, "ledger");
    json_out_text(&out, audit->ledger);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        json_out_key(&out, figures[i].name);
        json_out_number(&out, figures[i].value);
    }
    json_out_key(&out, "findings");
    json_out_open(&out, '[');
    for (char *rest = report->text, *line; (line = strsep(&rest, "\n"));)
        if (*line)
            json_out_text(&out, line);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    printf("%.*s\n", (int)out.length, out.text);
    arena_clear(&arena);
}

/* The number of the ledger in the database; 0: there is none of that name; -1: could not ask. */
static int find_ledger(struct context *context, struct pg *pg, const char *name)
{
    static const struct pg_statement find = {0, 1, "SELECT no FROM ledger WHERE name = $1"};
    struct pg_result *rows = NULL;
    if (pg_run(context, pg, &find, &name, &rows) != PG_OK)
        return -1;
    int number = pg_rows(rows) > 0 ? (int)pg_number(rows, 0, 0) : 0;
    pg_free(&rows);
    return number;
}

static bool ask(struct context *context, struct pg *pg, struct audit *audit)
{
    static struct audit_report report;
    int number = find_ledger(context, pg, audit->ledger);
    if (number == 0)
        fprintf(stderr, "teller: there is no ledger %s\n", audit->ledger);
    if (number <= 0)
        return number == 0;
    struct account_table *accounts = account_table_make();
    ensure(accounts);
    bool good = audit_replay(context, pg, number, accounts, &report) == PG_OK;
    account_table_free(&accounts);
    if (!good)
        return false;
    if (audit->as_json)
        print_json(audit, &report);
    else
        print_text(audit, &report);
    audit->exit_code = report.found == 0 ? 0 : 1;
    return true;
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
