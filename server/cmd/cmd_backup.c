/* SPDX-License-Identifier: MIT */
/* backup, restore and verify: the private cluster as a folder that can be kept elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"
#include "ledger/db/migrate.h"
#include "ledger/db/pg.h"
#include "server/postgres/backup.h"
#include "server/postgres/cluster.h"
#include "server/cmd/cmd.h"
#include "server/cmd/cmd_audit.h"
#include "server/cmd/cmd_database.h"
#include "server/cmd/progress.h"
#include "server/postgres/database.h"
#include "server/cmd/stop_signals.h"

enum { ERROR_TEXT = 1000, PATH_TEXT = FOLDER_PATH + 40 };

/* What the three commands share: DIR, and where the programs and the data are. */
struct job {
    const char *dir, *data, *bin;
    bool (*work)(struct co_context *context, const struct job *job, char *error, size_t size);
    bool done;
    struct co_context *life, *watch;
    struct co_waitgroup watching;
};

/* ---- what takes long, and is said ------------------------------------------------------------ */

static bool check(struct co_context *context, const struct job *job, char *error, size_t size)
{
    progress_say("checking the backup");
    return backup_check(context, job->bin, job->dir, error, size);
}

static bool copy(
    struct co_context *context, const struct job *job, const char *to, char *error, size_t size)
{
    progress_say("copying the backup");
    return backup_copy(context, job->dir, to, error, size);
}

static bool take(struct co_context *context, const struct job *job, const struct cluster *cluster,
    char *error, size_t size)
{
    progress_say("copying the database");
    return backup_take(context, cluster, job->bin, job->dir, error, size);
}

/* ---- backup ---------------------------------------------------------------------------------- */

/* How far each ledger is before it begins: the backup has at least that. */
static bool print_positions(struct co_context *context, struct pg *pg, char *error, size_t size)
{
    static const struct pg_statement ask = {
        .sql =
            "SELECT l.name, coalesce((SELECT max(last_seq) FROM batch b WHERE b.ledger = l.no), 0)"
            " FROM ledger l ORDER BY l.no"};
    struct pg_result *rows = NULL;
    if (pg_run(context, pg, &ask, NULL, &rows) != PG_OK) {
        snprintf(error, size, "%s", pg_message(pg));
        return false;
    }
    /* Before the copy begins, so that it cannot promise too much. */
    for (size_t i = 0; i < pg_rows(rows); i++)
        printf("ledger %s: up to seq %s at least\n", pg_text(rows, i, 0), pg_text(rows, i, 1));
    pg_free(&rows);
    return true;
}

static bool back_up_database(struct co_context *context, const struct job *job,
    const struct database *database, char *error, size_t size)
{
    struct pg *pg = pg_connect(context, database->conninfo, NULL, error, size);
    if (!pg)
        return false;
    /* A database of another version is not backed up under this one's name. */
    bool good = migrate_check(context, pg, error, size) == PG_OK &&
                print_positions(context, pg, error, size);
    pg_close(&pg);
    /* Checked right away: a backup that cannot be read is worse than none. */
    return good && take(context, job, database->cluster, error, size) &&
           check(context, job, error, size);
}

static bool back_up(struct co_context *context, const struct job *job, char *error, size_t size)
{
    const struct database_options which = {.data = job->data, .postgres_bin = job->bin};
    struct database database;
    if (!database_open(context, &which, &database, error, size))
        return false;
    bool good = back_up_database(context, job, &database, error, size);
    database_close(&database);
    progress_end();
    if (good)
        printf("backup of %s in %s\n", job->data, job->dir);
    return good;
}

/* ---- restore --------------------------------------------------------------------------------- */

/* Not over a database that is there, however it came there. */
static bool restore_into(struct co_context *context, const struct job *job,
    const struct folder *folder, char *error, size_t size)
{
    char path[PATH_TEXT];
    struct stat status;
    /* A service may be running there. */
    if (folder->lock_fd < 0) {
        snprintf(error, size, "%s is in use by another teller, process %d", folder->path,
            folder_holder(folder));
        return false;
    }
    snprintf(path, sizeof path, "%s/postgres", folder->path);
    if (lstat(path, &status) == 0) {
        snprintf(error, size, "there is a database in %s already; restore into an empty folder",
            folder->path);
        return false;
    }
    return copy(context, job, folder->path, error, size);
}

static bool restore(struct co_context *context, const struct job *job, char *error, size_t size)
{
    struct folder folder;
    /* Checked before anything is written. */
    if (!check(context, job, error, size) || !folder_open(&folder, job->data, error, size))
        return false;
    bool good = restore_into(context, job, &folder, error, size);
    folder_close(&folder);
    progress_end();
    if (good)
        printf("restored %s into %s; teller serve --data %s goes on from there.\n"
               "The tokens are those of then; teller token create --data %s makes a new one.\n",
            job->dir, job->data, job->data, job->data);
    return good;
}

/* ---- verify ---------------------------------------------------------------------------------- */

static bool audit_all(struct co_context *context, struct pg *pg, char *error, size_t size)
{
    static const struct pg_statement ask = {.sql = "SELECT name FROM ledger ORDER BY no"};
    struct pg_result *rows = NULL;
    bool sound = true;
    progress_end(); /* an audit says what it finds */
    if (migrate_check(context, pg, error, size) != PG_OK)
        return false;
    if (pg_run(context, pg, &ask, NULL, &rows) != PG_OK) {
        snprintf(error, size, "%s", pg_message(pg));
        return false;
    }
    /* All of them are audited, also after one that is wrong. */
    for (size_t i = 0; i < pg_rows(rows); i++)
        sound = cmd_audit_ledger(context, pg, pg_text(rows, i, 0)) == 0 && sound;
    pg_free(&rows);
    snprintf(error, size, "the audit found what is printed above");
    return sound;
}

