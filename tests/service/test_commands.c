/* SPDX-License-Identifier: MIT */
/* The commands beside `serve`: how they end, where they write, and with how much memory. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/bearer.h"
#include "tests/service/command.h"

static struct service *get_service(void)
{
    struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    return service;
}

/* A ledger of that many transfers between half as many accounts, written as rows; without a
 * writer's row no server opens it. */
static const char ledger_sql[] =
    "SET search_path = teller; WITH l AS (INSERT INTO ledger (name, strategy)"
    " VALUES ('rows-%d', 'owner') RETURNING no), m AS (SELECT no, %d AS n, %d / 2 AS a FROM l),"
    " c AS (INSERT INTO checkpoint SELECT no FROM l),"
    " o AS (INSERT INTO account SELECT m.no, i, CASE i WHEN 1 THEN 'world:USD.2' ELSE 'account:'||i"
    "  END, 'USD/2', NULL, i FROM m, generate_series(1, a) i),"
    " e AS (INSERT INTO entry (ledger, seq, at, kind, account)"
    "  SELECT m.no, i, timestamptz '2026-01-01' + i * interval '1 ms', 1, i"
    "  FROM m, generate_series(1, a) i)"
    " INSERT INTO entry (ledger, seq, at, kind, key, fingerprint, from_no, to_no, amount,"
    "  from_after, to_after, from_prev, to_prev)"
    " SELECT m.no, i, timestamptz '2026-01-01' + i * interval '1 ms', 2, 'key-' || i,"
    "  decode(md5(i::text), 'hex'), i * 7919 %% a + 1, (i * 7919 + 1) %% a + 1, 1, 0, 0, 1, 1"
    " FROM m, generate_series(a + 1, a + n) i; ANALYZE";

static void run_sql(const struct service *service, const char *sql)
{
    struct command command = {0};
    char folder[SERVICE_PROGRAM];
    snprintf(folder, sizeof folder, "%s/postgres", service->folder);
    const char *const argv[] = {
        "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", folder, "-U", "postgres", "-c", sql, NULL};
    command_run(&command, argv);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

static void make_ledger(const struct service *service, int transfers)
{
    char sql[sizeof ledger_sql + 100];
    snprintf(sql, sizeof sql, ledger_sql, transfers, transfers, transfers);
    run_sql(service, sql);
}

/* ---- exit codes ------------------------------------------------------------------------------ */

static void end_as_they_should(void)
{
    static const struct {
        int exit_code;
        const char *said;
        const char *words[6];
    } rows[] = {
        {0, "", {"export", "--format", "csv"}},
        {0, "", {"export", "--help"}},
        {0, "", {"audit"}},
        {0, "", {"token", "list"}},
        {1, "there is no ledger nowhere", {"export", "--format", "csv", "--ledger", "nowhere"}},
        {1, "there is no ledger nowhere", {"audit", "--ledger", "nowhere"}},
        {1, "connection to server", {"export", "--format", "csv", "--database", "host=/nowhere"}},
        {1, "connection to server", {"audit", "--database", "host=/nowhere"}},
        {1, "connection to server", {"token", "list", "--database", "host=/nowhere"}},
        {1, "there is no valid token 999999", {"token", "revoke", "999999"}},
        {2, "--format must be", {"export"}},
        {2, "--format must be", {"export", "--format", "xml"}},
        {2, "unexpected csv", {"export", "csv"}},
        {2, "unknown flag --json", {"export", "--format", "csv", "--json"}},
        {2, "unknown flag --format", {"audit", "--format", "csv"}},
        {2, "--scope must be", {"token", "create", "--scope", "all"}},
        {2, "usage", {"token"}},
    };
    struct command command = {0};
    const struct service *service = get_service();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        command_teller(&command, service, rows[i].words);
        EXPECT_EXIT(&command, rows[i].exit_code);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.error, rows[i].said));
        CU_ASSERT((command.length > 0) == (rows[i].exit_code == 0));
    }
    command_free(&command);
}

/* What cannot be written is not a success, wherever it shows. */
static void write_errors(void)
{
    static const struct {
        const char *redirected, *said;
        int transfers;
    } rows[] = {
        {">/dev/full", "cannot write: No space left on device", 10}, /* less than a buffer */
        {">/dev/full", "cannot write: No space left on device", 2000},
        {">&-", "cannot write: standard output is closed", 2000},
        {"| head -c 1; exit ${PIPESTATUS[0]}", "cannot write: Broken pipe", 2000},
    };
    static const char *const formats[] = {"hledger", "beancount", "ledger", "csv", "jsonl"};
    struct command command = {0};
    char program[SERVICE_PROGRAM], line[2 * SERVICE_PROGRAM];
    const struct service *service = get_service();
    make_ledger(service, 10);
    make_ledger(service, 2000);
    service_program(program);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < sizeof formats / sizeof formats[0]; j++) {
            snprintf(line, sizeof line, "%s export --ledger rows-%d --format %s --data %s %s",
                program, rows[i].transfers, formats[j], service->folder, rows[i].redirected);
            const char *const argv[] = {"/bin/bash", "-c", line, NULL};
            command_run(&command, argv);
            EXPECT_EXIT(&command, 1);
            CU_ASSERT_PTR_NOT_NULL(strstr(command.error, rows[i].said));
        }
    command_free(&command);
}

