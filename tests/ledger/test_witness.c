/* SPDX-License-Identifier: MIT */
/* The file that says how far each ledger had come: with a few ledgers, and with many, of which few
 * change; and what a crash leaves of it. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/lease/witness.h"
#include "tests/ledger/fixture.h"

enum { MANY = 2000, TEXT = 1 << 20 };

static char folder[] = "/tmp/teller-witness-XXXXXX", path[60], fresh[70];
static char text[TEXT];

static void begin(void)
{
    strcpy(folder + sizeof folder - sizeof "XXXXXX", "XXXXXX");
    co_ensure(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/witness", folder);
    snprintf(fresh, sizeof fresh, "%s.new", path);
}

static void end(void)
{
    unlink(path);
    unlink(fresh);
    rmdir(folder);
}

static struct witness *open_it(void)
{
    char error[200];
    return witness_open(path, error, sizeof error);
}

static struct lease_place place_at(uint64_t seq)
{
    struct lease_place place = {.epoch = 3, .batch = seq / 2, .seq = seq};
    memset(place.hash, (int)(seq % 251), sizeof place.hash);
    return place;
}

static void note(struct witness *witness, int ledger, uint64_t seq)
{
    char name[20];
    int line = 0;
    struct lease_place place = place_at(seq);
    snprintf(name, sizeof name, "ledger-%d", ledger);
    witness_note(witness, name, &place, &line);
}

/* 0: it says nothing of that one. */
static uint64_t seq_of(struct witness *witness, int ledger)
{
    char name[20];
    struct lease_place place;
    snprintf(name, sizeof name, "ledger-%d", ledger);
    if (!witness_find(witness, name, &place))
        return 0;
    struct lease_place whole = place_at(place.seq);
    CU_ASSERT(memcmp(&place, &whole, sizeof place) == 0);
    return place.seq;
}

static bool has_all(struct witness *witness, int count)
{
    for (int i = 0; i < count; i++)
        if (seq_of(witness, i) != (uint64_t)i + 1)
            return false;
    return true;
}

static off_t size_of_file(void)
{
    struct stat about;
    return stat(path, &about) == 0 ? about.st_size : -1;
}

static ino_t which_file(void)
{
    struct stat about;
    return stat(path, &about) == 0 ? about.st_ino : 0;
}

/* Of so many ledgers, each at a position of its own; written. */
static struct witness *make(int count)
{
    struct witness *witness = open_it();
    co_ensure(witness != NULL);
    for (int i = 0; i < count; i++)
        note(witness, i, (uint64_t)i + 1);
    CU_ASSERT(witness_save(witness));
    return witness;
}

static void reopen(struct witness **witness)
{
    witness_close(witness);
    *witness = open_it();
    co_ensure(*witness != NULL);
}

/* ---- what is written ----------------------------------------------------------------------- */

static void few(void)
{
    begin();
    struct witness *witness = make(3);
    off_t size = size_of_file();
    for (uint64_t seq = 11; seq <= 99; seq++) {
        note(witness, 1, seq);
        CU_ASSERT(witness_save(witness));
    }
    CU_ASSERT(size_of_file() <= size + 4); /* two positions of one digit more each */
    reopen(&witness);
    CU_ASSERT_EQUAL(seq_of(witness, 0), 1);
    CU_ASSERT_EQUAL(seq_of(witness, 1), 99);
    CU_ASSERT_EQUAL(seq_of(witness, 3), 0);
    witness_close(&witness);
    end();
}