/* A copy is started, for what is started is changed. */
static bool audit_copy(struct co_context *context, const struct job *job, const char *scratch,
    char *error, size_t size)
{
    const struct database_options which = {
        .data = scratch, .postgres_bin = job->bin, .serves = true};
    struct database database;
    if (!copy(context, job, scratch, error, size) ||
        !database_open(context, &which, &database, error, size))
        return false;
    struct pg *pg = pg_connect(context, database.conninfo, NULL, error, size);
    bool good = pg && audit_all(context, pg, error, size);
    pg_close(&pg);
    database_close(&database);
    return good;
}

static bool verify(struct co_context *context, const struct job *job, char *error, size_t size)
{
    char scratch[PATH_TEXT];
    if (!check(context, job, error, size))
        return false;
    /* Beside the backup, where there is room for another copy of it. */
    int length = snprintf(scratch, sizeof scratch, "%s.verify-XXXXXX", job->dir);
    if (length >= (int)sizeof scratch || !mkdtemp(scratch)) {
        snprintf(error, size, "cannot make a folder beside %s", job->dir);
        return false;
    }
    bool good = audit_copy(context, job, scratch, error, size);
    backup_remove(scratch);
    if (good)
        printf("%s is whole and sound\n", job->dir);
    return good;
}

/* ---- the commands ---------------------------------------------------------------------------- */

/* Ctrl-C and its like end the work, which then clears away what it has made. */
static void watch_signals(void *arg)
{
    struct job *job = arg;
    if (stop_signals_wait(job->watch))
        co_context_cancel(job->life);
    co_waitgroup_done(&job->watching);
}

static void run(void *arg)
{
    struct job *job = arg;
    char error[ERROR_TEXT] = "";
    job->life = co_context_with_cancel(co_context_background());
    job->watch = co_context_with_cancel(co_context_background());
    co_ensure(job->life && job->watch);
    co_waitgroup_add(&job->watching, 1);
    co_ensure(co_spawn(watch_signals, job));
    job->done = job->work(job->life, job, error, sizeof error);
    progress_end();
    if (!job->done)
        fprintf(stderr, "teller: %s\n",
            co_context_err(job->life) == CO_CONTEXT_OK ? error : "stopped before it was done");
    /* The watcher ends with the work. */
    co_context_cancel(job->watch);
    co_waitgroup_wait(&job->watching);
    co_context_release(&job->watch);
    co_context_release(&job->life);
}

static int start(
    const struct options *options, int argc, char **argv, struct job *job, bool has_data)
{
    const char *words[2];
    int code = cmd_database_parse(options, argc, argv, words, 1);
    if (code >= 0)
        return code;
    if (!words[0]) {
        fprintf(stderr, "teller: which folder?\nusage: %s\n", options->usage);
        return 2;
    }
    /* Its files are not ours to copy. */
    if (has_data && options_value(options, "database")) {
        fputs("teller: a database of your own is backed up and restored with pg_dump and "
              "pg_restore, or as its host does it\n",
            stderr);
        return 2;
    }
    job->dir = words[0];
    job->data = has_data ? options_value(options, "data") : NULL;
    job->bin = options_value(options, "postgres-bin");
    if (!job->bin)
        job->bin = CLUSTER_DEBIAN_BIN;
    pg_clear_environment(true);
    stop_signals_block();
    (void)co_runtime_run(NULL, run, job);
    return job->done ? 0 : 1;
}

#define FLAGS(data_help)                                                                           \
    {                                                                                              \
        {"data", "DIR", data_help, "var"},                                                         \
            {"database", "URL...", "refused: pg_dump, or your host, backs up what is yours",       \
                NULL},                                                                             \
            {"postgres-bin", "DIR", "where PostgreSQL's programs are", NULL},                      \
            {NULL, NULL, NULL, NULL},                                                              \
    }

int cmd_backup(int argc, char **argv)
{
    struct option flags[] = FLAGS("the data folder, whose private database is backed up");
    const struct options options = {"teller backup DIR [flags]",
        "Back the private database up into the folder DIR, which is made, also while a service is\n"
        "running on it, and check what was written. For a database of your own: pg_dump, or what\n"
        "its host has.",
        flags};
    return start(&options, argc, argv, &(struct job){.work = back_up}, true);
}

int cmd_restore(int argc, char **argv)
{
    struct option flags[] = FLAGS("the data folder that it becomes, without a database so far");
    const struct options options = {"teller restore DIR [flags]",
        "Check the backup in the folder DIR and copy it into a data folder without a database.",
        flags};
    return start(&options, argc, argv, &(struct job){.work = restore}, true);
}

int cmd_verify(int argc, char **argv)
{
    struct option flags[] = {
        {"postgres-bin", "DIR", "where PostgreSQL's programs are", NULL}, {NULL, NULL, NULL, NULL}};
    const struct options options = {"teller verify DIR [flags]",
        "Check each file of the backup in the folder DIR, then start a copy of it beside it and\n"
        "replay every journal, as teller audit does. Exit 0 only if all of it is sound.",
        flags};
    return start(&options, argc, argv, &(struct job){.work = verify}, false);
}
