/* SPDX-License-Identifier: MIT */
/* What the environment says to PostgreSQL's own programs is nothing to the private cluster. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/service/command.h"
#include "tests/service/visit.h"

static const char *const variables[][2] = {{"PGHOST", "127.0.0.1"}, {"PGHOSTADDR", "127.0.0.1"},
    {"PGPORT", "9"}, {"PGDATABASE", "elsewhere"}, {"PGUSER", "somebody"}, {"PGSERVICE", "nowhere"},
    {"PGSERVICEFILE", "/nowhere"}, {"PGDATA", "/nowhere"}, {"PGPASSFILE", "/nowhere"},
    {"PGSSLMODE", "verify-full"}, {"PGSSLROOTCERT", "/nowhere"}, {"PGREQUIREPEER", "somebody"},
    {"PGCHANNELBINDING", "require"}, {"PGTARGETSESSIONATTRS", "standby"},
    {"PGOPTIONS", "-cdefault_transaction_read_only=on -csearch_path=public"},
    {"PGCLIENTENCODING", "LATIN1"}, {"PGDATESTYLE", "German"}, {"PGTZ", "Asia/Tokyo"},
    {"PGGSSENCMODE", "require"}, {"PGCONNECT_TIMEOUT", "nonsense"}};

enum { TEXT = 200 };
enum { VARIABLES = sizeof variables / sizeof variables[0] };

static void is_left_alone(void)
{
    static struct service service;
    struct visit visit;
    struct command command = {0};
    char backup[TEXT];
    for (size_t i = 0; i < VARIABLES; i++)
        setenv(variables[i][0], variables[i][1], 1);
    bool up = service_make(&service, "owner", NULL);
    CU_ASSERT(up);
    if (up) {
        visit_begin(&visit, &service);
        CU_ASSERT(visit_fund(&visit, "alice", 100));
        visit_end(&visit);
        command_teller(&command, &service, (const char *const[]){"audit", NULL});
        EXPECT_EXIT(&command, 0);
        command_free(&command);
        snprintf(backup, sizeof backup, "%s/backup", service.folder);
        command_teller(&command, &service, (const char *const[]){"backup", backup, NULL});
        EXPECT_EXIT(&command, 0);
        command_free(&command);
        CU_ASSERT_EQUAL(service_stop(&service), 0);
    }
    for (size_t i = 0; i < VARIABLES; i++)
        unsetenv(variables[i][0]);
    service_remove(&service);
}

const struct unit_suite environment_suite = {
    "environment", 2, (const struct unit_test[]){{"is_left_alone", is_left_alone}, {0}}};
