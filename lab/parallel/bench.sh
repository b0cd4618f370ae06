#!/bin/bash
# SPDX-License-Identifier: MIT
# What each strategy costs: one scenario on all processors, as a table. Run by `make bench-lab`,
# under tools/with-postgres, on a quiet machine.
#     lab/parallel/bench.sh [SCENARIO [CLIENTS [SECONDS]]]
set -euo pipefail
scenario=${1:-many-withdrawals} clients=${2:-1000} seconds=${3:-2}
teller=build/release/teller

columns='operations/s | p99, µs | rounds | broken | deadlocks | retries'
echo "| \`$scenario\`, $clients clients | $columns |"
echo '|---|---:|---:|---:|---:|---:|---:|'
for strategy in $("$teller" lab --list --json | jq -r --arg name "$scenario" \
    '.scenarios[] | select(.name == $name).strategies[]'); do
    # Exit code 1: it was broken, which the table says.
    "$teller" lab "$scenario" --strategy "$strategy" --parallel --clients "$clients" \
        --seconds "$seconds" --json --database "$TEST_DATABASE" || [ $? = 1 ]
done | jq -r '"| \(.strategy) | \(.rate) | \(.p99_us) | \(.rounds) | \(.broken_rounds) |" +
    " \(.deadlocks) | \(.retries) |"'
