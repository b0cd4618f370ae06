/* SPDX-License-Identifier: MIT */
/* Backups: taken while money moves, checked, restored, and served again. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/command.h"
#include "tests/service/visit.h"

/* A line of bash; $teller is the program, $dir the service's folder. */
static void run_line(struct command *command, const struct service *service, const char *line)
{
    char program[SERVICE_PROGRAM], whole[3 * SERVICE_PROGRAM];
    service_program(program);
    int length = snprintf(whole, sizeof whole, "teller=\"timeout 120 %s\"; dir=%s; %s", program,
        service->folder, line);
    co_ensure(length > 0 && length < (int)sizeof whole);
    const char *const argv[] = {"/bin/bash", "-c", whole, NULL};
    command_run(command, argv);
}

/* Pays in one cent, over and over. */
struct payer {
    const struct service *service;
    _Atomic int paid;
    _Atomic bool stop;
    struct co_waitgroup running;
};

static void payer_main(void *arg)
{
    struct payer *payer = arg;
    struct visit visit;
    visit_begin(&visit, payer->service);
    while (!payer->stop) {
        visit_post(&visit, "/accounts/saver/deposit", NULL, "{\"amount\":1}");
        if (visit.response.status == 201)
            atomic_fetch_add(&payer->paid, 1);
    }
    visit_end(&visit);
    co_waitgroup_done(&payer->running);
}

static int64_t balance_of(const struct service *service)
{
    struct visit visit;
    visit_begin(&visit, service);
    visit_get(&visit, "/accounts/saver");
    EXPECT_STATUS(&visit, 200);
    struct json_view balance = json_view_member(visit.body, "balance");
    int64_t number = strtoll(balance.at + (balance.at && *balance.at == '"'), NULL, 10);
    visit_end(&visit);
    return number;
}

/* Serve from the folder that was restored, with a token made for it. */
static void serve_restored(const struct service *service, struct service *other)
{
    struct command command = {0};
    *other = (struct service){.strategy = "owner"};
    snprintf(other->folder, sizeof other->folder, "%.100s.restored", service->folder);
    CU_ASSERT_FATAL(service_run(other));
    const char *const words[] = {"token", "create", "--scope", "admin", NULL};
    command_teller(&command, other, words);
    EXPECT_EXIT(&command, 0);
    command.out[strcspn(command.out, "\n")] = '\0';
    co_ensure(target_make(other->url, command.out, &other->target) == NULL);
    command_free(&command);
}

static void taken_while_money_moves(void)
{
    static struct service service, other;
    static struct payer payer;
    struct command command = {0};
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "saver", 1000));
    visit_end(&visit);
    payer = (struct payer){.service = &service};
    co_waitgroup_add(&payer.running, 1);
    co_ensure(co_spawn(payer_main, &payer));
    int before = payer.paid;
    run_line(&command, &service, "$teller backup $dir.backup --data $dir");
    EXPECT_EXIT(&command, 0);
    int after = payer.paid + 1;
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "ledger main: up to seq "));
    CU_ASSERT(after > before + 1); /* it did not stop for that */

    run_line(&command, &service, "$teller verify $dir.backup; code=$?; ls -d $dir.*; exit $code");
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "every invariant holds"));
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "is whole and sound"));
    CU_ASSERT_PTR_NULL(strstr(command.out, ".verify-"));
    run_line(&command, &service, "$teller restore $dir.backup --data $dir.restored");
    EXPECT_EXIT(&command, 0);
    payer.stop = true;
    co_waitgroup_wait(&payer.running);

    serve_restored(&service, &other);
    int64_t balance = balance_of(&other);
    CU_ASSERT(balance >= 1000 + before && balance <= 1000 + after);
    visit_begin(&visit, &other);
    visit_post(&visit, "/accounts/saver/withdraw", "after", "{\"amount\":1000}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
    run_line(&command, &service,
        "$teller audit --data $dir.restored && $teller restore $dir.backup --data $dir.restored");
    EXPECT_EXIT(&command, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "is in use by another teller"));
    service_remove(&other);
    service_remove(&service);
    run_line(&command, &service, "rm -rf $dir.*");
    command_free(&command);
}

