/* SPDX-License-Identifier: MIT */
#include "tests/ledger/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/lock.h"
#include "ledger/audit/audit_replay.h"
#include "ledger/db/pg.h"
#include "ledger/journal/store.h"

static char conninfo[400];

static struct pg *connect_to(const char *where)
{
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), where, NULL, error, sizeof error);
    if (!pg)
        fprintf(stderr, "cannot connect to %s: %s\n", where, error);
    co_ensure(pg != NULL);
    return pg;
}

/* Make a database; how it is reached is in conninfo then. */
static const char *make(const char *name, const char *template)
{
    const char *server = getenv("TEST_DATABASE");
    if (!server)
        fprintf(stderr, "TEST_DATABASE is not set: run this under tools/with-postgres\n");
    co_ensure(server != NULL);
    char sql[100];
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE %s", name, template);
    struct pg *pg = connect_to(server);
    enum pg_status made = pg_script(co_context_background(), pg, sql);
    co_ensure(made == PG_OK);
    pg_close(&pg);
    const char *dbname = strstr(server, "dbname=");
    co_ensure(dbname != NULL);
    snprintf(conninfo, sizeof conninfo, "%.*sdbname=%s", (int)(dbname - server), server, name);
    return conninfo;
}

static void name_next(char name[40])
{
    static int number;
    snprintf(name, 40, "t%d_%d", (int)getpid(), ++number);
}

const char *fixture_empty_database(void)
{
    char name[40];
    name_next(name);
    return make(name, "template1");
}

/* All migrations take as long as copying a database: they are run once. */
const char *fixture_database(void)
{
    static char template[40];
    char name[40], error[300];
    if (!*template) {
        name_next(template);
        enum pg_status status = store_prepare(
            co_context_background(), make(template, "template1"), error, sizeof error);
        co_ensure(status == PG_OK);
    }
    name_next(name);
    return make(name, template);
}

struct ledger *fixture_open(const char *where, const char *strategy)
{
    char error[300];
    const struct ledger_options options = {.conninfo = where, .name = "main", .strategy = strategy};
    struct ledger *ledger = ledger_open(co_context_background(), &options, error, sizeof error);
    if (!ledger)
        fprintf(stderr, "the ledger did not open: %s\n", error);
    co_ensure(ledger != NULL);
    return ledger;
}

struct ledger *fixture_open_abc(const char *where, const char *strategy)
{
    struct ledger *ledger = fixture_open(where, strategy);
    fixture_account(ledger, "a", "USD/2", "0");
    fixture_account(ledger, "b", "USD/2", "0");
    fixture_account(ledger, "c", "USD/2", "0");
    CU_ASSERT_EQUAL(fixture_move(ledger, NULL, "world:USD.2", "a", 100), LEDGER_OK);
    return ledger;
}

const char *fixture_refusal(const char *where, const char *strategy)
{
    static char reason[300];
    const struct ledger_options options = {.conninfo = where, .name = "main", .strategy = strategy};
    reason[0] = '\0';
    struct ledger *ledger = ledger_open(co_context_background(), &options, reason, sizeof reason);
    if (ledger) {
        reason[0] = '\0';
        ledger_close(&ledger);
    }
    return reason;
}

void fixture_account(struct ledger *ledger, const char *id, const char *asset, const char *floor)
{
    struct ledger_open_account request = {.id = id, .asset = asset, .has_floor = floor != NULL};
    struct ledger_account account;
    bool opened, good = !floor || money_parse(floor, strlen(floor), true, &request.floor);
    uint64_t seq;
    co_ensure(good);
    CU_ASSERT_EQUAL(
        ledger_open_account(co_context_background(), ledger, &request, &account, &opened, &seq),
        LEDGER_OK);
}

void fixture_clearing(struct ledger *ledger, const char *id)
{
    const struct ledger_open_account request = {.id = id, .asset = "USD/2", .clears = true};
    struct ledger_account account;
    uint64_t seq;
    bool opened;
    CU_ASSERT_EQUAL(
        ledger_open_account(co_context_background(), ledger, &request, &account, &opened, &seq),
        LEDGER_OK);
}

