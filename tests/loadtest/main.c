/* SPDX-License-Identifier: MIT */
/* The load tester's own tests: what it reads and counts, without a service. */
#include <stddef.h>

#include "tests/loadtest/suites.h"

int main(int argc, char **argv)
{
    static const struct unit_suite *const suites[] = {&json_view_suite, &response_suite,
        &histogram_suite, &stage_times_suite, &dice_suite, &race_suite, &client_suite,
        &simulation_suite, NULL};
    return unit_main("loadtest", suites, argc, argv);
}
