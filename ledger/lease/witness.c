/* SPDX-License-Identifier: MIT */
/*
 * A file is rewritten whole: the new one is written and synced beside it, and then takes its place.
 * So after a crash there is the old one or the new one. Of many ledgers few change in a second:
 * then their lines are added at its end instead, where a later line of a ledger counts, until there
 * are as many of those as it has ledgers: so twice what has changed is written in the mean. A crash
 * may cut off what was being added. The file may lag behind by a second: it never claims what was
 * not acknowledged.
 */
#include "ledger/lease/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/lock.h"

enum { FEW = 512 };

struct line {
    char name[LEASE_NAME];
    struct lease_place place;
    bool changed;
};

/*
 * Invariants, under the lock
 * - Each line is in one of the slots: the first free one from where the hash of its name leads to.
 * - changed[0 .. changes) are the lines with `changed`, each once.
 */
struct witness {
    char *path, *fresh;  /* fresh: what is about to take its place */
    struct co_lock lock; /* guards what follows */
    struct line *lines;
    size_t count, room;
    uint32_t *slots;   /* twice as many as `room`, a power of two: a line's place, or FREE */
    uint32_t *changed; /* as many as `room` */
    size_t changes;
    /* of the file: for the opening, and then the saving alone */
    size_t added; /* lines that came since it was written whole */
    bool torn;    /* nothing can be added: it may end within a line */
};

#define FREE UINT32_MAX

/* ---- lines --------------------------------------------------------------------------------- */

/* Under the lock. Where the ledger's line is, or would be. */
static uint32_t *slot_of(struct witness *witness, const char *ledger)
{
    size_t last = 2 * witness->room - 1;
    for (size_t i = hash_text(ledger, strlen(ledger)) & last;; i = (i + 1) & last) {
        uint32_t *slot = &witness->slots[i];
        if (*slot == FREE || strcmp(witness->lines[*slot].name, ledger) == 0)
            return slot;
    }
}

/* Under the lock. */
static struct line *find(struct witness *witness, const char *ledger)
{
    uint32_t *slot = witness->room > 0 ? slot_of(witness, ledger) : NULL;
    return slot && *slot != FREE ? &witness->lines[*slot] : NULL;
}

/* Under the lock, or before anybody else has it: place for twice as many. */
static bool widen(struct witness *witness)
{
    size_t room = witness->room ? 2 * witness->room : 8;
    struct line *lines = realloc(witness->lines, room * sizeof *lines);
    if (lines)
        witness->lines = lines;
    uint32_t *changed = lines ? realloc(witness->changed, room * sizeof *changed) : NULL;
    if (changed)
        witness->changed = changed;
    uint32_t *slots = changed ? malloc(2 * room * sizeof *slots) : NULL;
    if (!slots)
        return false;
    free(witness->slots);
    witness->slots = slots;
    witness->room = room;
    memset(slots, 0xff, 2 * room * sizeof *slots);
    for (uint32_t i = 0; i < witness->count; i++)
        *slot_of(witness, lines[i].name) = i;
    return true;
}

/* The same. NULL: memory is short. */
static struct line *find_or_add(struct witness *witness, const char *ledger)
{
    struct line *line = find(witness, ledger);
    if (line || (witness->count == witness->room && !widen(witness)))
        return line;
    *slot_of(witness, ledger) = (uint32_t)witness->count;
    line = &witness->lines[witness->count++];
    *line = (struct line){.name = ""};
    snprintf(line->name, sizeof line->name, "%s", ledger);
    return line;
}

bool witness_find(struct witness *witness, const char *ledger, struct lease_place *place)
{
    co_lock_take(&witness->lock);
    const struct line *line = find(witness, ledger);
    if (line)
        *place = line->place;
    co_lock_drop(&witness->lock);
    return line != NULL;
}

void witness_note(
    struct witness *witness, const char *ledger, const struct lease_place *place, int *at)
{
    co_lock_take(&witness->lock);
    /* In memory alone: a commit does not wait for this file. Without room it is not noted, so that
     * less is demanded of the database later, and nothing that is wrong. */
    bool known = (size_t)*at < witness->count && strcmp(witness->lines[*at].name, ledger) == 0;
    struct line *line = known ? &witness->lines[*at] : find_or_add(witness, ledger);
    if (line) {
        *at = (int)(line - witness->lines);
        if (!line->changed && memcmp(&line->place, place, sizeof *place) != 0) {
            line->changed = true;
            witness->changed[witness->changes++] = (uint32_t)*at;
        }
        line->place = *place;
    }
    co_lock_drop(&witness->lock);
}

/* ---- the file ------------------------------------------------------------------------------ */

#define ADDED "# Since then:\n"

static bool read_line(struct witness *witness, const char *text)
{
    /* What is not such a line, to its last digit, is damage: to skip it would be to forget it. */
    char name[LEASE_NAME], hex[2 * HASH_CHAIN + 1];
    struct lease_place place = {0};
    if (sscanf(text, "%64s %" SCNu64 " %" SCNu64 " %" SCNu64 " %64s", name, &place.epoch,
            &place.batch, &place.seq, hex) != 5 ||
        strlen(hex) != 2 * HASH_CHAIN || strspn(hex, "0123456789abcdef") != 2 * HASH_CHAIN)
        return false;
    hash_of_hex(hex, place.hash, sizeof place.hash);
    struct line *line = find_or_add(witness, name);
    if (line)
        line->place = place;
    return line != NULL;
}