enum ledger_status fixture_move(
    struct ledger *ledger, const char *key, const char *from, const char *to, money amount)
{
    const struct ledger_leg leg = {from, to, amount};
    const struct ledger_transfer transfer = {.key = key, .legs = &leg, .leg_count = 1};
    struct ledger_outcome outcome;
    ledger_transfer(co_context_background(), ledger, &transfer, &outcome);
    entry_drop(&outcome.entry);
    return outcome.status;
}

money fixture_balance(struct ledger *ledger, const char *id)
{
    struct ledger_account account = {0};
    uint64_t seq;
    CU_ASSERT_EQUAL(
        ledger_read_account(co_context_background(), ledger, id, &account, &seq), LEDGER_OK);
    return account.balance;
}

const char *fixture_ask(const char *where, const char *sql)
{
    static char answer[400];
    struct pg_result *rows = NULL;
    struct pg *pg = connect_to(where);
    const struct pg_statement statement = {0, sql};
    enum pg_status status = pg_run(co_context_background(), pg, &statement, NULL, &rows);
    if (status != PG_OK)
        snprintf(answer, sizeof answer, "%s %s", pg_sqlstate(pg), pg_message(pg));
    else
        snprintf(answer, sizeof answer, "%s", pg_rows(rows) ? pg_text(rows, 0, 0) : "");
    pg_free(&rows);
    pg_close(&pg);
    return answer;
}

void fixture_do(const char *where, const char *sql)
{
    struct pg *pg = connect_to(where);
    enum pg_status status = pg_script(co_context_background(), pg, sql);
    if (status != PG_OK)
        fprintf(stderr, "%.200s: %s\n", sql, pg_message(pg));
    co_ensure(status == PG_OK);
    pg_close(&pg);
}

void fixture_forget(const char *where)
{
    fixture_ask(
        where, "SELECT teller.checkpoint_forget(no) FROM teller.ledger WHERE name = 'main'");
    CU_ASSERT_STRING_EQUAL(fixture_ask(where, "SELECT seq FROM teller.checkpoint"), "0");
}

void fixture_set_server(const char *where, const char *setting, const char *value)
{
    char sql[200], show[80], before[100];
    snprintf(show, sizeof show, "SELECT current_setting('%s')", setting);
    snprintf(before, sizeof before, "%s", fixture_ask(where, show));
    snprintf(sql, sizeof sql, value ? "ALTER SYSTEM SET %s = '%s'" : "ALTER SYSTEM RESET %s",
        setting, value);
    fixture_do(where, sql);
    fixture_do(where, "SELECT pg_reload_conf()");
    for (int i = 0; i < 1000 && strcmp(fixture_ask(where, show), before) == 0; i++)
        co_sleep(10 * CO_CLOCK_MS);
}

void fixture_check(struct ledger *ledger)
{
    struct audit_report *report = calloc(1, sizeof *report);
    co_ensure(report != NULL);
    CU_ASSERT_EQUAL(ledger_audit(co_context_background(), ledger, NULL, report), LEDGER_OK);
    CU_ASSERT_EQUAL(report->found, 0);
    if (report->found)
        printf("    audit: %s\n", report->text);
    free(report);
}

/* ---- notices -------------------------------------------------------------------------------- */

enum { NOTICES = 16 };

static struct {
    struct co_lock lock;
    unsigned next;
    struct {
        enum notice_grade grade;
        char text[NOTICE_TEXT];
    } kept[NOTICES];
} notices;

static void hear(void *arg, enum notice_grade grade, const char *text)
{
    (void)arg;
    fprintf(stderr, "teller: %s\n", text);
    co_lock_take(&notices.lock);
    unsigned at = notices.next++ % NOTICES;
    notices.kept[at].grade = grade;
    strcpy(notices.kept[at].text, text);
    co_lock_drop(&notices.lock);
}

void fixture_hear(void)
{
    notice_to((struct notice_listener){.hear = hear});
}

bool fixture_heard(enum notice_grade grade, const char *words)
{
    bool heard = false;
    co_lock_take(&notices.lock);
    for (unsigned i = 0; i < NOTICES; i++) {
        heard = heard ||
                (notices.kept[i].grade == grade && strstr(notices.kept[i].text, words) != NULL);
        notices.kept[i].text[0] = '\0';
    }
    co_lock_drop(&notices.lock);
    return heard;
}
