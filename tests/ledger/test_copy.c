/* SPDX-License-Identifier: MIT */
/* Values written in the binary COPY format come back as they were, read as text and as rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/db/copy.h"
#include "ledger/db/pg.h"
#include "ledger/db/row.h"
#include "tests/ledger/fixture.h"

static const char *const amounts[] = {"0", "1", "-1", "9999", "10000", "-10000", "100000000",
    "12345678901234567890", "18446744073709551616", "99999999999999999999999999999999999999",
    "-99999999999999999999999999999999999999", "10000000000000000000000000000000000000"};
enum { AMOUNTS = sizeof amounts / sizeof amounts[0] };

static void write_rows(struct copy *copy)
{
    copy_start(copy);
    for (int i = 0; i < AMOUNTS; i++) {
        money value;
        co_ensure(money_parse(amounts[i], strlen(amounts[i]), true, &value));
        copy_row(copy, 7);
        copy_int(copy, -i);
        copy_money(copy, value);
        copy_smallint(copy, i);
        copy_bigint(copy, UINT64_C(1) << (i * 5));
        copy_time(copy, INT64_C(1790000000000001) + i);
        copy_text(copy, i % 2 ? NULL : "a text with \t, \\ and \xc3\xa4");
        copy_bytes(copy, "\0\1\2", 3);
    }
    CU_ASSERT_TRUE(copy_finish(copy));
}

static void comes_back_the_same(void)
{
    const char *db = fixture_database();
    char error[300];
    struct pg *pg = pg_connect(co_context_background(), db, NULL, error, sizeof error);
    struct copy copy = {0};
    bool committed = false;
    co_ensure(pg != NULL);
    CU_ASSERT_EQUAL(pg_script(co_context_background(), pg,
                        "CREATE TABLE public.t (i int, n numeric(38, 0), s smallint, b bigint,"
                        " at timestamptz, x text, y bytea)"),
        PG_OK);
    for (int again = 0; again < 2; again++) { /* the buffer is reused */
        write_rows(&copy);
        struct pg_data data = {copy.bytes, copy.size};
        CU_ASSERT_EQUAL(pg_load(co_context_background(), pg,
                            "BEGIN; TRUNCATE public.t;"
                            "COPY public.t FROM STDIN (FORMAT binary); COMMIT",
                            &data, 1, &committed),
            PG_OK);
        CU_ASSERT_TRUE(committed);
    }
    const struct pg_statement all = {0,
        "SELECT i, n, s, b, (extract(epoch FROM at) * 1000000)::bigint, x, y FROM public.t"
        " ORDER BY s"};
    struct pg_result *rows = NULL;
    CU_ASSERT_EQUAL(pg_run(co_context_background(), pg, &all, NULL, &rows), PG_OK);
    CU_ASSERT_EQUAL(pg_rows(rows), AMOUNTS);
    for (size_t i = 0; i < pg_rows(rows); i++) {
        CU_ASSERT_EQUAL(pg_number(rows, i, 0), -(int64_t)i);
        CU_ASSERT_STRING_EQUAL(pg_text(rows, i, 1), amounts[i]);
        CU_ASSERT_EQUAL(pg_number(rows, i, 3), INT64_C(1) << (i * 5));
        CU_ASSERT_EQUAL(pg_number(rows, i, 4), INT64_C(1790000000000001) + (int64_t)i);
        CU_ASSERT_EQUAL(pg_is_null(rows, i, 5), i % 2 == 1);
        CU_ASSERT_STRING_EQUAL(pg_text(rows, i, 6), "\\x000102");
    }
    pg_free(&rows);
    copy_free(&copy);
    pg_close(&pg);
}

/* ---- reading (row.h) ----------------------------------------------------------------------- */

/* A money of random size and sign, or one of the table above. */
static money random_money(unsigned short dice[3])
{
    money value = 0;
    long pick = nrand48(dice) % (2 * AMOUNTS);
    if (pick < AMOUNTS) {
        co_ensure(money_parse(amounts[pick], strlen(amounts[pick]), true, &value));
        return value;
    }
    for (long digits = nrand48(dice) % 39; digits > 0; digits--)
        value = value * 10 + nrand48(dice) % (nrand48(dice) % 3 ? 10 : 1);
    return nrand48(dice) % 2 ? -value : value;
}

/* The rows number 0, 1, …: what is in each follows from its number alone. */
static money money_of(int number)
{
    unsigned short dice[3] = {(unsigned short)number, 7, 42};
    return random_money(dice);
}

enum { RANDOM_ROWS = 5000 };

