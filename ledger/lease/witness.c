/* SPDX-License-Identifier: MIT */
/*
 * A small file, rewritten whole: the new one is written and synced beside it, and then takes its
 * place. So after a crash there is the old one or the new one. It may lag behind by a second: it
 * never claims what was not acknowledged.
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

struct line {
    char name[LEASE_NAME];
    struct lease_place place;
};

struct witness {
    char *path, *fresh;  /* fresh: what is about to take its place */
    struct co_lock lock; /* guards what follows */
    struct line *lines;
    size_t count, room;
    bool changed;
};

/* ---- lines --------------------------------------------------------------------------------- */

/* Under the lock. */
/* A list, searched from its start, does: whoever writes often knows the line. */
static struct line *find(struct witness *witness, const char *ledger)
{
    for (size_t i = 0; i < witness->count; i++)
        if (strcmp(witness->lines[i].name, ledger) == 0)
            return &witness->lines[i];
    return NULL;
}

/* Under the lock, or before anybody else has it. NULL: memory is short. */
static struct line *find_or_add(struct witness *witness, const char *ledger)
{
    struct line *line = find(witness, ledger);
    if (line)
        return line;
    if (witness->count == witness->room) {
        size_t room = witness->room ? 2 * witness->room : 8;
        struct line *lines = realloc(witness->lines, room * sizeof *lines);
        if (!lines)
            return NULL;
        witness->lines = lines;
        witness->room = room;
    }
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
        witness->changed |= memcmp(&line->place, place, sizeof *place) != 0;
        line->place = *place;
    }
    co_lock_drop(&witness->lock);
}

/* ---- the file ------------------------------------------------------------------------------ */

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

static bool read_file(struct witness *witness, char *error, size_t size)
{
    char text[400];
    FILE *file = fopen(witness->path, "re");
    /* The first start in this folder: nothing was acknowledged from here. */
    if (!file && errno == ENOENT)
        return true;
    bool good = file != NULL;
    if (!file)
        snprintf(error, size, "cannot read %s: %s", witness->path, strerror(errno));
    for (int number = 1; good && fgets(text, sizeof text, file); number++) {
        good = *text == '#' || read_line(witness, text);
        if (!good)
            snprintf(error, size, "%s: line %d is damaged", witness->path, number);
    }
    if (file)
        (void)fclose(file);
    return good;
}

static bool write_lines(FILE *file, const struct line *lines, size_t count)
{
    char hex[2 * HASH_CHAIN + 1];
    static const char head[] = "# What was acknowledged last: ledger, epoch, batch, seq, hash.\n";
    bool good = fputs(head, file) >= 0;
    for (size_t i = 0; i < count && good; i++) {
        const struct lease_place *place = &lines[i].place;
        hash_to_hex(place->hash, sizeof place->hash, hex);
        good = fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", lines[i].name,
                   place->epoch, place->batch, place->seq, hex) > 0;
    }
    return good;
}

static bool write_file(const struct witness *witness, const struct line *lines, size_t count)
{
    FILE *file = fopen(witness->fresh, "we");
    if (!file)
        return false;
    bool good =
        write_lines(file, lines, count) && fflush(file) == 0 && fdatasync(fileno(file)) == 0;
    /* A write may fail as late as when the file is closed. */
    bool closed = fclose(file) == 0;
    return good && closed && rename(witness->fresh, witness->path) == 0;
}

bool witness_save(struct witness *witness)
{
    co_lock_take(&witness->lock);
    size_t count = witness->count;
    bool changed = witness->changed;
    /* From a copy, so that no commit waits for the disk. */
    struct line *lines = changed ? malloc(count * sizeof *lines) : NULL;
    if (lines) {
        memcpy(lines, witness->lines, count * sizeof *lines);
        witness->changed = false;
    }
    co_lock_drop(&witness->lock);
    if (!changed)
        return true;
    bool good = lines && write_file(witness, lines, count);
    free(lines);
    if (!good) { /* another try may go better */
        co_lock_take(&witness->lock);
        witness->changed = true;
        co_lock_drop(&witness->lock);
    }
    return good;
}

struct witness *witness_open(const char *path, char *error, size_t size)
{
    struct witness *witness = calloc(1, sizeof *witness);
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
    free(closed->path);
    free(closed->fresh);
    free(closed);
}
