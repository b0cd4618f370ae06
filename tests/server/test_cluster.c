/* SPDX-License-Identifier: MIT */
/* The private PostgreSQL cluster: made, started, killed, cleared away. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/db/pg.h"
#include "server/postgres/cluster.h"
#include "server/postgres/cluster_folder.h"
#include "server/postgres/cluster_memory.h"
#include "server/postgres/folder.h"
#include "server/process/process.h"
#include "tests/server/fixture.h"
#include "tests/server/suites.h"

static struct cluster *start(const char *folder)
{
    char error[400] = "";
    struct cluster *cluster = cluster_start(
        co_context_background(), &(struct cluster_options){.folder = folder}, error, sizeof error);
    if (!cluster)
        printf("\n    %s ", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cluster);
    return cluster;
}

/* Run a statement on a connection of its own; tries for a while, as the ledger does. */
static bool run(const struct cluster *cluster, const char *sql)
{
    char error[400];
    struct co_context *patience = co_context_with_timeout(co_context_background(), 15 * CO_CLOCK_S);
    co_ensure(patience);
    bool good = false;
    while (!good && co_context_err(patience) == CO_CONTEXT_OK) {
        struct pg *pg = pg_connect(patience, cluster_conninfo(cluster), NULL, error, sizeof error);
        if (pg) {
            good = pg_script(patience, pg, sql) == PG_OK;
            pg_close(&pg);
        }
        if (!good)
            co_sleep(20 * CO_CLOCK_MS);
    }
    co_context_release(&patience);
    return good;
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void test_start_and_stop(void)
{
    const char *folder = fixture_folder();
    struct cluster *cluster = start(folder);
    pid_t pid = cluster_pid(cluster);
    CU_ASSERT_TRUE(is_alive(pid));
    CU_ASSERT_TRUE(run(cluster, "CREATE TABLE IF NOT EXISTS public.cluster_test (n int)"));
    CU_ASSERT_TRUE(run(cluster, "DO $$ BEGIN"
                                " ASSERT current_setting('data_checksums') = 'on';"
                                " ASSERT current_setting('fsync') = 'on';"
                                " ASSERT current_setting('listen_addresses') = '';"
                                " END $$"));
    cluster_stop(&cluster);
    CU_ASSERT_FALSE(is_alive(pid));
    cluster = start(folder);
    CU_ASSERT_TRUE(run(cluster, "INSERT INTO public.cluster_test VALUES (1)"));
    cluster_stop(&cluster);
}

static void test_a_killed_one_comes_again(void)
{
    struct cluster *cluster = start(fixture_folder());
    for (int i = 0; i < 2; i++) {
        pid_t pid = cluster_pid(cluster);
        CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
        CU_ASSERT_EQUAL(kill(pid, SIGKILL), 0);
        for (int j = 0; j < 1000 && (cluster_pid(cluster) == pid || !cluster_pid(cluster)); j++)
            co_sleep(10 * CO_CLOCK_MS);
        CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
        CU_ASSERT_NOT_EQUAL(cluster_pid(cluster), pid);
    }
    cluster_stop(&cluster);
}

/* A cluster whose owner was killed: here one that is started with no owner. */
static void start_orphan(struct cluster_folder *folder, struct process *orphan)
{
    char error[400] = "", name[100], bin[] = "/usr/lib/postgresql/15/bin";
    struct cluster_command command;
    CU_ASSERT_TRUE_FATAL(cluster_folder_open(
        co_context_background(), folder, fixture_folder(), bin, error, sizeof error));
    cluster_folder_command(folder, "postgres", &command);
    snprintf(name, sizeof name, "cluster_name=%s", folder->name);
    const char *more[] = {
        "-c", "unix_socket_directories=.", "-c", "listen_addresses=", "-c", name, NULL};
    memcpy(command.argv + command.count, more, sizeof more);
    int log = cluster_folder_log(folder);
    const struct process_plan plan = process_in_folder(command.argv, log, folder->fd);
    co_ensure(log >= 0 && process_start(orphan, &plan) == 0);
    close(log);
}

static void test_an_orphan_is_cleared_away(void)
{
    struct cluster_folder folder;
    struct process orphan;
    int status = -1;
    start_orphan(&folder, &orphan);
    co_sleep(500 * CO_CLOCK_MS);
    struct cluster *cluster = start(fixture_folder());
    CU_ASSERT_EQUAL(process_wait(co_context_background(), &orphan, &status), PROCESS_ENDED);
    CU_ASSERT_EQUAL(status, 0); /* it was asked to stop, and did so in order */
    CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
    cluster_stop(&cluster);
    cluster_folder_close(&folder);
}

static void test_a_stale_pid_file_is_no_obstacle(void)
{
    char path[200], text[100];
    struct cluster *cluster = start(fixture_folder());
    cluster_stop(&cluster);
    snprintf(path, sizeof path, "%s/postgres/postmaster.pid", fixture_folder());
    int length = snprintf(text, sizeof text, "%d\n/nowhere\n1\n5432\n.\n\n", (int)getppid());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    co_ensure(fd >= 0 && write(fd, text, (size_t)length) == length);
    close(fd);
    cluster = start(fixture_folder());
    CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
    cluster_stop(&cluster);
}

static void test_a_half_made_folder_is_made_again(void)
{
    char path[200], inner[240], error[400];
    snprintf(path, sizeof path, "%s/half", fixture_folder());
    co_ensure(mkdir(path, 0700) == 0);
    snprintf(inner, sizeof inner, "%s/postgres.new", path);
    co_ensure(mkdir(inner, 0700) == 0);
    snprintf(inner, sizeof inner, "%s/postgres.new/PG_VERSION", path);
    int fd = open(inner, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    co_ensure(fd >= 0);
    close(fd);
    struct cluster *cluster = start(path);
    CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
    struct cluster *guest = cluster_attach(path, error, sizeof error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(guest);
    CU_ASSERT_TRUE(run(guest, "SELECT 1"));
    cluster_stop(&guest); /* a guest stops nothing */
    CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
    cluster_stop(&cluster);
}

/* PostgreSQL's account cannot reach the folder by its path, and the path is longer than a socket's
 * may be. */
static void test_a_closed_and_long_path(void)
{
    char path[400];
    int used = snprintf(path, sizeof path, "%s/closed", fixture_folder());
    co_ensure(mkdir(path, 0700) == 0);
    snprintf(path + used, sizeof path - (size_t)used, "/%0150d", 7);
    co_ensure(mkdir(path, 0700) == 0);
    struct cluster *cluster = start(path);
    CU_ASSERT_TRUE(run(cluster, "SELECT 1"));
    cluster_stop(&cluster);
}

static void test_failures_are_told(void)
{
    char error[400] = "";
    struct co_context *context = co_context_background();
    CU_ASSERT_PTR_NULL(cluster_start(
        context, &(struct cluster_options){.folder = "/nonexistent"}, error, sizeof error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "/nonexistent"));
    char path[200];
    snprintf(path, sizeof path, "%s/without", fixture_folder());
    co_ensure(mkdir(path, 0700) == 0);
    CU_ASSERT_PTR_NULL(cluster_start(context,
        &(struct cluster_options){.folder = path, .postgres_bin = "/nonexistent"}, error,
        sizeof error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "initdb"));
}

static void test_one_at_a_time(void)
{
    struct folder first, second;
    char error[200];
    CU_ASSERT_TRUE_FATAL(folder_open(&first, fixture_folder(), error, sizeof error));
    CU_ASSERT_TRUE(first.lock_fd >= 0);
    CU_ASSERT_TRUE_FATAL(folder_open(&second, fixture_folder(), error, sizeof error));
    CU_ASSERT_TRUE(second.lock_fd < 0);
    CU_ASSERT_EQUAL(folder_holder(&second), (int)getpid());
    folder_close(&first);
    CU_ASSERT_TRUE_FATAL(folder_open(&second, fixture_folder(), error, sizeof error));
    CU_ASSERT_TRUE(second.lock_fd >= 0);
    folder_close(&second);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    co_ensure(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void test_buffers_fit_the_memory(void)
{
    const uint64_t mb = 1 << 20;
    char path[200];
    snprintf(path, sizeof path, "%s/memory.max", fixture_folder());
    CU_ASSERT_EQUAL(cluster_memory(2048 * mb, "/nonexistent"), 256);
    CU_ASSERT_EQUAL(cluster_memory(64 * mb, "/nonexistent"), CLUSTER_MEMORY_LEAST);
    CU_ASSERT_EQUAL(cluster_memory(UINT64_MAX, "/nonexistent"), CLUSTER_MEMORY_MOST);
    write_text(path, "1610612736\n"); /* 1.5 GB */
    CU_ASSERT_EQUAL(cluster_memory(16384 * mb, path), 192);
    CU_ASSERT_EQUAL(cluster_memory(1280 * mb, path), 160);
    write_text(path, "max\n");
    CU_ASSERT_EQUAL(cluster_memory(2048 * mb, path), 256);
}

static const struct unit_test tests[] = {{"start_and_stop", test_start_and_stop},
    {"a_killed_one_comes_again", test_a_killed_one_comes_again},
    {"an_orphan_is_cleared_away", test_an_orphan_is_cleared_away},
    {"a_stale_pid_file_is_no_obstacle", test_a_stale_pid_file_is_no_obstacle},
    {"a_half_made_folder_is_made_again", test_a_half_made_folder_is_made_again},
    {"a_closed_and_long_path", test_a_closed_and_long_path},
    {"failures_are_told", test_failures_are_told}, {"one_at_a_time", test_one_at_a_time},
    {"buffers_fit_the_memory", test_buffers_fit_the_memory}, {0}};
const struct unit_suite cluster_suite = {"cluster", 0, tests};