static void write_random_rows(struct copy *copy)
{
    copy_start(copy);
    for (int i = 0; i < RANDOM_ROWS; i++) {
        char text[40];
        snprintf(text, sizeof text, "%*s", i % 30, "\xc3\xa4");
        copy_row(copy, 7);
        copy_int(copy, i);
        copy_money(copy, money_of(i));
        copy_smallint(copy, -(i % 32768));
        copy_bigint(copy, UINT64_C(1) << (i % 63));
        copy_time(copy, INT64_C(-1000000000) + i);
        copy_text(copy, i % 3 ? NULL : text);
        copy_bytes(copy, &i, (size_t)(i % 5));
    }
    CU_ASSERT_TRUE(copy_finish(copy));
}

/* Is it the row of the next number? Also copies the raw bytes, from which a stream can be made. */
struct reading {
    int next, good;
    struct copy raw;
};

static bool check_row(const struct row *row, void *arg)
{
    struct reading *reading = arg;
    int i = reading->next++;
    char text[40], expected[40];
    size_t size;
    snprintf(expected, sizeof expected, "%*s", i % 30, "\xc3\xa4");
    bool good = row->columns == 7 && row_int(row, 0) == i && row_money(row, 1) == money_of(i) &&
                row_smallint(row, 2) == -(i % 32768) &&
                row_bigint(row, 3) == UINT64_C(1) << (i % 63) &&
                row_time(row, 4) == INT64_C(-1000000000) + i && row_is_null(row, 5) == (i % 3 != 0);
    if (i % 3 == 0)
        good = good && row_text(row, 5, text, sizeof text) && strcmp(text, expected) == 0 &&
               !row_text(row, 5, text, strlen(expected));
    else
        good = good && !row_text(row, 5, text, sizeof text);
    const char *bytes = row_bytes(row, 6, &size);
    good = good && bytes && size == (size_t)(i % 5) && memcmp(bytes, &i, size) == 0;
    reading->good += good;
    copy_bytes(&reading->raw, row->bytes, row->size);
    return true;
}

static void rows_are_what_was_written(void)
{
    struct copy copy = {0};
    write_random_rows(&copy);
    for (size_t piece = 1; piece <= copy.size; piece = piece * 3 + 1) { /* cut anywhere */
        struct reading reading = {0};
        struct row_stream stream = {.take = check_row, .arg = &reading};
        bool good = true;
        for (size_t at = 0; at < copy.size; at += piece)
            good = good && row_stream_feed(&stream, copy.bytes + at,
                               copy.size - at < piece ? copy.size - at : piece);
        CU_ASSERT_TRUE(good && stream.ended);
        CU_ASSERT_EQUAL(reading.good, RANDOM_ROWS);
        row_stream_free(&stream);
        copy_free(&reading.raw);
    }
    copy_free(&copy);
}

static bool stop_at_once(const struct row *row, void *arg)
{
    (void)row, (void)arg;
    return false;
}

static bool add_number(const struct row *row, void *arg)
{
    *(uint64_t *)arg += row_bigint(row, 0);
    return true;
}

/* Each has its own taker; one that fails ends the text, and no more than that. */
static void reads_several(struct co_context *context, struct pg *pg)
{
    uint64_t sums[3] = {0};
    struct pg_taker takers[3];
    for (size_t i = 0; i < 3; i++)
        takers[i] = (struct pg_taker){add_number, &sums[i]};
    CU_ASSERT_EQUAL(pg_unload_each(context, pg,
                        "COPY (SELECT generate_series(1, 100)::bigint) TO STDOUT (FORMAT binary);"
                        "COPY (SELECT 1::bigint WHERE false) TO STDOUT (FORMAT binary);"
                        "COPY (SELECT generate_series(1, 10)::bigint) TO STDOUT (FORMAT binary);",
                        takers, 3),
        PG_OK);
    CU_ASSERT(sums[0] == 5050 && sums[1] == 0 && sums[2] == 55);
    CU_ASSERT_EQUAL(pg_unload_each(context, pg,
                        "COPY (SELECT 7::bigint) TO STDOUT (FORMAT binary);"
                        "COPY (SELECT 1 / (2 - i) FROM generate_series(1::bigint, 3) i)"
                        " TO STDOUT (FORMAT binary);"
                        "COPY (SELECT 7::bigint) TO STDOUT (FORMAT binary);",
                        takers, 3),
        PG_ERROR);
    CU_ASSERT_STRING_EQUAL(pg_sqlstate(pg), "22012");
    CU_ASSERT(sums[0] == 5057 && sums[2] == 55 && !pg_is_lost(pg));
}