/* A journal that misses something is not written as if it were whole. */
static void damage_is_told(void)
{
    static const struct {
        const char *sql, *said;
    } rows[] = {
        {"ALTER TABLE entry DROP CONSTRAINT entry_posting;"
         "UPDATE entry e SET from_no = NULL FROM ledger l WHERE no = e.ledger AND name = 'rows-20'"
         " AND seq = 29",
            "teller: the entry 29 is not whole; see teller audit\n"},
        {"INSERT INTO further_posting SELECT p.ledger, 25, 2, from_no, to_no, amount, from_after,"
         " to_after, from_prev, to_prev FROM posting p JOIN ledger l ON no = p.ledger"
         " AND name = 'rows-20' WHERE seq = 25",
            "teller: the entry 25 is not whole; see teller audit\n"},
        {"DELETE FROM entry e USING ledger l WHERE no = e.ledger AND name = 'rows-20' AND seq = 15",
            "teller: the entry 15 is not whole; see teller audit\n"},
        {"DELETE FROM account a USING ledger l WHERE l.no = a.ledger AND name = 'rows-20'"
         " AND a.no = 4",
            "teller: the entry 4 is not whole; see teller audit\n"},
    };
    static const char *const words[] = {"export", "--format", "csv", "--ledger", "rows-20", NULL};
    struct command command = {0};
    char sql[600];
    const struct service *service = get_service();
    make_ledger(service, 20);
    command_teller(&command, service, words);
    EXPECT_EXIT(&command, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(sql, sizeof sql, "SET search_path = teller; %s", rows[i].sql);
        run_sql(service, sql);
        command_teller(&command, service, words);
        EXPECT_EXIT(&command, 1);
        CU_ASSERT_STRING_EQUAL(command.error, rows[i].said);
    }
    command_free(&command);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static int answer_to(const struct service *service, char *token)
{
    token[strcspn(token, "\n")] = '\0';
    return bearer_status(service, token, &(struct request){.path = "/accounts"});
}

/* A token is good within a second or so of the command, and no longer than that after the other. */
static void tokens_come_and_go(void)
{
    struct command made = {0}, command = {0};
    const struct service *service = get_service();
    const char *const create[] = {"token", "create", "--scope", "read", "--name", "a test's", NULL};
    const char *const list[] = {"token", "list", NULL};
    command_teller(&made, service, create);
    EXPECT_EXIT(&made, 0);
    CU_ASSERT_FATAL(made.length > 20);
    char *id = strpbrk(made.error, "0123456789");
    CU_ASSERT_PTR_NOT_NULL_FATAL(id);
    id[strspn(id, "0123456789")] = '\0';
    command_teller(&command, service, list);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "a test's"));
    for (int i = 0; i < 50 && answer_to(service, made.out) != 200; i++)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(answer_to(service, made.out), 200);
    const char *const revoke[] = {"token", "revoke", id, NULL};
    command_teller(&command, service, revoke);
    EXPECT_EXIT(&command, 0);
    for (int i = 0; i < 50 && answer_to(service, made.out) != 401; i++)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(answer_to(service, made.out), 401);
    command_free(&made);
    command_free(&command);
}

static void tokens_are_limited(void)
{
    struct command command = {0};
    const struct service *service = get_service();
    const char *const create[] = {"token", "create", "--scope", "read", NULL};
    run_sql(service, "INSERT INTO teller.token (name, scope, hash) SELECT 'one of many', 'read',"
                     " sha256(i::text::bytea) FROM generate_series(1, 10000) i");
    command_teller(&command, service, create);
    EXPECT_EXIT(&command, 1);
    CU_ASSERT_STRING_EQUAL(
        command.error, "teller: there are 10000 good tokens already: revoke some\n");
    run_sql(service, "UPDATE teller.token SET revoked_at = now() WHERE name = 'one of many'");
    command_teller(&command, service, create);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* An eighth of what a service gets, as nothing here is a pool; but sanitizers keep what is freed.
 */
enum { SLACK_KIB = SERVICE_SLACK_KIB > 100 * 1024 ? SERVICE_SLACK_KIB : SERVICE_SLACK_KIB / 8 };

/* The most memory that an export takes; *length: what it writes. */
static size_t peak_of(
    const struct service *service, const char *format, const char *ledger, size_t *length)
{
    struct command command = {.discard = true};
    const char *const words[] = {"export", "--format", format, "--ledger", ledger, NULL};
    command_teller(&command, service, words);
    EXPECT_EXIT(&command, 0);
    size_t peak = command.peak_kib;
    *length = command.length;
    command_free(&command);
    return peak;
}

/* Ten times the ledger, and the same memory. */
static void memory_is_constant(void)
{
    static const char *const formats[] = {"beancount", "jsonl"};
    const struct service *service = get_service();
    make_ledger(service, 10000);
    make_ledger(service, 100000);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t length, longer;
        size_t peak = peak_of(service, formats[i], "rows-10000", &length);
        size_t higher = peak_of(service, formats[i], "rows-100000", &longer);
        printf("(%s: %zu KiB, then %zu) ", formats[i], peak, higher);
        CU_ASSERT(length > 1000000 && longer > 9 * length);
        CU_ASSERT(peak > 0 && higher < peak + SLACK_KIB);
    }
}

static const struct unit_test tests[] = {{"end_as_they_should", end_as_they_should},
    {"write_errors", write_errors}, {"damage_is_told", damage_is_told},
    {"tokens_come_and_go", tokens_come_and_go}, {"tokens_are_limited", tokens_are_limited},
    {"memory_is_constant", memory_is_constant}, {0}};
const struct unit_suite commands_suite = {"commands", 2, tests};
