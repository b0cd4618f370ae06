/* SPDX-License-Identifier: MIT */
/* What is said of a coroutine that keeps a worker to itself: which request it works for. */
#include "server/api/hogs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/watchdog.h"
#include "server/text/log_request.h"
#include "tests/server/suites.h"

enum { SAID = 2000 };

/* What it writes to stderr. */
static void note(const struct co_watchdog_report *report, char said[SAID])
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    CU_ASSERT_FATAL(file && before >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    hogs_note(report, NULL);
    CU_ASSERT_FATAL(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    rewind(file);
    said[fread(said, 1, SAID - 1, file)] = '\0';
    fclose(file);
}

static void its_request_is_named(void)
{
    static char said[SAID];
    struct log_request request;
    struct co_watchdog_report report = {.id = co_id(co_current()), .for_ns = 700 * CO_CLOCK_MS};
    uint64_t computed = 0, blocked = 0, computed_before = 0, blocked_before = 0;
    hogs_read(&computed_before, &blocked_before);
    log_request_begin(&request, "wanted-3");
    note(&report, said);
    log_request_end(&request);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "hogs worker 0 for 700 ms"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "wanted-3"));
    /* It works for none any more. */
    report.blocks = true;
    note(&report, said);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, "blocks worker 0 for 700 ms"));
    CU_ASSERT_PTR_NULL(strstr(said, "wanted-3"));
    hogs_read(&computed, &blocked);
    CU_ASSERT_EQUAL(computed, computed_before + 1);
    CU_ASSERT_EQUAL(blocked, blocked_before + 1);
}

const struct unit_suite hogs_suite = {
    "hogs", 1, (const struct unit_test[]){{"its_request_is_named", its_request_is_named}, {0}}};
