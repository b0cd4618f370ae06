// SPDX-License-Identifier: MIT
// What the lab offers: scenarios, strategies, the source of each, and the runtime's examples.

import { request } from '../api.js';
import { Told, tellOf } from './told.js';

/** The catalogue of the service; throws what a person should be told instead. */
export async function readCatalogue() {
    const answer = await request('GET', '/v1/lab/scenarios').catch(() => null);
    if (answer?.status !== 200) throw new Told(tellOf(answer));
    const { scenarios, strategies, sources = [], examples = [] } = answer.body;
    const named = (rows) => new Map(rows.map((row) => [row.name, row]));
    return {
        scenarios: named(scenarios),
        strategies: named(strategies),
        sources: new Map(sources.map(({ file, code }) => [file, code])),
        examples: named(examples),
    };
}

/** Does the strategy break what must hold in the scenario? */
export function breaks(scenario, strategy) {
    return scenario.breaks ? scenario.breaks.includes(strategy.name) : !strategy.safe;
}

/** The one of these names that the scenario offers first; else any but `not`. */
export function offered(scenario, names, not) {
    return names.find((name) => scenario.strategies.includes(name)) ??
        scenario.strategies.find((name) => name !== not) ?? scenario.strategies[0];
}
