/* SPDX-License-Identifier: MIT */
/* The disk under PostgreSQL is full: under its tables, under its log, under all of it. The program
 * turns writes away, reads what is durable while there is a database to read from, and goes on by
 * itself when there is room again. */
#include "tests/faults/suites.h"

#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/disk.h"
#include "tests/faults/trial.h"
#include "tests/service/visit.h"

enum { PROGRESS = 100, FULL_WITHIN_S = 60, FULL_S = 2, PATIENCE_S = 15, KIB = 1024, TEXT = 256 };

static struct disk disk;

/* Which folder is on the small disk, how large that is for a round, how much is left at first. */
struct place {
    const char *folder;
    unsigned mib;
    size_t rest;
    bool survives; /* PostgreSQL lives on, and can be read from */
};

static const struct place tables = {"postgres/base", 96, 512 * KIB, true};
static const struct place wal = {"postgres/pg_wal", 96, 2048 * KIB, false};
static const struct place everything = {"postgres", 192, 1024 * KIB, false};

/* Until readyz says that the database is away: then a write is refused before it is tried. */
static bool await_full(struct trial *trial)
{
    int64_t until = co_clock_now_ns() + FULL_WITHIN_S * CO_CLOCK_S;
    while (service_probe(&trial->service, "/readyz") != 503) {
        if (co_clock_now_ns() > until)
            return false;
        co_sleep(10 * CO_CLOCK_MS);
    }
    return true;
}

static void look_while_full(struct trial *trial, const struct place *place)
{
    struct visit visit;
    visit_begin(&visit, &trial->service);
    visit_post(&visit, "/accounts/crash-00/deposit", "not-now", "{\"amount\":1}");
    EXPECT_PROBLEM(&visit, 503, "unavailable");
    CU_ASSERT(visit_header_is(&visit, "Retry-After", "1"));
    visit_get(&visit, "/livez");
    EXPECT_STATUS(&visit, 200);
    if (place->survives) { /* of before the last start: not from memory */
        int64_t start_ns = co_clock_now_ns();
        visit_get(&visit, "/journal?limit=10");
        EXPECT_STATUS(&visit, 200);
        visit_get(&visit, "/accounts/crash-00?at=5");
        EXPECT_STATUS(&visit, 200);
        visit_get(&visit, "/accounts/crash-00/entries");
        EXPECT_STATUS(&visit, 200);
        CU_ASSERT(co_clock_now_ns() - start_ns < PATIENCE_S * CO_CLOCK_S);
    }
    visit_end(&visit);
}

static void fill_and_relieve(struct trial *trial, const struct place *place)
{
    pid_t pid = trial->service.pid;
    trial_progress(trial, PROGRESS);
    CU_ASSERT_FATAL(disk_fill(&disk, place->rest));
    CU_ASSERT(await_full(trial));
    look_while_full(trial, place);
    co_sleep(FULL_S * CO_CLOCK_S);
    disk_relieve(&disk);
    CU_ASSERT(service_await_ready(&trial->service, FULL_WITHIN_S * CO_CLOCK_S));
    trial_progress(trial, PROGRESS);
    CU_ASSERT_EQUAL(trial->service.pid, pid);
    trial_tally.full_disks++;
}

static void fill(const struct place *place, const char *strategy, int rounds)
{
    struct trial trial;
    char path[TEXT];
    if (!disk_is_possible()) {
        printf("SKIPPED: this user may not mount a tmpfs; run it as root ");
        return;
    }
    trial_begin(&trial, strategy, NULL);
    CU_ASSERT_EQUAL(service_stop(&trial.service), 0);
    snprintf(path, sizeof path, "%s/%s", trial.service.folder, place->folder);
    CU_ASSERT_FATAL(disk_make(&disk, path, place->mib * (unsigned)rounds));
    CU_ASSERT_FATAL(trial_restart(&trial, NULL));
    for (; rounds > 0; rounds--)
        fill_and_relieve(&trial, place);
    trial_verify(&trial);
    CU_ASSERT_EQUAL(service_stop(&trial.service), 0);
    disk_end(&disk);
    trial_end(&trial);
}

static void of_place(const struct place *place)
{
    fill(place, unit_seed() % 2 ? "owner" : "sharded", trial_is_long() ? 5 : 1);
    if (trial_is_long())
        fill(place, unit_seed() % 2 ? "sharded" : "owner", 5);
}

static void of_tables(void)
{
    of_place(&tables);
}

static void of_wal(void)
{
    of_place(&wal);
}

static void of_everything(void)
{
    of_place(&everything);
}

void disk_suite_clean_up(void)
{
    disk_end(&disk);
}

const struct unit_suite disk_suite = {"disk", 2,
    (const struct unit_test[]){
        {"of_tables", of_tables}, {"of_wal", of_wal}, {"of_everything", of_everything}, {0}}};
