/* SPDX-License-Identifier: MIT */
/*
 * `teller export` of a part of the journal, with opening balances and types of accounts: the
 * programs that it is for accept it and make a balance sheet and an income statement of it. And
 * cells of a spreadsheet that are not formulas.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"
#include "tests/service/workload.h"

enum { TEXT = 300, AT = 40 };

static const char ledger[] = "ranged";

/* A service of its own with two accounts: 100 in, 30 spent; then the moment; then 12 more spent. */
struct ranged {
    struct service service;
    struct visit visit;
    char moment[AT];
};

static void move(struct visit *visit, const char *what, const char *key, const char *body)
{
    char path[TEXT];
    snprintf(path, sizeof path, "/v1/ledgers/%s/%s", ledger, what);
    visit_post(visit, path, key, body);
    EXPECT_STATUS(visit, 201);
}

static void begin(struct ranged *ranged)
{
    struct visit *visit = &ranged->visit;
    CU_ASSERT_FATAL(service_make(&ranged->service, "owner", NULL));
    visit_begin(visit, &ranged->service);
    visit_post(visit, "/v1/ledgers", NULL, "{\"name\":\"ranged\"}");
    EXPECT_STATUS(visit, 201);
    move(visit, "accounts", NULL, "{\"id\":\"customer:a\",\"asset\":\"USD/2\"}");
    move(visit, "accounts", NULL, "{\"id\":\"-shop\",\"asset\":\"USD/2\"}");
    move(visit, "accounts/customer:a/deposit", NULL, "{\"amount\":10000}");
    move(visit, "transfers", "=1+1",
        "{\"from\":\"customer:a\",\"to\":\"-shop\",\"amount\":3000,"
        "\"metadata\":{\"payee\":\"Shop; Co\",\"note\":\"tea | cake\"}}");
    move(visit, "transfers", NULL,
        "{\"from\":\"customer:a\",\"to\":\"-shop\",\"amount\":1200,"
        "\"metadata\":{\"description\":\"\\\"second\\\" cup\"}}");
    CU_ASSERT_FATAL(json_view_copy(json_view_member(visit->body, "at"), ranged->moment, AT));
}

static void end(struct ranged *ranged)
{
    visit_end(&ranged->visit);
    service_remove(&ranged->service);
}

static void export(struct command *command, const struct ranged *ranged, const char *format,
    const char *from, const char *to)
{
    const char *words[COMMAND_WORDS] = {"export", "--format", format, "--ledger", ledger, "--types",
        "customer:=liability,-shop=expense"};
    size_t count = 7;
    if (from)
        words[count++] = "--from", words[count++] = from;
    if (to)
        words[count++] = "--to", words[count++] = to;
    command_teller(command, &ranged->service, words);
    EXPECT_EXIT(command, 0);
}

/* How each program checks a file, and shows its balances. */
static const struct {
    const char *format, *check;
} programs[] = {
    {"hledger", "hledger check --strict -f \"$FILE\" && hledger balance --flat -f \"$FILE\""},
    {"ledger", "ledger --strict --pedantic balance --flat -f \"$FILE\""},
    {"beancount", "bean-check \"$FILE\" && bean-query \"$FILE\""
                  " 'SELECT account, sum(position) GROUP BY account'"},
};

enum { PROGRAMS = sizeof programs / sizeof programs[0] };

/* Run a line of the shell on an export; what it prints is in the command. */
static void look(struct command *command, const struct service *service, const char *line)
{
    char file[SERVICE_PROGRAM], text[TEXT + SERVICE_PROGRAM];
    command_save(command, service, "range", file);
    snprintf(text, sizeof text, "FILE='%s'; %s", file, line);
    const char *const argv[] = {"/bin/bash", "-c", text, NULL};
    command_run(command, argv);
    EXPECT_EXIT(command, 0);
}

static bool says(const struct command *command, const char *text)
{
    bool found = strstr(command->out, text) != NULL;
    if (!found)
        printf("\n    no \"%s\" in\n%s\n", text, command->out);
    return found;
}

