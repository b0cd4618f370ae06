// SPDX-License-Identifier: MIT
// The double withdrawal under a strategy that loses money: in the lab, under as many schedules as
// there are rounds, each chosen by a seed. What is left is that of a schedule which broke it, if
// one did, with the way to see it step by step.

import { run } from './lab/runs.js';

const SCENARIO = 'double-withdraw';
const SEEDS = 1000000;

export async function raceInLab({ name }, rounds, onRound) {
    const first = 1 + Math.floor(Math.random() * SEEDS);
    const wanted = { scenario: SCENARIO, strategy: name };
    const counted = rounds === 1 ? null
        : await run({ ...wanted, mode: 'count', seed: first, seeds: rounds });
    const seed = counted?.broken ? counted.first_broken : first;
    const trace = await run({ ...wanted, mode: 'schedule', seed });
    const twice = counted ? counted.broken_seeds : Number(trace.broken);
    onRound({ rounds, twice, exact: rounds - twice, left: trace.accounts[0].end,
        href: placeOf(name, trace) });
}

function placeOf(name, { code }) {
    const place = { scenario: SCENARIO, a: name, 'a-code': code, b: 'mutex' };
    return `lab#${new URLSearchParams(place)}`;
}
