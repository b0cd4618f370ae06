// SPDX-License-Identifier: MIT
// A recording in Chrome's trace event format, as lanes: what the workers did, by time.

const WORKERS = 1;
export const HUES = 12;

/** Names that are alike have one colour. */
export function hueOf(name) {
    let hash = 7;
    for (const c of name) hash = (hash * 31 + c.charCodeAt(0)) % 65521;
    return hash % HUES;
}

/**
 * {lanes: [{name, slices: [{name, id, from, to, then, asleep}]}], arrows: [{from: {lane, at},
 * to: {lane, at}}], end, overwritten}, times in microseconds, slices by time; null: it is not one.
 */
export function readTrace(text) {
    let json;
    try {
        json = JSON.parse(text);
    } catch {
        return null;
    }
    if (!Array.isArray(json?.traceEvents)) return null;
    const lanes = [], starts = new Map(), arrows = [];
    const lane = (number) => (lanes[number] ??= { name: `worker ${number}`, slices: [] });
    for (const { ph, pid, tid, name, ts, dur, id, args } of json.traceEvents) {
        if (pid !== WORKERS) continue;
        if (ph === 'X')
            lane(tid).slices.push({ name, id: args?.coroutine ?? 0, from: ts, to: ts + dur,
                then: args?.then ?? '', asleep: args === undefined });
        else if (ph === 's') starts.set(id, { lane: tid, at: ts });
        else if (ph === 'f' && starts.has(id))
            arrows.push({ from: starts.get(id), to: { lane: tid, at: ts } });
    }
    const all = [...lanes].map((each, i) => each ?? lane(i));
    for (const { slices } of all) slices.sort((a, b) => a.from - b.from);
    const end = Math.max(1, ...all.map(({ slices }) => slices.at(-1)?.to ?? 0));
    return { lanes: all, arrows, end, overwritten: json.otherData?.overwritten ?? 0 };
}

/** The first slice of a lane that ends after that time, by halving. */
export function firstAfter(slices, at) {
    let low = 0, high = slices.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (slices[middle].to <= at) low = middle + 1;
        else high = middle;
    }
    return low;
}

/** What ran between two times, by name: [{name, times, ran, then}], the longest first. */
export function whoRan({ lanes }, from, to) {
    const names = new Map();
    for (const { slices } of lanes)
        for (let i = firstAfter(slices, from); i < slices.length && slices[i].from < to; i++) {
            const slice = slices[i];
            if (slice.asleep) continue;
            const one = names.get(slice.name) ??
                { name: slice.name, times: 0, ran: 0, thens: new Map() };
            names.set(slice.name, one);
            one.times++;
            one.ran += Math.min(to, slice.to) - Math.max(from, slice.from);
            one.thens.set(slice.then, (one.thens.get(slice.then) ?? 0) + 1);
        }
    return [...names.values()].sort((a, b) => b.ran - a.ran).map(({ thens, ...one }) =>
        ({ ...one, then: [...thens].sort((a, b) => b[1] - a[1])[0][0] }));
}