/* At a terminal it is said what is done, and how far it has come; elsewhere nothing of that. */
static void how_far_it_is_told_at_terminals(void)
{
    static const struct {
        const char *line, *said;
    } rows[] = {
        {"export --format jsonl --data $dir >$dir.out", " of 3 entries\r\033[K"},
        {"backup $dir.backup --data $dir", "\r\033[Kchecking the backup\r\033[K"},
        {"restore $dir.backup --data $dir.new",
            "checking the backup\r\033[Kcopying the backup\r\033[K"},
        {"verify $dir.backup", " of 3 entries\r\033[K"},
        {"audit --data $dir", " of 3 entries\r\033[K"},
    };
    static struct service service;
    struct command command = {0};
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "saver", 1));
    visit_end(&visit);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[600];
        snprintf(
            line, sizeof line, "script -qec \"$teller %s\" /dev/null </dev/null", rows[i].line);
        run_line(&command, &service, line);
        EXPECT_EXIT(&command, 0);
        if (!strstr(command.out, rows[i].said))
            printf("\n    no \"%s\" in: %s ", rows[i].said, command.out);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.out, rows[i].said));
        snprintf(line, sizeof line, "rm -rf $dir.new; $teller %s", rows[i].line);
        run_line(&command, &service, i == 1 ? "$teller backup $dir.other --data $dir" : line);
        EXPECT_EXIT(&command, 0);
        CU_ASSERT_PTR_NULL(strchr(command.error, '\r'));
        CU_ASSERT_PTR_NULL(strstr(command.error, "the backup"));
        CU_ASSERT_PTR_NULL(strchr(command.out, '\r'));
    }
    service_remove(&service);
    run_line(&command, &service, "rm -rf $dir.*");
    command_free(&command);
}

/* Each row begins with a good backup in $dir.backup, and nothing else. */
static void refused(void)
{
    static const struct {
        const char *said, *line;
    } rows[] = {
        {"cannot make a backup in", "$teller backup $dir.backup --data $dir"},
        {"there is no database in", "$teller backup $dir.other --data $dir/nowhere"},
        {"cannot make", "$teller backup $dir/no/where --data $dir"},
        {"is backed up and restored with pg_dump",
            "$teller backup $dir.other --database dbname=x; [ $? = 2 ] && exit 1"},
        {"is backed up and restored with pg_dump",
            "TELLER_DATABASE=dbname=x $teller restore $dir.backup; [ $? = 2 ] && exit 1"},
        {"cannot use", "$teller verify $dir.nowhere"},
        {"cannot use", "$teller restore $dir.nowhere --data $dir.new"},
        {"there is a database in",
            "mkdir -p $dir.new/postgres; $teller restore $dir.backup --data $dir.new"},
        {"checksum mismatch for file",
            "printf x | dd of=$dir.backup/postgres/global/pg_control bs=1 seek=200 conv=notrunc"
            " 2>/dev/null; $teller verify $dir.backup"},
        {"checksum mismatch for file",
            "printf x | dd of=$dir.backup/postgres/global/pg_control bs=1 seek=200 conv=notrunc"
            " 2>/dev/null; $teller restore $dir.backup --data $dir.new; code=$?; [ ! -e $dir.new ]"
            " && exit $code"},
        {"stopped before it was done",
            "$teller verify $dir.backup & while [ -z \"$(ls -d $dir.backup.* 2>/dev/null)\" ]; do"
            " sleep 0.01; done; kill $!; wait $!; [ -z \"$(ls -d $dir.backup.*)\" ] && exit 1"},
        {"is present in the manifest but not on disk",
            "rm $dir.backup/postgres/PG_VERSION; $teller verify $dir.backup"},
    };
    static struct service service;
    struct command command = {0};
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    run_line(&command, &service, "$teller backup $dir/good --data $dir");
    EXPECT_EXIT(&command, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_line(&command, &service, "rm -rf $dir.*; cp -a $dir/good $dir.backup");
        EXPECT_EXIT(&command, 0);
        run_line(&command, &service, rows[i].line);
        EXPECT_EXIT(&command, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(command.error, rows[i].said));
    }
    run_line(&command, &service, "rm -rf $dir.*");
    command_free(&command);
    service_remove(&service);
}

/* Money that is wrong in a backup whose files are whole. */
static void unsound_books_are_found(void)
{
    static struct service service;
    struct command command = {0};
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "saver", 1000));
    visit_end(&visit);
    run_line(&command, &service,
        "psql -qX -h $dir/postgres -U postgres -c 'UPDATE teller.entry SET amount = 999,"
        " to_after = 999 WHERE amount = 1000' && $teller backup $dir.backup --data $dir &&"
        " { $teller verify $dir.backup; code=$?; rm -rf $dir.backup; exit $code; }");
    EXPECT_EXIT(&command, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(command.error, "the audit found what is printed above"));
    CU_ASSERT_PTR_NOT_NULL(strstr(command.out, "finding(s)"));
    command_free(&command);
    service_remove(&service);
}

