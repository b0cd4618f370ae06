/* SPDX-License-Identifier: MIT */
/* Values written in the binary COPY format come back from PostgreSQL as they were. */
#include <string.h>

#include "ledger/copy.h"
#include "ledger/pg.h"
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
        ensure(money_parse(amounts[i], strlen(amounts[i]), true, &value));
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
    struct pg *pg = pg_connect(context_background(), db, NULL, error, sizeof error);
    struct copy copy = {0};
    bool committed = false;
    ensure(pg != NULL);
    CU_ASSERT_EQUAL(pg_script(context_background(), pg,
                        "CREATE TABLE public.t (i int, n numeric(38, 0), s smallint, b bigint,"
                        " at timestamptz, x text, y bytea)"),
        PG_OK);
    for (int again = 0; again < 2; again++) { /* the buffer is reused */
        write_rows(&copy);
        struct pg_data data = {copy.bytes, copy.size};
        CU_ASSERT_EQUAL(pg_load(context_background(), pg,
                            "BEGIN; TRUNCATE public.t;"
                            "COPY public.t FROM STDIN (FORMAT binary); COMMIT",
                            &data, 1, &committed),
            PG_OK);
        CU_ASSERT_TRUE(committed);
    }
    const struct pg_statement all = {0, 0,
        "SELECT i, n, s, b, (extract(epoch FROM at) * 1000000)::bigint, x, y FROM public.t"
        " ORDER BY s"};
    struct pg_result *rows = NULL;
    CU_ASSERT_EQUAL(pg_run(context_background(), pg, &all, NULL, &rows), PG_OK);
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

/* What goes wrong is told apart: refused by the server, or the connection lost. */
static void tells_failures_apart(void)
{
    const char *db = fixture_database();
    char error[300];
    struct context *context = context_background();
    struct pg *pg = pg_connect(context, db, NULL, error, sizeof error);
    bool committed = true;
    ensure(pg != NULL);
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
    struct context *soon = context_with_timeout(context, INT64_C(50000000));
    pg = pg_connect(context, db, NULL, error, sizeof error);
    ensure(pg != NULL && soon != NULL);
    CU_ASSERT_EQUAL(pg_script(soon, pg, "SELECT pg_sleep(5)"), PG_LOST);
    context_release(&soon);
    pg_close(&pg);
    CU_ASSERT_PTR_NULL(pg_connect(context, "host=/nowhere", NULL, error, sizeof error));
}

static const struct unit_test tests[] = {{"comes_back_the_same", comes_back_the_same},
    {"tells_failures_apart", tells_failures_apart}, {0}};
const struct unit_suite copy_suite = {.name = "copy", .tests = tests};
