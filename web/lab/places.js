// SPDX-License-Identifier: MIT
// Where in the code each step of a trace is. The runtime tells the place of most; of a strategy
// that is linked as it is, such as the owner of the real ledgers, it tells what happens on a
// channel or a lock, and the place is where the strategy's own files make that call.

const CALLS = { send: 'chan_send(', receive: 'chan_recv(', lock: 'mutex_lock',
    unlock: 'mutex_unlock' };
const AWAITED = { waitgroup: 'waitgroup_wait(', channel: 'chan_recv(', mutex: 'mutex_lock' };

/** For each step {file, line}, or null: of one that is nowhere, where its lane was last. */
export function placesOf(steps, files, sources) {
    const last = new Map(); // lane -> place
    return steps.map((step) => {
        const own = step.file ? { file: step.file, line: step.line } : null;
        const place = (files.includes(own?.file) ? own : called(step, files, sources) ?? own) ??
            last.get(step.lane) ?? null;
        last.set(step.lane, place);
        return place;
    });
}

/** Where the strategy makes the call that such a step is; null: nowhere, or it is no call. */
function called({ verb, on }, files, sources) {
    const call = verb === 'wait' ? AWAITED[on?.split(' ')[0]] : CALLS[verb];
    if (!call) return null;
    for (const file of files) {
        const lines = (sources.get(file) ?? '').split('\n');
        const line = lines.findIndex((text) => text.includes(call)) + 1;
        if (line) return { file, line };
    }
    return null;
}
