/* SPDX-License-Identifier: MIT */
/* The programs of PostgreSQL and of the system do the work, as children that end when we do. */
#include "server/postgres/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/postgres/cluster.h"
#include "server/postgres/cluster_folder.h"
#include "server/process/process.h"

enum { PATH = CLUSTER_PATH + 40 };

static bool fail(char *error, size_t size, const char *what, const char *path)
{
    snprintf(error, size, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

/* Run a program to its end; it says what it has to say on our stderr, has `fd` open as
 * PROCESS_FOLDER, and ends when we do. */
static bool run(
    struct co_context *context, const char *const argv[], int fd, char *error, size_t size)
{
    const char *with_us[24] = {"setpriv", "--pdeathsig=TERM", "--no-new-privs"};
    struct process process;
    char how[40];
    int status = 0;
    size_t count = 3;
    /* setpriv comes first: it ties the child's life to ours. */
    for (; *argv; argv++) {
        co_ensure(count < sizeof with_us / sizeof with_us[0] - 1);
        with_us[count++] = *argv;
    }
    const struct process_plan plan = process_in_folder(with_us, STDERR_FILENO, fd);
    int failed = process_start(&process, &plan);
    if (failed) {
        snprintf(error, size, "cannot start %s: %s", with_us[3], strerror(failed));
        return false;
    }
    /* Told to stop: the child clears away what it has made. */
    if (process_wait(context, &process, &status) != PROCESS_ENDED) {
        process_signal(&process, SIGTERM);
        (void)!process_wait(co_context_background(), &process, &status);
    }
    process_describe(status, how);
    snprintf(error, size, "%s %s", with_us[3], how);
    return status == 0;
}

/* The same with a folder of its own in place of the descriptor. */
static bool run_in(struct co_context *context, const char *const argv[], const char *folder,
    char *error, size_t size)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, size, "open", folder);
    bool good = run(context, argv, fd, error, size);
    close(fd);
    return good;
}

/* DIR/name with DIR in full, as children work in "/"; the caller frees it. NULL: see `error`. */
static char *full_path(const char *folder, const char *name, char *error, size_t size)
{
    char *resolved = realpath(folder, NULL), *path = NULL;
    if (!resolved)
        fail(error, size, "use", folder);
    else if (asprintf(&path, "%s/%s", resolved, name) < 0)
        path = NULL;
    free(resolved);
    return path;
}

/* An empty folder that is there serves as well as one that is made. */
static bool make_empty(const char *folder, char *error, size_t size)
{
    if (rmdir(folder) < 0 && errno != ENOENT)
        return fail(error, size, "make a backup in", folder);
    return mkdir(folder, 0700) == 0 || fail(error, size, "make", folder);
}

bool backup_take(struct co_context *context, const struct cluster *cluster, const char *bin,
    const char *to, char *error, size_t error_size)
{
    char program[PATH];
    if (!make_empty(to, error, error_size))
        return false;
    char *postgres = full_path(to, "postgres", error, error_size);
    snprintf(program, sizeof program, "%s/pg_basebackup", bin);
    /* The WAL that is written meanwhile comes along, so the copy is whole by itself. */
    const char *const argv[] = {program, "--pgdata", postgres, "--wal-method=stream",
        "--checkpoint=fast", "--manifest-checksums=SHA256", "--label=teller backup",
        "--no-password", "--host=" PROCESS_FOLDER, "--username=postgres", NULL};
    bool good = postgres && run(context, argv, cluster_folder_of(cluster), error, error_size);
    if (!good)
        (void)rmdir(to); /* it clears away what it has written */
    free(postgres);
    return good;
}

bool backup_check(
    struct co_context *context, const char *bin, const char *from, char *error, size_t error_size)
{
    char program[PATH];
    char *postgres = full_path(from, "postgres", error, error_size);
    snprintf(program, sizeof program, "%s/pg_verifybackup", bin);
    /* Checks every file against the manifest's checksums, and the WAL as far as it is needed. */
    const char *const argv[] = {program, "--quiet", postgres, NULL};
    bool good = postgres && run_in(context, argv, from, error, error_size);
    free(postgres);
    return good;
}

static bool copy_and_give(struct co_context *context, const char *postgres, const char *fresh,
    const char *folder, char *error, size_t size)
{
    struct cluster_folder account = {.fd = -1};
    char owner[40];
    if (!cluster_folder_account(&account, error, size))
        return false;
    snprintf(owner, sizeof owner, "%u:%u", account.uid, account.gid);
    /* Shares blocks where the file system can. */
    const char *const copy[] = {"cp", "-a", "--reflink=auto", postgres, fresh, NULL};
    const char *const give[] = {"chown", "-R", owner, fresh, NULL};
    const char *const flush[] = {"sync", "-f", fresh, NULL};
    /* An earlier try may have been cut off. */
    backup_remove(fresh);
    return run_in(context, copy, folder, error, size) &&
           (!account.switch_user || run_in(context, give, folder, error, size)) &&
           run_in(context, flush, folder, error, size);
}

bool backup_copy(struct co_context *context, const char *from, const char *folder, char *error,
    size_t error_size)
{
    char *postgres = full_path(from, "postgres", error, error_size);
    char *fresh = full_path(folder, "postgres.new", error, error_size);
    char *done = full_path(folder, "postgres", error, error_size);
    bool good = postgres && fresh && done &&
                copy_and_give(context, postgres, fresh, folder, error, error_size);
    /* Renamed when whole: a half-made copy never stands where a cluster does. */
    if (good && (chmod(fresh, 0700) < 0 || rename(fresh, done) < 0))
        good = fail(error, error_size, "rename", fresh);
    if (good)
        /* The new name must be on disk as well. */
        good = run_in(
            context, (const char *const[]){"sync", "-f", done, NULL}, folder, error, error_size);
    free(postgres);
    free(fresh);
    free(done);
    return good;
}

void backup_remove(const char *folder)
{
    char error[200], *full = realpath(folder, NULL); /* else there is nothing to remove */
    const char *const argv[] = {"rm", "-rf", "--", full, NULL};
    if (full)
        (void)!run_in(co_context_background(), argv, "/", error, sizeof error);
    free(full);
}
