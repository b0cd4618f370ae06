/* SPDX-License-Identifier: MIT */
/*
 * A half-made cluster is never taken for a whole one: initdb works in DIR/postgres.new, which is
 * renamed when it is done.
 */
#include "server/postgres/cluster_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "server/process/process.h"

#define ACCOUNT "postgres"

enum { LOG_LARGE = 16 << 20, OPEN_FOLDERS = 16 };

/* A name of an account, or the account of a name: looked up on a thread, NSS may block. */
struct account_lookup {
    const char *name; /* NULL: by uid */
    uid_t uid;
    gid_t gid;
    char found[64]; /* "": there is none */
};

static void account_lookup(void *arg)
{
    struct account_lookup *lookup = arg;
    struct passwd entry, *result = NULL;
    char text[2048];
    int error = lookup->name ? getpwnam_r(lookup->name, &entry, text, sizeof text, &result)
                             : getpwuid_r(lookup->uid, &entry, text, sizeof text, &result);
    lookup->found[0] = '\0';
    if (error || !result)
        return;
    lookup->uid = entry.pw_uid;
    lookup->gid = entry.pw_gid;
    snprintf(lookup->found, sizeof lookup->found, "%s", entry.pw_name);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_tree(void *arg)
{
    if (nftw(arg, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) != 0)
        return; /* the mkdir that follows tells why */
}

static bool fail(char *error, size_t size, const char *what, const char *path)
{
    snprintf(error, size, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

void cluster_folder_close(struct cluster_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

int cluster_folder_log(const struct cluster_folder *folder)
{
    char path[CLUSTER_PATH + 20], old[CLUSTER_PATH + 20];
    struct stat status;
    snprintf(path, sizeof path, "%s/postgres.log", folder->path);
    snprintf(old, sizeof old, "%s/postgres.log.1", folder->path);
    /* One old file is kept: a log must not fill the disk. */
    if (stat(path, &status) == 0 && status.st_size > LOG_LARGE)
        (void)rename(path, old);
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void cluster_folder_command(
    const struct cluster_folder *folder, const char *program, struct cluster_command *command)
{
    const char **argv = command->argv;
    size_t n = 0;
    snprintf(command->program, sizeof command->program, "%s/%s", folder->bin, program);
    /* setpriv becomes the program, so no process stands between us and it. */
    argv[n++] = "setpriv";
    argv[n++] = "--pdeathsig=INT"; /* postgres: a fast, clean shutdown */
    argv[n++] = "--no-new-privs";
    if (folder->switch_user) {
        snprintf(command->user, sizeof command->user, "--reuid=%u", folder->uid);
        snprintf(command->group, sizeof command->group, "--regid=%u", folder->gid);
        argv[n++] = command->user;
        argv[n++] = command->group;
        argv[n++] = "--clear-groups";
        argv[n++] = "--inh-caps=-all";
    }
    argv[n++] = command->program;
    argv[n++] = "-D";
    argv[n++] = PROCESS_FOLDER;
    command->count = n;
}

/* ---- making it ---------------------------------------------------------------------------- */

/* Small WAL segments: a new one is filled with zeros and flushed while a commit waits for it, which
 * takes 16 MB long enough to be felt (p99). */
static bool run_initdb(
    struct co_context *context, const struct cluster_folder *folder, char *error, size_t error_size)
{
    struct cluster_command command;
    char how[40];
    /* Only peers on the socket get in, and pages carry checksums. */
    static const char *const arguments[] = {"--username=postgres", "--auth-local=peer",
        "--auth-host=reject", "--data-checksums", "--wal-segsize=2", "--encoding=UTF8",
        "--locale=C.UTF-8", "--no-instructions", NULL};
    cluster_folder_command(folder, "initdb", &command);
    memcpy(command.argv + command.count, arguments, sizeof arguments);
    int log = cluster_folder_log(folder);
    if (log < 0)
        return fail(error, error_size, "write the log in", folder->path);
    struct process process;
    const struct process_plan plan = process_in_folder(command.argv, log, folder->fd);
    int status = 0, failed = process_start(&process, &plan);
    close(log);
    if (failed) {
        snprintf(
            error, error_size, "cannot start setpriv (package util-linux): %s", strerror(failed));
        return false;
    }
    /* What is half made is removed at the next start. */
    if (process_wait(context, &process, &status) != PROCESS_ENDED) {
        process_signal(&process, SIGINT);
        (void)!process_wait(co_context_background(), &process, &status);
        snprintf(error, error_size, "stopped while making the database cluster");
        return false;
    }
    if (status == 0)
        return true;
    process_describe(status, how);
    snprintf(error, error_size, "%s %s; see %s/postgres.log (is PostgreSQL 15 installed?)",
        command.program, how, folder->path);
    return false;
}

static bool make_folder(
    struct co_context *context, struct cluster_folder *folder, char *error, size_t error_size)
{
    char path[CLUSTER_PATH + 20], done[CLUSTER_PATH + 20];
    snprintf(path, sizeof path, "%s/postgres.new", folder->path);
    snprintf(done, sizeof done, "%s/postgres", folder->path);
    /* An earlier start may have been cut off. */
    co_blocking_call(remove_tree, path);
    if (mkdir(path, 0700) < 0)
        return fail(error, error_size, "make", path);
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder->fd < 0)
        return fail(error, error_size, "open", path);
    /* initdb runs as the owner, and makes no folder of its own. */
    if (folder->switch_user && fchown(folder->fd, folder->uid, folder->gid) < 0)
        return fail(error, error_size, "give away", path);
    if (!run_initdb(context, folder, error, error_size))
        return false;
    if (rename(path, done) < 0)
        return fail(error, error_size, "rename", path);
    /* The rename must survive a crash of the machine. */
    int parent = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0 || fsync(parent) < 0)
        return fail(error, error_size, "sync", folder->path);
    close(parent);
    return true;
}

/* ---- who runs it, and who is let in ------------------------------------------------------- */

bool cluster_folder_account(struct cluster_folder *folder, char *error, size_t error_size)
{
    struct stat status;
    bool exists = folder->fd >= 0;
    if (exists && fstat(folder->fd, &status) < 0)
        return fail(error, error_size, "read", folder->path);
    /* PostgreSQL refuses root, so root runs it as the folder's owner, or as postgres. */
    bool root = geteuid() == 0;
    struct account_lookup lookup = {
        .name = root && !exists ? ACCOUNT : NULL, .uid = exists ? status.st_uid : geteuid()};
    co_blocking_call(account_lookup, &lookup);
    if (!lookup.found[0]) {
        snprintf(error, error_size, "there is no account %s to run PostgreSQL as",
            lookup.name ? ACCOUNT : "of this user id");
        return false;
    }
    if (lookup.uid == 0 || (!root && lookup.uid != geteuid())) {
        snprintf(error, error_size, "%s/postgres belongs to %s: %s", folder->path, lookup.found,
            lookup.uid == 0 ? "PostgreSQL does not run as root" : "start as that user, or as root");
        return false;
    }
    folder->uid = lookup.uid;
    folder->gid = lookup.gid;
    folder->switch_user = root;
    return true;
}

static bool write_file(const struct cluster_folder *folder, const char *name, const char *text,
    char *error, size_t error_size)
{
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(error, error_size, "write", name);
    size_t length = strlen(text);
    /* PostgreSQL reads it as its own account. */
    bool good = write(fd, text, length) == (ssize_t)length &&
                (!folder->switch_user || fchown(fd, folder->uid, folder->gid) == 0);
    if (!good)
        fail(error, error_size, "write", name);
    close(fd);
    return good;
}

static const char access_mark[] =
    "# teller: what follows is written at each start; lines above this one are yours, and stay.\n";

/* What stands above the mark; "": there is none, and so nothing that is not ours or initdb's. */
static void read_own(const struct cluster_folder *folder, const char *name, char *text, size_t size)
{
    int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    char *mark = strstr(text, access_mark);
    *(mark ? mark : text) = '\0';
}

/* Our lines below those that an administrator has put there. */
static bool write_access(const struct cluster_folder *folder, const char *name, const char *ours,
    char *error, size_t error_size)
{
    enum { OWN = 65536 };
    char *text = malloc(OWN + sizeof access_mark + 1024);
    if (!text) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    read_own(folder, name, text, OWN);
    size_t length = strlen(text);
    /* The first line of pg_hba.conf that fits counts, so an administrator's lines, above ours,
     * win. */
    snprintf(text + length, sizeof access_mark + 1024, "%s%s", access_mark, ours);
    bool good = write_file(folder, name, text, error, error_size);
    free(text);
    return good;
}

/* Peer authentication: the kernel tells PostgreSQL who is at the other end of the socket; for
 * backups and standbys too. Written at each start, so it follows a change of the user. */
static bool let_us_in(struct cluster_folder *folder, char *error, size_t error_size)
{
    struct account_lookup us = {.uid = geteuid()}, account = {.uid = folder->uid};
    co_blocking_call(account_lookup, &us);
    co_blocking_call(account_lookup, &account);
    if (!us.found[0] || !account.found[0]) {
        snprintf(error, error_size, "this user id has no name, which PostgreSQL needs");
        return false;
    }
    char map[300];
    /* Root is let in as well, to look after it, whoever runs the service. */
    snprintf(map, sizeof map,
        "private \"%s\" postgres\nprivate \"%s\" postgres\nprivate root postgres\n", us.found,
        account.found);
    return write_access(folder, "pg_ident.conf", map, error, error_size) &&
           write_access(folder, "pg_hba.conf",
               "local all all peer map=private\nlocal replication all peer map=private\n", error,
               error_size);
}

static void name_it(struct cluster_folder *folder)
{
    struct stat status;
    co_ensure(fstat(folder->fd, &status) == 0);
    /* Device and inode: the same for any path that leads here. */
    snprintf(folder->name, sizeof folder->name, "teller(%lx:%lx)", (unsigned long)status.st_dev,
        (unsigned long)status.st_ino);
}

bool cluster_folder_attach(
    struct cluster_folder *folder, const char *path, char *error, size_t error_size)
{
    char full[CLUSTER_PATH + 20];
    *folder = (struct cluster_folder){.fd = -1};
    if (strlen(path) >= sizeof folder->path) {
        snprintf(error, error_size, "the path of the data folder is too long");
        return false;
    }
    snprintf(folder->path, sizeof folder->path, "%s", path);
    snprintf(full, sizeof full, "%s/postgres", path);
    folder->fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder->fd < 0)
        return fail(error, error_size, "open", full);
    name_it(folder);
    return true;
}

bool cluster_folder_open(struct co_context *context, struct cluster_folder *folder,
    const char *path, const char *bin, char *error, size_t error_size)
{
    bool exists = cluster_folder_attach(folder, path, error, error_size);
    /* A folder that cannot be opened is not one that is missing. */
    if (!exists && (errno != ENOENT || !folder->path[0]))
        return false;
    snprintf(folder->bin, sizeof folder->bin, "%s", bin);
    if (!cluster_folder_account(folder, error, error_size) ||
        (!exists && !make_folder(context, folder, error, error_size)) ||
        !let_us_in(folder, error, error_size)) {
        cluster_folder_close(folder);
        return false;
    }
    /* Again: it may just have been made. */
    name_it(folder);
    return true;
}
