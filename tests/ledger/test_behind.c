/* SPDX-License-Identifier: MIT */
/* The database has lost what a follower has read of it: that is told as what it is, and the ledger
 * is not carried on from what is left. */
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/ledger_private.h"
#include "tests/ledger/guest.h"

static const char lose_last[] =
    "SET session_replication_role = replica;"
    "DELETE FROM teller.entry WHERE seq = (SELECT max(last_seq) FROM teller.batch);"
    "DELETE FROM teller.batch WHERE last_seq = (SELECT max(last_seq) FROM teller.batch)";

/* Follow a ledger of seven entries to its end; the owner closes it, and the last is lost. */
static void follow_and_lose(struct guest *guest, const char *db, const char *strategy)
{
    struct ledger *owner = fixture_open_abc(db, strategy);
    CU_ASSERT_EQUAL(fixture_move(owner, NULL, "a", "b", 1), LEDGER_OK);
    guest_begin(guest, db, strategy);
    guest_follow(guest);
    CU_ASSERT_EQUAL(fixture_move(owner, NULL, "a", "b", 2), LEDGER_OK);
    guest_await(guest, ledger_durable_seq(owner));
    guest_pause(guest);
    ledger_close(&owner);
    fixture_do(db, lose_last);
}

static void expect_behind(struct guest *guest)
{
    for (int waited = 0; waited < 6000 && !atomic_load(&guest->wrong); waited++)
        co_sleep(10 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(guest->end, LEDGER_FOLLOW_BEHIND);
    CU_ASSERT_PTR_NOT_NULL(strstr(guest->why, "the database is older than what was followed"));
    CU_ASSERT(ledger_is_over(guest->ledger));
}

/* It is no damage: clients were told what is gone. */
static void lost_is_told(const char *strategy)
{
    for (unsigned written = 0; written <= 2; written++) {
        const char *db = fixture_database();
        struct guest guest = {0};
        follow_and_lose(&guest, db, strategy);
        if (written > 0) { /* another goes on from what is left */
            struct ledger *other = fixture_open(db, strategy);
            for (unsigned i = 0; i < written; i++)
                CU_ASSERT_EQUAL(fixture_move(other, NULL, "a", "b", 3), LEDGER_OK);
            ledger_close(&other);
        }
        guest_follow(&guest);
        expect_behind(&guest);
        guest_end(&guest);
    }
}

static void lost_is_not_taken(const char *strategy)
{
    for (unsigned written = 0; written <= 1; written++) {
        const char *db = fixture_database();
        struct guest guest = {0};
        follow_and_lose(&guest, db, strategy);
        if (written > 0) {
            struct ledger *other = fixture_open(db, strategy);
            CU_ASSERT_EQUAL(fixture_move(other, NULL, "a", "b", 3), LEDGER_OK);
            ledger_close(&other);
        }
        CU_ASSERT_PTR_NULL(guest_take(&guest));
        CU_ASSERT_EQUAL(guest.trouble, LEDGER_TROUBLE_BEHIND);
        CU_ASSERT_STRING_EQUAL(
            fixture_ask(db, "SELECT left(stopped, 6) FROM teller.writer"), "lost: ");
        guest_end(&guest);
    }
}

#define TESTS(X)                                                                                   \
    X(lost_is_told)                                                                                \
    X(lost_is_not_taken)
FIXTURE_BOTH(behind)
