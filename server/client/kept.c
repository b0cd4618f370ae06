/* SPDX-License-Identifier: MIT */
/* A file's name is a hash of what is asked for, and a number: two programs that ask for the same at
 * the same moment are two payments. Its lines: FORMAT, the members of kept_ask, the key, END. */
#include "server/client/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/domain/hash.h"
#include "loadtest/key.h"

#define FORMAT "teller payment 1"
#define END "end"

enum { TOGETHER = 100, TEXT = 16384 };
enum { LINE_FORMAT, LINE_URL, LINE_PATH, LINE_BODY, LINE_WORDS, LINE_KEY, LINE_END, LINES };

bool kept_folder(const char *given, char folder[KEPT_PATH])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length = given                    ? snprintf(folder, KEPT_PATH, "%s", given)
                 : state && *state == '/' ? snprintf(folder, KEPT_PATH, "%s/teller", state)
                 : home && *home == '/'
                     ? snprintf(folder, KEPT_PATH, "%s/.local/state/teller", home)
                     : 0;
    return length > 0 && length < KEPT_PATH - 64;
}

static bool fail(char why[KEPT_WHY], const char *what, const char *path)
{
    snprintf(why, KEPT_WHY, "%s %.200s: %s", what, path, strerror(errno));
    return false;
}

/* With those above it, for their owner alone. */
static bool make_folder(const char *folder, char why[KEPT_WHY])
{
    char path[KEPT_PATH];
    snprintf(path, sizeof path, "%s", folder);
    for (char *at = path + 1; *at; at++)
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(path, 0700); /* most are there */
            *at = '/';
        }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(why, "cannot make", path);
    return true;
}

static void make_key(char key[KEPT_KEY])
{
    uint64_t chance;
    co_ensure(getrandom(&chance, sizeof chance, 0) == (ssize_t)sizeof chance);
    struct key_source source = key_source_make(chance, 0);
    snprintf(key, KEPT_KEY, "cli-%s", key_fresh(&source).text);
}

static void name_of(const struct kept_ask *ask, char name[2 * HASH_REQUEST + 1])
{
    struct hash hash;
    uint8_t digest[HASH_REQUEST];
    hash_start(&hash, sizeof digest);
    hash_add_text(&hash, ask->url);
    hash_add_text(&hash, ask->path);
    hash_add_text(&hash, ask->body);
    hash_add_text(&hash, ask->key);
    hash_finish(&hash, digest);
    hash_to_hex(digest, sizeof digest, name);
    name[2 * HASH_REQUEST] = '\0';
}

/* Open it and have it for this program alone. False: another has it, or errno says why. */
static bool take(struct kept *kept, int flags)
{
    struct stat status;
    kept->fd = open(kept->file, O_RDWR | O_CLOEXEC | flags, 0600);
    if (kept->fd < 0)
        return false;
    /* It may have been removed between the two. */
    if (flock(kept->fd, LOCK_EX | LOCK_NB) == 0 && fstat(kept->fd, &status) == 0 &&
        status.st_nlink > 0)
        return true;
    close(kept->fd);
    kept->fd = -1;
    errno = EWOULDBLOCK;
    return false;
}

/* Its lines, for which *memory is to be freed; false: it was not written to its end, so nothing was
 * sent. */
static bool read_lines(int fd, char **memory, char *lines[LINES])
{
    char *text = *memory = malloc(TEXT);
    co_ensure(text);
    ssize_t length = pread(fd, text, TEXT - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    for (int i = 0; i < LINES; i++) {
        char *end = strchr(text, '\n');
        if (!end)
            return false;
        *end = '\0';
        lines[i] = text;
        text = end + 1;
    }
    return strcmp(lines[LINE_FORMAT], FORMAT) == 0 && strcmp(lines[LINE_END], END) == 0;
}

/* On the disk, the file and its name, before anything is sent. */
static bool write_lines(struct kept *kept, const char *folder, const struct kept_ask *ask)
{
    char *text;
    int length = asprintf(&text, FORMAT "\n%s\n%s\n%s\n%s\n%s\n" END "\n", ask->url, ask->path,
        ask->body, ask->words, kept->key);
    co_ensure(length > 0);
    int place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = place >= 0 && length < TEXT && ftruncate(kept->fd, 0) == 0 &&
                pwrite(kept->fd, text, (size_t)length, 0) == length && fsync(kept->fd) == 0 &&
                fsync(place) == 0;
    if (place >= 0)
        close(place);
    free(text);
    return good;
}

bool kept_begin(
    struct kept *kept, const char *folder, const struct kept_ask *ask, char why[KEPT_WHY])
{
    char name[2 * HASH_REQUEST + 1], *memory, *lines[LINES];
    bool taken = false;
    *kept = (struct kept){.fd = -1};
    if (!make_folder(folder, why))
        return false;
    name_of(ask, name);
    /* First any that was left, then a new one. */
    for (int i = 0; !taken && i < 2 * TOGETHER; i++) {
        snprintf(kept->file, sizeof kept->file, "%.*s/%s.%d", KEPT_PATH - 60, folder, name,
            i % TOGETHER);
        taken = take(kept, i < TOGETHER ? 0 : O_CREAT);
        if (!taken && errno != EWOULDBLOCK && errno != ENOENT)
            break;
    }
    if (!taken)
        return fail(why, "cannot keep the payment in", kept->file);
    /* What a killed program has left has a key already. */
    kept->again = read_lines(kept->fd, &memory, lines);
    if (kept->again)
        snprintf(kept->key, sizeof kept->key, "%s", lines[LINE_KEY]);
    else if (ask->key)
        snprintf(kept->key, sizeof kept->key, "%s", ask->key);
    else
        make_key(kept->key);
    free(memory);
    if (kept->again || write_lines(kept, folder, ask))
        return true;
    (void)fail(why, "cannot keep the payment in", kept->file);
    kept_done(kept);
    return false;
}

void kept_done(struct kept *kept)
{
    (void)unlink(kept->file); /* if it stays, its key still stands for what was done */
    kept_leave(kept);
}

void kept_leave(struct kept *kept)
{
    if (kept->fd >= 0)
        close(kept->fd);
    kept->fd = -1;
}

bool kept_each(const char *folder,
    void (*each)(void *arg, struct kept *kept, const struct kept_ask *ask), void *arg,
    char why[KEPT_WHY])
{
    char *memory, *lines[LINES];
    struct dirent *entry;
    DIR *files = opendir(folder);
    if (!files && errno == ENOENT)
        return true;
    if (!files)
        return fail(why, "cannot read", folder);
    while ((entry = readdir(files))) {
        struct kept kept = {.fd = -1, .again = true};
        snprintf(kept.file, sizeof kept.file, "%.*s/%.60s", KEPT_PATH - 64, folder, entry->d_name);
        if (*entry->d_name == '.' || !take(&kept, 0))
            continue;
        if (!read_lines(kept.fd, &memory, lines)) {
            kept_done(&kept); /* nothing was sent */
            free(memory);
            continue;
        }
        snprintf(kept.key, sizeof kept.key, "%s", lines[LINE_KEY]);
        const struct kept_ask ask = {.url = lines[LINE_URL],
            .path = lines[LINE_PATH],
            .body = lines[LINE_BODY],
            .words = lines[LINE_WORDS],
            .key = kept.key};
        each(arg, &kept, &ask);
        free(memory);
    }
    closedir(files);
    return true;
}
