/* SPDX-License-Identifier: MIT */
/* What deploy/cluster has started: passwords stay where they belong, what runs is told whatever
 * does not, a standby that was away comes back. And of tests that end early nothing stays. */
#include "tests/cluster/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/cluster/cluster.h"

static void no_password_in_arguments(void)
{
    cluster_shell("tests/cluster/secrets arguments %s", cluster_folder());
}

static void no_password_in_files(void)
{
    cluster_shell("tests/cluster/secrets files %s", cluster_folder());
}

static void patroni_asks_for_it(void)
{
    cluster_shell("tests/cluster/secrets rest %s", cluster_folder());
}

/* Patroni does not know the cluster then, but each node knows what it is. */
static void parts_are_told_without_etcd(void)
{
    cluster_do("kill", "etcd", 1);
    cluster_shell("CLUSTER=%s deploy/cluster parts | grep -q '^etcd1 stopped'", cluster_folder());
    cluster_shell(
        "CLUSTER=%s deploy/cluster parts | grep -q '^node. running primary'", cluster_folder());
    cluster_do("start", "etcd", 1);
    cluster_await_whole();
}

/* As tools/with-cluster ends, however its command has ended. */
static void nothing_is_left(void)
{
    char left[200];
    if (geteuid() != 0) {
        printf("SKIPPED: only root has network namespaces ");
        return;
    }
    snprintf(left, sizeof left, "%.100s/left", cluster_folder());
    cluster_shell("mkdir -m 755 %s && tests/cluster/links make %s/links-le%05d", left, left,
        (int)getpid() % 100000);
    cluster_shell(
        "PATH=$PATH:/usr/sbin; ip netns list | grep -q '^teller-le%05d'", (int)getpid() % 100000);
    cluster_shell("tests/cluster/end %s", left);
    cluster_shell(
        "PATH=$PATH:/usr/sbin; ! ip netns list | grep -q '^teller-le%05d'", (int)getpid() % 100000);
    cluster_shell("rmdir %s", left);
}

/* Without slots a standby comes back by what the primary keeps for all (wal_keep_size). */
static void no_slot_is_needed(void)
{
    cluster_await_whole();
    int primary = cluster_primary(0), standby = primary % CLUSTER_NODES + 1;
    cluster_shell("tests/cluster/away %s %d %d", cluster_folder(), primary, standby);
    cluster_await_whole();
    cluster_shell("rm %s/database/node%d/was-here", cluster_folder(), standby);
}

const struct unit_suite deploy_suite = {"deploy", 1,
    (const struct unit_test[]){{"no_password_in_arguments", no_password_in_arguments},
        {"no_password_in_files", no_password_in_files},
        {"patroni_asks_for_it", patroni_asks_for_it},
        {"parts_are_told_without_etcd", parts_are_told_without_etcd},
        {"nothing_is_left", nothing_is_left}, {"no_slot_is_needed", no_slot_is_needed}, {0}}};
