/* SPDX-License-Identifier: MIT */
/*
 * One coroutine, supervise(), owns the child: it waits for its end and starts it again, until the
 * context `life` is cancelled. Only then does cluster_stop() touch the child.
 *
 * The kernel sends the child SIGINT (a fast, clean shutdown) when the thread that started it ends:
 * a worker's thread lives as long as the runtime.
 */
#include "server/postgres/cluster.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "server/postgres/cluster_folder.h"
#include "server/postgres/cluster_memory.h"
#include "server/text/log.h"
#include "server/process/process.h"

static const int64_t look_every_ns = 10 * CO_CLOCK_MS;
static const int64_t quit_after_ns = 10 * CO_CLOCK_S, kill_after_ns = 15 * CO_CLOCK_S;
static const int64_t give_up_after_ns = 20 * CO_CLOCK_S;

/* What a bank wants of it, whatever postgresql.conf says. "." is the cluster's own folder. */
static const char *const settings[] = {
    "listen_addresses=",
    "port=5432", /* a part of the socket's name, and no more */
    "unix_socket_directories=.",
    "unix_socket_permissions=0700",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "wal_compression=lz4",
    "max_wal_size=2GB",
    "min_wal_size=512MB",
    "wal_buffers=16MB",
    "max_connections=100",
    "jit=off",
    "logging_collector=off",
    "log_min_messages=warning",
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

struct cluster {
    struct cluster_folder folder;
    char conninfo[128];
    struct process postmaster;
    _Atomic pid_t pid; /* the postmaster's, for cluster_pid() */
    struct co_context *life;
    struct co_waitgroup supervisor;
};

/* ---- what a killed predecessor left behind ------------------------------------------------ */

/* A process of our cluster has the cluster's name in its command line; the postmaster has it among
 * its arguments, its children in the title "postgres: NAME: ...". */
enum resident { RESIDENT_NONE, RESIDENT_POSTMASTER, RESIDENT_CHILD, RESIDENT_UNSEEN };

static enum resident resident_kind(const char *pid, const char *name)
{
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    /* Short of descriptors, what cannot be seen may still be there. */
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? RESIDENT_UNSEEN
                                                                     : RESIDENT_NONE;
    ssize_t length = read(fd, text, sizeof text);
    close(fd);
    /* The name holds device and inode, so it is that of one folder only. */
    if (length <= 0 || !memmem(text, (size_t)length, name, strlen(name)))
        return RESIDENT_NONE;
    if (strncmp(text, "postgres:", 9) == 0)
        return RESIDENT_CHILD;
    return memmem(text, (size_t)length, "postgres\0-D", 11) ? RESIDENT_POSTMASTER : RESIDENT_NONE;
}

struct residents {
    const char *name;
    int signal_postmaster, signal_children; /* 0: none */
    int postmasters, children;              /* out */
    bool all_seen;                          /* out; false: there may be more */
};

static void residents_signal(void *arg)
{
    struct residents *residents = arg;
    residents->postmasters = residents->children = 0;
    DIR *proc = opendir("/proc");
    residents->all_seen = proc != NULL;
    if (!proc)
        return;
    for (struct dirent *entry; (entry = readdir(proc));) {
        /* Processes are the folders with a number for a name. */
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        enum resident kind = resident_kind(entry->d_name, residents->name);
        residents->all_seen = residents->all_seen && kind != RESIDENT_UNSEEN;
        if (kind == RESIDENT_NONE || kind == RESIDENT_UNSEEN)
            continue;
        bool postmaster = kind == RESIDENT_POSTMASTER;
        *(postmaster ? &residents->postmasters : &residents->children) += 1;
        int signal = postmaster ? residents->signal_postmaster : residents->signal_children;
        if (signal)
            (void)kill((pid_t)strtol(entry->d_name, NULL, 10), signal);
    }
    closedir(proc);
}

/*
 * Wait until no process of the cluster is left, asking ever less politely: an orphaned postmaster
 * to shut down, backends that have lost theirs to quit. Then its lock files are stale and go, even
 * if their process id is that of a zombie, or has been given to another process.
 */
static bool clear_residents(struct co_context *context, const struct cluster_folder *folder)
{
    static const char *const stale[] = {"postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"};
    int64_t since = co_clock_now_ns();
    struct residents residents = {.name = folder->name, .signal_postmaster = SIGINT};
    for (;;) {
        /* /proc may be long, and is read on a thread of its own. */
        co_blocking_call(residents_signal, &residents);
        if (residents.postmasters + residents.children == 0 && residents.all_seen) {
            for (size_t i = 0; i < sizeof stale / sizeof stale[0]; i++)
                (void)unlinkat(folder->fd, stale[i], 0);
            return true;
        }
        int64_t waited = co_clock_now_ns() - since;
        if (waited > give_up_after_ns || co_context_err(context) != CO_CONTEXT_OK)
            return false;
        int signal = waited > kill_after_ns ? SIGKILL : waited > quit_after_ns ? SIGQUIT : 0;
        residents.signal_postmaster = signal;
        /* Children without their postmaster have nothing to wait for. */
        residents.signal_children = residents.postmasters && !signal ? 0
                                    : signal                         ? signal
                                                                     : SIGQUIT;
        co_sleep(look_every_ns);
    }
}

/* ---- starting ----------------------------------------------------------------------------- */

static uint64_t machine_memory(void)
{
    return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int launch(struct cluster *cluster)
{
    struct cluster_command command;
    char name[80], buffers[40];
    cluster_folder_command(&cluster->folder, "postgres", &command);
    const char **argv = command.argv;
    size_t n = command.count;
    _Static_assert(SETTINGS * 2 + 16 < CLUSTER_ARGUMENTS, "all of it fits");
    /* On the command line they win over postgresql.conf. */
    for (size_t i = 0; i < SETTINGS; i++) {
        argv[n++] = "-c";
        argv[n++] = settings[i];
    }
    snprintf(name, sizeof name, "cluster_name=%s", cluster->folder.name);
    argv[n++] = "-c";
    argv[n++] = name;
    snprintf(buffers, sizeof buffers, "shared_buffers=%uMB",
        cluster_memory(machine_memory(), CLUSTER_MEMORY_LIMIT));
    argv[n++] = "-c";
    argv[n++] = buffers;
    argv[n] = NULL;
    /* Opened at each start, which is when a large one is set aside. */
    int log = cluster_folder_log(&cluster->folder);
    if (log < 0)
        return errno;
    const struct process_plan plan = process_in_folder(argv, log, cluster->folder.fd);
    int error = process_start(&cluster->postmaster, &plan);
    close(log);
    atomic_store(&cluster->pid, cluster->postmaster.pid);
    return error;
}

/* The last line of postmaster.pid tells how far it is; the first whose file it is. */
static bool is_ready(const struct cluster *cluster)
{
    char text[512];
    int fd = openat(cluster->folder.fd, "postmaster.pid", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    if (length <= 0)
        return false;
    text[length] = '\0';
    return strtol(text, NULL, 10) == cluster->postmaster.pid && strstr(text, "\nready");
}

static bool start(
    struct co_context *context, struct cluster *cluster, char *error, size_t error_size)
{
    const char *folder = cluster->folder.path;
    /* Two postmasters on one folder would destroy it. */
    if (!clear_residents(context, &cluster->folder)) {
        snprintf(error, error_size, "a PostgreSQL of an earlier run in %s does not end", folder);
        return false;
    }
    int failed = launch(cluster);
    if (failed) {
        snprintf(error, error_size, "cannot start PostgreSQL: %s", strerror(failed));
        return false;
    }
    while (!is_ready(cluster)) {
        /* Watch for an early end between two looks at its file. */
        struct co_context *moment = co_context_with_timeout(context, look_every_ns);
        int status;
        char how[40];
        bool over = !moment || co_context_err(context) != CO_CONTEXT_OK;
        bool ended = moment && process_wait(moment, &cluster->postmaster, &status) == PROCESS_ENDED;
        if (moment)
            co_context_release(&moment);
        if (ended) {
            atomic_store(&cluster->pid, 0);
            process_describe(status, how);
            snprintf(
                error, error_size, "PostgreSQL %s at its start; see %s/postgres.log", how, folder);
            return false;
        }
        if (over) {
            snprintf(error, error_size, "PostgreSQL in %s was not ready in time", folder);
            return false;
        }
    }
    return true;
}

/* Fast shutdown: its clients are cut off, it writes a checkpoint and ends. */
static void end_postmaster(struct cluster *cluster)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGKILL};
    int status;
    /* Each signal asks less politely than the one before. */
    for (size_t i = 0; cluster->postmaster.pid && i < sizeof signals / sizeof signals[0]; i++) {
        process_signal(&cluster->postmaster, signals[i]);
        struct co_context *deadline =
            co_context_with_timeout(co_context_background(), quit_after_ns);
        co_ensure(deadline);
        (void)!process_wait(deadline, &cluster->postmaster, &status);
        co_context_release(&deadline);
    }
    atomic_store(&cluster->pid, 0);
}

static void supervise(void *arg)
{
    struct cluster *cluster = arg;
    int status;
    char how[40], error[256];
    while (process_wait(cluster->life, &cluster->postmaster, &status) == PROCESS_ENDED) {
        atomic_store(&cluster->pid, 0);
        process_describe(status, how);
        log_error("PostgreSQL %s; it is started again", how);
        /* A bank waits for its database: try for as long as the service lives. */
        while (!start(cluster->life, cluster, error, sizeof error)) {
            if (co_context_err(cluster->life) != CO_CONTEXT_OK)
                goto out;
            log_error("%s", error);
            /* It may have started without becoming ready in time. */
            end_postmaster(cluster);
            co_sleep(CO_CLOCK_S);
        }
        log_info("PostgreSQL is up again, process %d", (int)cluster->postmaster.pid);
    }
out:
    co_waitgroup_done(&cluster->supervisor);
}

static void set_conninfo(struct cluster *cluster)
{
    /* Through the descriptor: no length limit of socket paths can hit us. */
    snprintf(cluster->conninfo, sizeof cluster->conninfo,
        "host=/proc/self/fd/%d user=postgres dbname=postgres", cluster->folder.fd);
}

struct cluster *cluster_start(struct co_context *context, const struct cluster_options *options,
    char *error, size_t error_size)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (!cluster) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    const char *bin = options->postgres_bin ? options->postgres_bin : CLUSTER_DEBIAN_BIN;
    if (!cluster_folder_open(context, &cluster->folder, options->folder, bin, error, error_size)) {
        free(cluster);
        return NULL;
    }
    set_conninfo(cluster);
    cluster->life = co_context_with_cancel(co_context_background());
    co_ensure(cluster->life);
    co_waitgroup_add(&cluster->supervisor, 1);
    /* supervise() owns the child from here on. */
    if (start(context, cluster, error, error_size) && co_spawn(supervise, cluster))
        return cluster;
    end_postmaster(cluster);
    co_context_release(&cluster->life);
    cluster_folder_close(&cluster->folder);
    free(cluster);
    return NULL;
}

struct cluster *cluster_attach(const char *folder, char *error, size_t error_size)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (!cluster || !cluster_folder_attach(&cluster->folder, folder, error, error_size)) {
        free(cluster);
        return NULL;
    }
    set_conninfo(cluster);
    return cluster;
}

int cluster_descriptor(const struct cluster *cluster)
{
    return cluster->folder.fd;
}

const char *cluster_conninfo(const struct cluster *cluster)
{
    return cluster->conninfo;
}

pid_t cluster_pid(const struct cluster *cluster)
{
    return atomic_load(&cluster->pid);
}

int cluster_folder_of(const struct cluster *cluster)
{
    return cluster->folder.fd;
}

void cluster_stop(struct cluster **cluster_at)
{
    struct cluster *cluster = *cluster_at;
    *cluster_at = NULL;
    /* An attached cluster is another process's to stop. */
    if (cluster->life) {
        co_context_cancel(cluster->life);
        co_waitgroup_wait(&cluster->supervisor);
        end_postmaster(cluster);
        co_context_release(&cluster->life);
    }
    cluster_folder_close(&cluster->folder);
    free(cluster);
}
