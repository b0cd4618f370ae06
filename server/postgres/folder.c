/* SPDX-License-Identifier: MIT */
#include "server/postgres/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(char *error, size_t size, const char *what, const char *path)
{
    snprintf(error, size, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

static bool make_absolute(struct folder *folder, const char *path)
{
    char here[FOLDER_PATH] = "";
    /* Children work in "/", so a relative path would mislead them. */
    if (path[0] != '/' && !getcwd(here, sizeof here))
        return false;
    int length =
        snprintf(folder->path, sizeof folder->path, "%s%s%s", here, here[0] ? "/" : "", path);
    /* For the message, if the path is too long. */
    errno = ENAMETOOLONG;
    return length >= 0 && (size_t)length < sizeof folder->path;
}

static void lock_path(const struct folder *folder, char path[FOLDER_PATH + 10])
{
    snprintf(path, FOLDER_PATH + 10, "%s/lock", folder->path);
}

bool folder_open(struct folder *folder, const char *path, char *error, size_t error_size)
{
    char lock[FOLDER_PATH + 10], number[20];
    folder->lock_fd = -1;
    if (!make_absolute(folder, path))
        return fail(error, error_size, "use the data folder", path);
    if (mkdir(folder->path, 0700) < 0 && errno != EEXIST)
        return fail(error, error_size, "make the data folder", folder->path);
    lock_path(folder, lock);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(error, error_size, "open", lock);
    /* The kernel lets go of it when we end, however that happens. */
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return errno == EWOULDBLOCK || fail(error, error_size, "lock", lock);
    }
    /* The number is for people: the lock itself is what counts. */
    int length = snprintf(number, sizeof number, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || write(fd, number, (size_t)length) < 0) {
        close(fd);
        return fail(error, error_size, "write", lock);
    }
    folder->lock_fd = fd;
    return true;
}

void folder_close(struct folder *folder)
{
    if (folder->lock_fd >= 0)
        close(folder->lock_fd);
    folder->lock_fd = -1;
}

int folder_holder(const struct folder *folder)
{
    char path[FOLDER_PATH + 10], text[20] = "";
    lock_path(folder, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '\0';
    close(fd);
    return (int)strtol(text, NULL, 10);
}

void folder_place(const struct folder *folder, char place[FOLDER_PLACE])
{
    char boot[40] = "";
    struct stat status;
    place[0] = '\0';
    /* The boot's id: another machine may have the same device and inode numbers. */
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t length = read(fd, boot, sizeof boot - 1);
    close(fd);
    boot[length > 0 ? length : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    if (boot[0] && folder->lock_fd >= 0 && fstat(folder->lock_fd, &status) == 0)
        snprintf(place, FOLDER_PLACE, "%s %lx %lu", boot, (unsigned long)status.st_dev,
            (unsigned long)status.st_ino);
}