/* PostgreSQL's own tools reach the private cluster, and an administrator's lines outlive a start.
 */
static void base_backups_and_streaming(void)
{
    static struct service service;
    struct command command = {0};
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    run_line(&command, &service,
        "PATH=/usr/lib/postgresql/15/bin:$PATH; sock=$dir/postgres;"
        "pg_basebackup -h $sock -U postgres -D $dir.base -X stream -c fast 2>&1 &&"
        "pg_verifybackup -q $dir.base && mkdir $dir.wal &&"
        "pg_receivewal -h $sock -U postgres -D $dir.wal --slot s --create-slot && "
        "(timeout 60 pg_receivewal -h $sock -U postgres -D $dir.wal --slot s & "
        " for i in {1..600}; do ls $dir.wal/*.partial >/dev/null 2>&1 && break; sleep 0.1; done;"
        " ls $dir.wal/*.partial; kill $!)");
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    run_line(&command, &service,
        "rm -rf $dir.*; sed -i '1i local all reporter reject' $dir/postgres/pg_hba.conf");
    EXPECT_EXIT(&command, 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_FATAL(service_run(&service));
        CU_ASSERT_EQUAL(service_stop(&service), 0);
    }
    run_line(&command, &service,
        "head -1 $dir/postgres/pg_hba.conf; grep -c 'local all all peer' "
        "$dir/postgres/pg_hba.conf");
    CU_ASSERT_STRING_EQUAL(command.out, "local all reporter reject\n1\n");
    command_free(&command);
    service_remove(&service);
}

/* The commands of OPERATIONS.md: the machine is lost, and what was acknowledged after the backup
 * comes from the streamed log, whose last segment is not whole. */
static void restored_from_the_log(void)
{
    static struct service service, other;
    struct command command = {0};
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT_FATAL(visit_fund(&visit, "saver", 1000));
    run_line(&command, &service,
        "PATH=/usr/lib/postgresql/15/bin:$PATH; to=\"-h $dir/postgres -U postgres -D $dir.wal\";"
        "mkdir $dir.wal && pg_receivewal $to --slot archive --create-slot --if-not-exists &&"
        "{ timeout 120 pg_receivewal $to --slot archive --synchronous >/dev/null 2>&1 &"
        " echo $! >$dir.pid; } &&"
        "$teller backup $dir.backup --data $dir");
    EXPECT_EXIT(&command, 0);
    for (int i = 0; i < 20; i++) {
        visit_post(&visit, "/accounts/saver/deposit", NULL, "{\"amount\":1}");
        EXPECT_STATUS(&visit, 201);
    }
    visit_end(&visit);
    run_line(&command, &service,
        "at=$(psql -qXAt -h $dir/postgres -U postgres -c 'SELECT pg_current_wal_lsn()');"
        "for i in {1..600}; do [ t = \"$(psql -qXAt -h $dir/postgres -U postgres -c \"SELECT"
        " flush_lsn >= '$at' FROM pg_stat_replication\")\" ] && break; sleep 0.1; done");
    EXPECT_EXIT(&command, 0);
    service_kill(&service);
    service_signal_postgres(&service, SIGKILL);
    run_line(&command, &service,
        "kill $(cat $dir.pid); $teller restore $dir.backup --data $dir.restored &&"
        "chown -R --reference=$dir.restored/postgres $dir.wal &&"
        "echo \"restore_command = 'cp $dir.wal/%f %p || cp $dir.wal/%f.partial %p'\""
        " >>$dir.restored/postgres/postgresql.auto.conf &&"
        "touch $dir.restored/postgres/recovery.signal");
    EXPECT_EXIT(&command, 0);
    serve_restored(&service, &other);
    CU_ASSERT_EQUAL(balance_of(&other), 1020);
    run_line(&command, &service, "$teller audit --data $dir.restored");
    EXPECT_EXIT(&command, 0);
    service_remove(&other);
    service_remove(&service);
    run_line(&command, &service, "rm -rf $dir.*");
    command_free(&command);
}

static const struct unit_test tests[] = {
    {"how_far_it_is_told_at_terminals", how_far_it_is_told_at_terminals},
    {"taken_while_money_moves", taken_while_money_moves}, {"refused", refused},
    {"unsound_books_are_found", unsound_books_are_found},
    {"base_backups_and_streaming", base_backups_and_streaming},
    {"restored_from_the_log", restored_from_the_log}, {0}};
const struct unit_suite backup_suite = {"backup", 2, tests};
