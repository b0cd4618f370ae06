/* SPDX-License-Identifier: MIT */
#include "server/api/metrics_databases.h"

#include <stdio.h>

#include "ledger/bank/bank_replica.h"
#include "ledger/bank/banks.h"
#include "server/api/metric.h"

/* Whose ledgers are served is told ledger by ledger; of one that is not open there are none. */
static void write_databases(struct json_out *out, struct banks *banks)
{
    size_t count = banks ? banks_count(banks) : 0;
    metric_head(
        out, "teller_database_open", "gauge", "1: the database's ledgers are known, and not lost.");
    for (size_t i = 0; i < count; i++) {
        char why[LEDGER_REASON];
        metric_line(out, "teller_database_open{database=\"%s\"} %d\n", banks_database(banks, i),
            banks_is_well(banks, i, why));
    }
    metric_head(out, "teller_database_ledgers", "gauge", "How many ledgers live in it.");
    for (size_t i = 0; i < count; i++)
        if (banks_at(banks, i))
            metric_line(out, "teller_database_ledgers{database=\"%s\"} %zu\n",
                banks_database(banks, i), bank_count(banks_at(banks, i)));
}

/* How the standby of a database is doing; false: it has none, or is not open. */
static bool find_replica(struct banks *banks, size_t index, struct bank_replica *replica)
{
    struct bank *bank = banks_at(banks, index);
    return bank && bank_replica(bank, replica);
}

/* The standbys where what is followed is read. */
static void write_replicas(struct json_out *out, struct banks *banks)
{
    struct bank_replica its;
    char name[120];
    size_t count = banks ? banks_count(banks) : 0;
    metric_head(out, "teller_read_database_used", "gauge", "1: what is followed is read there.");
    for (size_t i = 0; i < count; i++)
        if (find_replica(banks, i, &its))
            metric_line(out, "teller_read_database_used{database=\"%s\"} %d\n",
                banks_database(banks, i), its.used);
    metric_head(out, "teller_read_database_passed_on_total", "counter",
        "Reads that were asked of the database instead.");
    for (size_t i = 0; i < count; i++)
        if (find_replica(banks, i, &its))
            metric_line(out, "teller_read_database_passed_on_total{database=\"%s\"} %llu\n",
                banks_database(banks, i), (unsigned long long)its.passed_on);
    metric_head(out, "teller_read_database_lag_seconds", "gauge",
        "How long ago at most it had all that the database had.");
    for (size_t i = 0; i < count; i++)
        if (find_replica(banks, i, &its)) {
            snprintf(name, sizeof name, "teller_read_database_lag_seconds{database=\"%s\"}",
                banks_database(banks, i));
            metric_seconds(out, name, (uint64_t)its.lag_ns);
        }
}

void metrics_databases_write(struct json_out *out, struct banks *banks)
{
    write_databases(out, banks);
    write_replicas(out, banks);
}
