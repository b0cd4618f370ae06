/* SPDX-License-Identifier: MIT */
/* Each of two tellers has a link of its own to the database, which fails while the clients' ways to
 * both stay: the other one takes over, and the two never tell two different things. */
#include "tests/cluster/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/cluster/drill.h"
#include "tests/cluster/tally.h"

enum { CUT_MS = 5000, TEXT = 200, WOKEN_MS = 3000 };

static struct drill drill;
static char folder[TEXT], urls[DRILL_TELLERS][CLUSTER_URL];

static void read_url(int number)
{
    char path[TEXT + 20];
    snprintf(path, sizeof path, "%s/url%d", folder, number + 1);
    FILE *file = fopen(path, "re");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    bool read = fgets(urls[number], sizeof urls[number], file) != NULL;
    fclose(file);
    CU_ASSERT_FATAL(read);
    urls[number][strcspn(urls[number], "\n")] = '\0';
}

static bool begin(void)
{
    if (geteuid() != 0) {
        printf("SKIPPED: only root has network namespaces ");
        return false;
    }
    snprintf(folder, sizeof folder, "%.100s/links-XXXXXX", cluster_folder());
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder)); /* with-cluster ends it if the test does not */
    cluster_shell("tests/cluster/links make %s", folder);
    for (int i = 0; i < DRILL_TELLERS; i++)
        read_url(i);
    drill_begin(&drill, (const char *const[DRILL_TELLERS]){urls[0], urls[1]}, false);
    return true;
}

/* The link of whoever serves fails and heals; then that one is the standby. */
static void cut(const char *how)
{
    struct standby *owner = drill_owner(&drill);
    if (!owner)
        return;
    int link = (int)(owner - drill.tellers) + 1;
    drill_mark(&drill);
    cluster_shell("tests/cluster/links %s %s %d", how, folder, link);
    tally.partitions++;
    (void)drill_resumed(&drill, how, CUT_MS);
    cluster_shell("tests/cluster/links heal %s %d", folder, link);
    co_sleep((int64_t)dice_below(&drill.dice, WOKEN_MS) * CO_CLOCK_MS);
    (void)drill_owner(&drill);
}

static void repeat(const char *how)
{
    if (!begin())
        return;
    int times = tally_times("CLUSTER_PARTITIONS", 50, 34, 1);
    tally_expect(how, times);
    for (int i = 0; i < times; i++)
        cut(how);
    drill_verify(&drill);
    drill_end(&drill);
    cluster_shell("tests/cluster/links end %s", folder);
}

static void silenced(void)
{
    repeat("silence");
}

static void mute(void)
{
    repeat("mute");
}

static void refused(void)
{
    repeat("refuse");
}

const struct unit_suite cut_suite = {"cut", 2,
    (const struct unit_test[]){{"silenced", silenced}, {"mute", mute}, {"refused", refused}, {0}}};
