/* SPDX-License-Identifier: MIT */
/* The ledger's tests, simple ones first. Run under tools/with-postgres. */
#include "tests/unit.h"

extern const struct unit_suite money_suite, asset_suite, rules_suite, filter_suite, keys_suite;
extern const struct unit_suite copy_suite, moves_owner_suite, moves_sharded_suite;
extern const struct unit_suite races_owner_suite, races_sharded_suite;
extern const struct unit_suite restarts_owner_suite, restarts_sharded_suite;

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&money_suite, &asset_suite, &rules_suite,
        &filter_suite, &keys_suite, &copy_suite, &moves_owner_suite, &moves_sharded_suite,
        &races_owner_suite, &races_sharded_suite, &restarts_owner_suite, &restarts_sharded_suite,
        NULL};
    return unit_main("ledger", suites, argc, argv);
}