/* A line that is damaged can only be what a crash has cut off if it was added, and no good one
 * follows it. */
static bool read_lines(struct witness *witness, FILE *file, char *error, size_t size)
{
    char text[400];
    size_t number = 0, taken = 0, damaged = 0;
    bool adds = false, good = true;
    while (good && fgets(text, sizeof text, file)) {
        number++;
        adds |= strcmp(text, ADDED) == 0;
        witness->torn = !strchr(text, '\n');
        if (*text == '#')
            continue;
        bool is_line = read_line(witness, text);
        if (!is_line && damaged == 0)
            damaged = number;
        taken += is_line;
        good = damaged == 0 || (adds && !is_line);
    }
    if (!good)
        snprintf(error, size, "%s: line %zu is damaged", witness->path, damaged);
    witness->torn |= damaged != 0;
    witness->added = taken - (taken < witness->count ? taken : witness->count);
    return good;
}

static bool read_file(struct witness *witness, char *error, size_t size)
{
    FILE *file = fopen(witness->path, "re");
    witness->torn = true; /* there is none to add to */
    /* The first start in this folder: nothing was acknowledged from here. */
    if (!file && errno == ENOENT)
        return true;
    if (!file) {
        snprintf(error, size, "cannot read %s: %s", witness->path, strerror(errno));
        return false;
    }
    bool good = read_lines(witness, file, error, size);
    (void)fclose(file);
    return good;
}

static bool write_lines(FILE *file, const char *head, const struct line *lines, size_t count)
{
    char hex[2 * HASH_CHAIN + 1];
    bool good = fputs(head, file) >= 0;
    for (size_t i = 0; i < count && good; i++) {
        const struct lease_place *place = &lines[i].place;
        hash_to_hex(place->hash, sizeof place->hash, hex);
        good = fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", lines[i].name,
                   place->epoch, place->batch, place->seq, hex) > 0;
    }
    return good && fflush(file) == 0 && fdatasync(fileno(file)) == 0;
}

/* As a new file, or at the end of the one that is there. */
static bool write_file(
    const struct witness *witness, bool whole, const struct line *lines, size_t count)
{
    static const char head[] = "# What was acknowledged last: ledger, epoch, batch, seq, hash.\n";
    int flags = whole ? O_CREAT | O_TRUNC : O_APPEND;
    int fd = open(whole ? witness->fresh : witness->path, O_WRONLY | O_CLOEXEC | flags, 0666);
    FILE *file = fd >= 0 ? fdopen(fd, whole ? "w" : "a") : NULL;
    if (!file) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    bool good = write_lines(file, whole ? head : ADDED, lines, count);
    /* A write may fail as late as when the file is closed. */
    bool closed = fclose(file) == 0;
    return good && closed && (!whole || rename(witness->fresh, witness->path) == 0);
}

/* Under the lock: a copy, so that no commit waits for the disk, of all lines or those that have
 * changed, which count as written. NULL: memory is short. */
static struct line *copy_lines(struct witness *witness, bool whole, size_t count)
{
    struct line *lines = malloc(count * sizeof *lines);
    if (lines && whole)
        memcpy(lines, witness->lines, count * sizeof *lines);
    for (size_t i = 0; lines && i < witness->changes; i++) {
        struct line *line = &witness->lines[witness->changed[i]];
        line->changed = false;
        if (!whole)
            lines[i] = *line;
    }
    if (lines)
        witness->changes = 0;
    return lines;
}

bool witness_save(struct witness *witness)
{
    co_lock_take(&witness->lock);
    size_t changes = witness->changes, count = witness->count;
    bool whole = witness->torn || count <= FEW || witness->added + changes > count;
    bool due = changes > 0 || (witness->torn && count > 0);
    if (!whole)
        count = changes;
    struct line *lines = due ? copy_lines(witness, whole, count) : NULL;
    co_lock_drop(&witness->lock);
    if (!due)
        return true;
    if (!lines)
        return false;
    /* Another try may go better, with all lines: what was added may have got in by half. */
    witness->torn = !write_file(witness, whole, lines, count);
    witness->added = whole ? 0 : witness->added + count;
    free(lines);
    return !witness->torn;
}

struct witness *witness_open(const char *path, char *error, size_t size)
{
    struct witness *witness = calloc(1, sizeof *witness);
    hash_init();
    snprintf(error, size, "out of memory");
    if (!witness || !(witness->path = strdup(path)) ||
        !(witness->fresh = malloc(strlen(path) + sizeof ".new"))) {
        witness_close(&witness);
        return NULL;
    }
    snprintf(witness->fresh, strlen(path) + sizeof ".new", "%s.new", path);
    if (!read_file(witness, error, size))
        witness_close(&witness);
    return witness;
}

void witness_close(struct witness **witness)
{
    struct witness *closed = *witness;
    *witness = NULL;
    if (!closed)
        return;
    free(closed->lines);
    free(closed->slots);
    free(closed->changed);
    free(closed->path);
    free(closed->fresh);
    free(closed);
}
