// SPDX-License-Identifier: MIT
// What each lane is doing at each step of a trace: derived from its verbs, so that a lane can be
// drawn also where it does nothing.

const PARKS = new Set(['wait', 'park']);

/**
 * For each step, for each lane: {state, holds, believes}. The state is "running" (it makes this
 * step), "ready", "parked", "ended" or "unborn"; `holds` says whether it holds a lock after the
 * step; `believes` is what it took the balances to be when it last looked.
 */
export function statesOf({ lanes, steps }) {
    const now = new Map(lanes.map(({ lane }) => [lane, { state: firstState(lane, steps),
        locks: new Set(), believes: {} }]));
    return steps.map((step) => {
        const mine = now.get(step.lane);
        if (step.verb === 'lock') mine.locks.add(step.on);
        // A transaction's end names no lock: it gives back all of them.
        if (step.verb === 'unlock' && step.on) mine.locks.delete(step.on);
        else if (step.verb === 'unlock') mine.locks.clear();
        mine.believes = step.believes ?? mine.believes;
        const row = lanes.map(({ lane }) => {
            const { state, locks, believes } = now.get(lane);
            return { state: lane === step.lane ? 'running' : state, holds: locks.size > 0,
                believes };
        });
        mine.state = stateAfter(step.verb);
        return row;
    });
}

function firstState(lane, steps) {
    return steps.find((step) => step.lane === lane)?.verb === 'start' ? 'unborn' : 'ready';
}

function stateAfter(verb) {
    if (verb === 'end') return 'ended';
    return PARKS.has(verb) ? 'parked' : 'ready';
}
