/* SPDX-License-Identifier: MIT */
/* The database has two nodes, replicated synchronously. The primary hangs, the standby is promoted,
 * and in the end the former primary wakes and takes writes as well. */
#include "tests/faults/suites.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "tests/faults/trial.h"

enum { TEXT = 300, HUNG_S = 3, AFTER = 300 };

static void run_command(void *arg)
{
    CU_ASSERT_EQUAL(system(arg), 0);
}

__attribute__((format(printf, 1, 2))) static void command(const char *format, ...)
{
    char text[TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    co_blocking_call(run_command, text);
}

/* One statement at a node, as the superuser. */
static void say(const char *folder, const char *node, const char *sql)
{
    command("psql -qXAtc \"%s\" 'host=%s/%s user=tester dbname=postgres' >/dev/null", sql, folder,
        node);
}

static void primary_hangs(void)
{
    struct trial trial;
    char folder[] = "/tmp/teller-pair-XXXXXX", url[TEXT];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chmod(folder, 0755), 0);
    command("tests/pair make %s", folder);
    say(folder, "a", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    say(folder, "a", "SELECT pg_reload_conf()");
    snprintf(url, sizeof url, "host=%s/a,%s/b user=tester dbname=postgres", folder, folder);
    trial_begin(&trial, unit_seed() % 2 ? "owner" : "sharded",
        (const char *const[]){"--database", url, NULL});
    trial_progress(&trial, AFTER);

    command("tests/pair freeze %s a", folder);
    co_sleep(HUNG_S * CO_CLOCK_S);
    int64_t promoted_ns = co_clock_now_ns();
    say(folder, "b", "SELECT pg_promote()");
    trial_progress(&trial, AFTER);
    printf("[went on %lld ms after the promotion] ",
        (long long)((co_clock_now_ns() - promoted_ns) / CO_CLOCK_MS));
    command("tests/pair wake %s a", folder);
    trial_progress(&trial, AFTER);
    trial_verify(&trial);
    trial_end(&trial);
    command("tests/pair end %s", folder);
}

const struct unit_suite failover_suite = {
    "failover", 2, (const struct unit_test[]){{"primary_hangs", primary_hangs}, {0}}};
