/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/audit/audit_apart.h"
#include "ledger/audit/audit_replay.h"
#include "ledger/memory/account_table.h"
#include "server/api/api.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_audit.h"
#include "server/cmd/cmd_database.h"
#include "server/cmd/progress.h"
#include "server/text/json_out.h"

struct audit {
    const char *ledger;
    bool as_json, resumes;
    bool apart; /* also what went between it and ledgers in other databases */
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

/* The ledger was found sound: if its writes had been stopped, they go on. */
static bool resume(struct co_context *context, struct pg *pg, const char *ledger)
{
    static const struct pg_statement say = {1, "SELECT ledger_resume($1)"};
    struct pg_result *rows = NULL;
    bool good = pg_run(context, pg, &say, &ledger, &rows) == PG_OK;
    if (!good)
        fprintf(stderr, "teller: writes could not be resumed: %s\n", pg_message(pg));
    else if (*pg_text(rows, 0, 0) == 't')
        fprintf(stderr, "teller: ledger %s takes writes again\n", ledger);
    else
        fprintf(stderr, "teller: ledger %s had not been stopped\n", ledger);
    pg_free(&rows);
    return good;
}

static void tell(uint64_t checked, uint64_t seq)
{
    progress_count(checked, seq, "entries");
}

static bool compare_apart(
    struct co_context *context, const char *ledger, struct audit_report *report)
{
    struct audit_apart databases = {.role = NULL};
    const struct database_list *list = cmd_database_list(&databases.home);
    for (; databases.count < list->count; databases.count++)
        databases.rows[databases.count] = (struct audit_apart_row){
            list->rows[databases.count].name, list->rows[databases.count].conninfo};
    return audit_apart(context, &databases, ledger, report);
}

static int replay(struct co_context *context, struct pg *pg, void *arg)
{
    static struct audit_report report;
    const struct audit *audit = arg;
    int number = cmd_database_ledger(context, pg, audit->ledger);
    if (number == 0)
        return 1;
    /* Balances are computed in memory of its own, from the journal alone. */
    struct account_table *accounts = account_table_make();
    if (!accounts) {
        fprintf(stderr, "teller: out of memory\n");
        return 1;
    }
    struct audit_progress progress = {.tell = tell};
    bool good = audit_replay(context, pg, number, accounts, &progress, &report) == PG_OK;
    account_table_free(&accounts);
    progress_end();
    if (!good) {
        fprintf(stderr, "teller: %s\n", pg_message(pg));
        return 1;
    }
    if (audit->apart && !compare_apart(context, audit->ledger, &report)) {
        fprintf(stderr, "teller: %s\n", report.reason);
        return 1;
    }
    if (audit->as_json)
        print_json(audit, &report);
    else
        print_text(audit, &report);
    /* Never on a ledger with findings. */
    if (report.found == 0 && audit->resumes && !resume(context, pg, audit->ledger))
        return 1;
    return report.found == 0 ? 0 : 1;
}

int cmd_audit_ledger(struct co_context *context, struct pg *pg, const char *ledger)
{
    struct audit audit = {.ledger = ledger};
    return replay(context, pg, &audit);
}

int cmd_audit(int argc, char **argv)
{
    struct option flags[] = {
        {"ledger", "NAME", "which ledger", API_LEDGER},
        {"json", NULL, "print one JSON object", NULL},
        {"resume", NULL, "if all hold and writes had been stopped, let them go on", NULL},
        CMD_DATABASE_FLAGS,
        {NULL, NULL, NULL, NULL},
    };
    const struct options options = {"teller audit [flags]",
        "Replay the journal and check every invariant, in the database, also while a service is\n"
        "running on it. Exit 0 only if all hold.",
        flags};
    const char *words[1];
    int code = cmd_database_parse(&options, argc, argv, words, 0);
    if (code >= 0)
        return code;
    struct audit audit = {.ledger = options_value(&options, "ledger"),
        .as_json = options_value(&options, "json") != NULL,
        .resumes = options_value(&options, "resume") != NULL,
        .apart = true};
    return cmd_database_run(&(struct cmd_database){
        .options = &options, .ledger = audit.ledger, .work = replay, .arg = &audit});
}