static void many(void)
{
    begin();
    struct witness *witness = make(MANY);
    off_t size = size_of_file(), line = size / MANY;
    ino_t file = which_file();
    CU_ASSERT(has_all(witness, MANY));
    note(witness, 7, 5000);
    note(witness, 7, 6000); /* once more before it is written: one line */
    note(witness, MANY, 7000);
    CU_ASSERT(witness_save(witness));
    CU_ASSERT(size_of_file() > size && size_of_file() < size + 5 * line);
    CU_ASSERT(which_file() == file);
    CU_ASSERT(witness_save(witness)); /* nothing has changed */
    CU_ASSERT(size_of_file() < size + 5 * line);
    reopen(&witness);
    CU_ASSERT_EQUAL(seq_of(witness, 7), 6000);
    CU_ASSERT_EQUAL(seq_of(witness, MANY), 7000);
    CU_ASSERT_EQUAL(seq_of(witness, 8), 9);
    /* It goes on with the same file, until that is twice as long. */
    note(witness, 8, 8000);
    CU_ASSERT(witness_save(witness));
    CU_ASSERT(which_file() == file);
    off_t longest = 0;
    for (int i = 0; i < 2 * MANY; i++) {
        note(witness, i % 100, (uint64_t)i + 10000);
        CU_ASSERT(witness_save(witness));
        longest = size_of_file() > longest ? size_of_file() : longest;
    }
    CU_ASSERT(longest > 2 * size - 10 * line && longest < 3 * size);
    reopen(&witness);
    CU_ASSERT_EQUAL(seq_of(witness, 99), 2 * MANY - 1 + 10000);
    CU_ASSERT_EQUAL(seq_of(witness, 100), 101);
    witness_close(&witness);
    end();
}

/* ---- what a crash leaves, and damage ------------------------------------------------------- */

static size_t read_text(void)
{
    FILE *file = fopen(path, "re");
    co_ensure(file != NULL);
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    return length;
}

static void write_text(size_t length)
{
    FILE *file = fopen(path, "we");
    co_ensure(file && fwrite(text, 1, length, file) == length && fclose(file) == 0);
}

/* Cut off at each byte of what was added: the lines that are whole count, and it goes on. */
static void cut_off(void)
{
    begin();
    struct witness *witness = make(MANY);
    size_t whole = (size_t)size_of_file();
    note(witness, 7, 5000);
    note(witness, 9, 6000);
    CU_ASSERT(witness_save(witness));
    size_t length = read_text();
    for (size_t cut = whole; cut <= length; cut++) {
        write_text(cut);
        reopen(&witness);
        uint64_t seven = seq_of(witness, 7), nine = seq_of(witness, 9);
        CU_ASSERT(seven == 8 || seven == 5000);
        CU_ASSERT(nine == 10 || (nine == 6000 && seven == 5000));
        CU_ASSERT(cut < length || nine == 6000);
        note(witness, 11, 7000);
        CU_ASSERT(witness_save(witness));
        reopen(&witness);
        CU_ASSERT_EQUAL(seq_of(witness, 7), seven);
        CU_ASSERT_EQUAL(seq_of(witness, 11), 7000);
    }
    witness_close(&witness);
    end();
}

/* What no crash can have done is not passed over. */
static void damaged(void)
{
    begin();
    struct witness *witness = make(MANY);
    size_t whole = (size_t)size_of_file();
    note(witness, 7, 5000);
    note(witness, 9, 6000);
    CU_ASSERT(witness_save(witness));
    witness_close(&witness);
    size_t length = read_text(),
           added = whole + (size_t)(strchr(text + whole, '\n') - text - whole);
    const size_t places[] = {whole / 2, whole - 2, added + 40};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char was = text[places[i]];
        text[places[i]] = '\n';
        write_text(length);
        witness = open_it();
        CU_ASSERT(witness == NULL);
        text[places[i]] = was;
    }
    write_text(whole - 2); /* it was written whole: nothing can have cut that off */
    witness = open_it();
    CU_ASSERT(witness == NULL);
    write_text(length);
    witness = open_it();
    CU_ASSERT_EQUAL(seq_of(witness, 9), 6000);
    witness_close(&witness);
    end();
}

/* What was added is lost with the file: it is written whole. */
static void gone(void)
{
    begin();
    struct witness *witness = make(MANY);
    unlink(path);
    note(witness, 7, 5000);
    CU_ASSERT(!witness_save(witness));
    CU_ASSERT(witness_save(witness));
    reopen(&witness);
    CU_ASSERT_EQUAL(seq_of(witness, 7), 5000);
    CU_ASSERT_EQUAL(seq_of(witness, MANY - 1), MANY);
    witness_close(&witness);
    end();
}

const struct unit_suite witness_suite = {.name = "witness",
    .workers = 1,
    .tests = (const struct unit_test[]){{"few", few}, {"many", many}, {"cut_off", cut_off},
        {"damaged", damaged}, {"gone", gone}, {0}}};
