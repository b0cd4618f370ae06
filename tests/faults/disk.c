/* SPDX-License-Identifier: MIT */
#include "tests/faults/disk.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "coro/blocking.h"

static bool possible;

void disk_set_up(void)
{
    possible =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool disk_is_possible(void)
{
    return possible;
}

struct command {
    char text[1400];
    bool good;
};

static void run_command(void *arg)
{
    struct command *command = arg;
    command->good = system(command->text) == 0;
}

bool disk_make(struct disk *disk, const char *folder, unsigned mib)
{
    struct command command;
    snprintf(disk->path, sizeof disk->path, "%s", folder);
    snprintf(disk->ballast, sizeof disk->ballast, "%s/ballast", folder);
    snprintf(command.text, sizeof command.text,
        "set -e; mv '%s' '%s.old'; mkdir '%s'; mount -t tmpfs -o size=%um none '%s';"
        " cp -a '%s.old/.' '%s'; rm -rf '%s.old'",
        folder, folder, folder, mib, folder, folder, folder, folder);
    co_blocking_call(run_command, &command);
    return command.good;
}

/* Also false if PostgreSQL has taken some of it meanwhile. */
static bool try_to_fill(struct disk *disk, size_t rest)
{
    struct statvfs status;
    if (statvfs(disk->path, &status) != 0 || status.f_bavail * status.f_bsize <= rest)
        return false;
    off_t size = (off_t)(status.f_bavail * status.f_bsize - rest);
    int fd = open(disk->ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool filled = fd >= 0 && posix_fallocate(fd, 0, size) == 0;
    if (fd >= 0)
        close(fd);
    return filled;
}

bool disk_fill(struct disk *disk, size_t rest)
{
    enum { TRIES = 20 };
    bool filled = false;
    for (int i = 0; i < TRIES && !filled; i++) {
        disk_relieve(disk);
        filled = try_to_fill(disk, rest);
    }
    return filled;
}

void disk_relieve(struct disk *disk)
{
    unlink(disk->ballast);
}

void disk_end(struct disk *disk)
{
    if (disk->path[0])
        umount2(disk->path, MNT_DETACH);
    disk->path[0] = '\0';
}