static void rows_come_out_of_a_database(void)
{
    char error[300];
    struct co_context *context = co_context_background();
    struct pg *pg = pg_connect(context, fixture_database(), NULL, error, sizeof error);
    struct copy copy = {0};
    struct reading reading = {0};
    bool committed = false;
    co_ensure(pg != NULL);
    write_random_rows(&copy);
    const struct pg_data data = {copy.bytes, copy.size};
    CU_ASSERT_EQUAL(pg_load(context, pg,
                        "BEGIN; CREATE TABLE public.t (i int, n numeric(38, 0), s smallint, b "
                        "bigint, at timestamptz,"
                        " x text, y bytea); COPY public.t FROM STDIN (FORMAT binary); COMMIT",
                        &data, 1, &committed),
        PG_OK);
    CU_ASSERT_TRUE(committed);
    static const char all[] = "COPY (SELECT * FROM public.t ORDER BY i) TO STDOUT (FORMAT binary)";
    CU_ASSERT_EQUAL(pg_unload(context, pg, all, check_row, &reading), PG_OK);
    CU_ASSERT_EQUAL(reading.next, RANDOM_ROWS);
    CU_ASSERT_EQUAL(reading.good, RANDOM_ROWS);
    /* Nothing at all, then an immediate error and one on the way: the connection stays usable. */
    CU_ASSERT_EQUAL(
        pg_unload(context, pg, "COPY (SELECT WHERE false) TO STDOUT (FORMAT binary)", check_row, 0),
        PG_OK);
    CU_ASSERT_EQUAL(
        pg_unload(context, pg, "COPY nowhere TO STDOUT (FORMAT binary)", check_row, 0), PG_ERROR);
    CU_ASSERT_STRING_EQUAL(pg_sqlstate(pg), "42P01");
    struct reading some = {0};
    CU_ASSERT_EQUAL(pg_unload(context, pg,
                        "COPY (SELECT i, n, s, b / (3000 - i) * (3000 - i), at, x, y FROM (SELECT *"
                        " FROM public.t ORDER BY i OFFSET 0) t) TO STDOUT (FORMAT binary)",
                        check_row, &some),
        PG_ERROR);
    CU_ASSERT_STRING_EQUAL(pg_sqlstate(pg), "22012");
    CU_ASSERT_EQUAL(some.next, 3000);
    reads_several(context, pg);
    CU_ASSERT_EQUAL(pg_unload(context, pg, all, stop_at_once, NULL), PG_LOST);
    CU_ASSERT_TRUE(pg_is_lost(pg));
    copy_free(&copy);
    copy_free(&reading.raw);
    copy_free(&some.raw);
    pg_close(&pg);
}

/* What goes wrong is told apart: refused by the server, or the connection lost. */
static void tells_failures_apart(void)
{
    const char *db = fixture_database();
    char error[300];
    struct co_context *context = co_context_background();
    struct pg *pg = pg_connect(context, db, NULL, error, sizeof error);
    bool committed = true;
    co_ensure(pg != NULL);
    CU_ASSERT_EQUAL(
        pg_load(context, pg, "BEGIN; SELECT 1/0; COMMIT", NULL, 0, &committed), PG_ERROR);
    CU_ASSERT_FALSE(committed);
    CU_ASSERT_STRING_EQUAL(pg_sqlstate(pg), "22012");
    /* Its BEGIN is still open: COMMIT answers ROLLBACK, without an error. */
    CU_ASSERT_EQUAL(pg_load(context, pg, "COMMIT", NULL, 0, &committed), PG_OK);
    CU_ASSERT_FALSE(committed);
    CU_ASSERT_EQUAL(
        pg_script(context, pg, "SELECT pg_terminate_backend(pg_backend_pid())"), PG_LOST);
    CU_ASSERT_TRUE(pg_is_lost(pg));
    CU_ASSERT_EQUAL(pg_script(context, pg, "SELECT 1"), PG_LOST);
    pg_close(&pg);
    struct co_context *soon = co_context_with_timeout(context, INT64_C(50000000));
    pg = pg_connect(context, db, NULL, error, sizeof error);
    co_ensure(pg != NULL && soon != NULL);
    CU_ASSERT_EQUAL(pg_script(soon, pg, "SELECT pg_sleep(5)"), PG_LOST);
    co_context_release(&soon);
    pg_close(&pg);
    CU_ASSERT_PTR_NULL(pg_connect(context, "host=/nowhere", NULL, error, sizeof error));
}

static const struct unit_test tests[] = {{"comes_back_the_same", comes_back_the_same},
    {"rows_are_what_was_written", rows_are_what_was_written},
    {"rows_come_out_of_a_database", rows_come_out_of_a_database},
    {"tells_failures_apart", tells_failures_apart}, {0}};
const struct unit_suite copy_suite = {.name = "copy", .tests = tests};
