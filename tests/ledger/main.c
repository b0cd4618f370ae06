/* SPDX-License-Identifier: MIT */
/* The ledger's tests. Run under tools/with-postgres. */
#include "tests/ledger/fixture.h"

extern const struct unit_suite money_suite, asset_suite, rules_suite, filter_suite, keys_suite;
extern const struct unit_suite segment_suite, duty_suite, pg_suite, synchronous_suite, hosts_suite;
extern const struct unit_suite replica_suite, errands_suite;
extern const struct unit_suite readable_suite;
extern const struct unit_suite audit_owner_suite, audit_sharded_suite;
extern const struct unit_suite pooler_suite, statements_suite;
extern const struct unit_suite copy_suite, record_suite, tables_suite, differential_suite;

/* Those that both strategies are held to (FIXTURE_BOTH). */
#define BOTH(X)                                                                                    \
    X(strategy)                                                                                    \
    X(opening)                                                                                     \
    X(moves)                                                                                       \
    X(holds)                                                                                       \
    X(reversals)                                                                                   \
    X(batches)                                                                                     \
    X(keyed_batches)                                                                               \
    X(unended)                                                                                     \
    X(freeze)                                                                                      \
    X(past) X(journal) X(races) X(restarts) X(start) X(auditor) X(altered) X(follow) X(behind)
#define DECLARE(name) extern const struct unit_suite name##_owner_suite, name##_sharded_suite;
#define LIST(name) &name##_owner_suite, &name##_sharded_suite,

BOTH(DECLARE)
extern const struct unit_suite dbtime_suite, turns_suite, clearing_suite, follow_suite;
extern const struct unit_suite committer_suite, lease_suite, damaged_suite, bank_suite, banks_suite,
    owners_suite, giving_suite, resting_suite, placement_suite, migrate_suite, rights_suite,
    watch_suite, witness_suite;

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {
        &money_suite,
        &asset_suite,
        &rules_suite,
        &filter_suite,
        &segment_suite,
        &keys_suite,
        &duty_suite,
        &tables_suite,
        &copy_suite,
        &record_suite,
        &pg_suite,
        &synchronous_suite,
        &hosts_suite,
        &replica_suite,
        &errands_suite,
        &pooler_suite,
        &bank_suite,
        &banks_suite,
        &clearing_suite,
        &placement_suite,
        &owners_suite,
        &giving_suite,
        &resting_suite,
        &dbtime_suite,
        &committer_suite,
        &lease_suite,
        &watch_suite,
        &witness_suite,
        &turns_suite,
        &follow_suite,
        &readable_suite,
        &audit_owner_suite,
        &audit_sharded_suite,
        &damaged_suite,
        &migrate_suite,
        &rights_suite,
        BOTH(LIST) & differential_suite,
        &statements_suite,
        NULL,
    };
    fixture_hear();
    return unit_main("ledger", suites, argc, argv);
}
