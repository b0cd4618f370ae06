// SPDX-License-Identifier: MIT
// Where in the code each step of a trace is.

const MARK = /^\s*co_schedule_mark\(/; // in a line of its own, it names the call in the next one

/** For each step {file, line}, or null: of one that is nowhere, where its lane was last. */
export function placesOf(steps, sources) {
    const last = new Map(); // lane -> place
    return steps.map(({ lane, file, line }) => {
        const place = file ? { file, line: callAt(sources.get(file), line) }
            : last.get(lane) ?? null;
        last.set(lane, place);
        return place;
    });
}

function callAt(code = '', line) {
    return MARK.test(code.split('\n')[line - 1] ?? '') ? line + 1 : line;
}