static void statements_of_hledger(void)
{
    struct ranged ranged = {0};
    struct command command = {0};
    begin(&ranged);
    export(&command, &ranged, "hledger", NULL, NULL);
    CU_ASSERT(says(&command, "Shop, Co | tea / cake\n"));
    CU_ASSERT(says(&command, "\"second\" cup\n    ; kind: transfer\n"));
    look(&command, &ranged.service,
        "hledger check --strict -f \"$FILE\" && hledger bs -f \"$FILE\"");
    CU_ASSERT(says(&command, "customer:a"));
    export(&command, &ranged, "hledger", NULL, NULL);
    look(&command, &ranged.service, "hledger is -f \"$FILE\"");
    CU_ASSERT(says(&command, "-shop") && says(&command, "world:USD.2"));
    command_free(&command);
    end(&ranged);
}

/* What was before the moment is opening balances; all programs accept both parts. */
static void two_parts(void)
{
    struct ranged ranged = {0};
    struct command command = {0};
    begin(&ranged);
    for (size_t i = 0; i < PROGRAMS; i++) {
        export(&command, &ranged, programs[i].format, NULL, ranged.moment);
        CU_ASSERT_PTR_NULL(strstr(command.out, "opening"));
        look(&command, &ranged.service, programs[i].check);
        CU_ASSERT(says(&command, "70.00") && says(&command, "30.00"));
        export(&command, &ranged, programs[i].format, ranged.moment, NULL);
        CU_ASSERT(says(&command, "opening balances") && says(&command, "second"));
        CU_ASSERT_PTR_NULL(strstr(command.out, "cake"));
        look(&command, &ranged.service, programs[i].check);
        CU_ASSERT(says(&command, "58.00") && says(&command, "42.00"));
    }
    export(&command, &ranged, "csv", ranged.moment, NULL);
    CU_ASSERT(says(&command, ",1200,") && !strstr(command.out, ",3000,"));
    export(&command, &ranged, "jsonl", "1971-01-01", "1972-01-01");
    CU_ASSERT_EQUAL(command.length, 0);
    command_free(&command);
    end(&ranged);
}

static void no_formulas(void)
{
    struct ranged ranged = {0};
    struct command command = {0};
    begin(&ranged);
    export(&command, &ranged, "csv", NULL, NULL);
    CU_ASSERT(says(&command, ",transfer,'=1+1,") && says(&command, ",customer:a,'-shop,"));
    CU_ASSERT(!strstr(command.out, ",=") && !strstr(command.out, ",-shop"));
    command_free(&command);
    end(&ranged);
}

/* While money moves each export is of one moment: its balances are those of its entries. */
static void of_one_moment(const char *strategy)
{
    struct service service = {0}; /* Beancount does not take the large amounts of other tests */
    struct workload workload;
    struct command command = {0};
    size_t before = 0;
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    CU_ASSERT_FATAL(workload_start(&workload, &service, 8, unit_seed()));
    for (size_t i = 0; i < PROGRAMS; i++) {
        const char *const words[] = {"export", "--format", programs[i].format, NULL};
        CU_ASSERT(workload_await(&workload, 300, 30 * CO_CLOCK_S));
        command_teller(&command, &service, words);
        EXPECT_EXIT(&command, 0);
        CU_ASSERT(command.length > before);
        before = i == 0 ? command.length / 2 : before; /* the formats differ in length */
        look(&command, &service, programs[i].check);
    }
    workload_stop(&workload);
    workload_free(&workload);
    command_free(&command);
    service_remove(&service);
}
BOTH_STRATEGIES(of_one_moment)

static void bad_flags(void)
{
    static const char *const rows[][2] = {{"--from", "yesterday"}, {"--to", "2026-13-01"},
        {"--from", "2026-01-01T00:00"}, {"--types", "a=money"}};
    struct command command = {0};
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const words[] = {"export", "--format", "csv", rows[i][0], rows[i][1], NULL};
        command_teller(&command, service, words);
        EXPECT_EXIT(&command, 2);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.error, rows[i][0]));
    }
    command_free(&command);
}

const struct unit_suite export_range_suite = {"export_range", 2,
    (const struct unit_test[]){{"statements_of_hledger", statements_of_hledger},
        {"two_parts", two_parts}, {"no_formulas", no_formulas}, BOTH_ROWS(of_one_moment),
        {"bad_flags", bad_flags}, {0}}};
