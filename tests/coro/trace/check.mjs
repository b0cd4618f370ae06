// SPDX-License-Identifier: MIT
// check.mjs FILE...: is each a trace as Chrome and Perfetto take it? Prints what it counts of each:
// NAME=NUMBER, the names of the slices among them.
import { readFileSync } from 'node:fs';

let failed = 0;

function wrong(file, text) {
    console.log(`${file}: ${text}`);
    failed++;
}

/** The slices of a track end before the next one begins, or lie within each other. */
function checkTrack(file, track, slices) {
    slices.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
    const open = [];
    for (const slice of slices) {
        const end = slice.ts + slice.dur;
        if (!(slice.ts >= 0 && slice.dur >= 0))
            wrong(file, `${track}: time ${slice.ts}, ${slice.dur}`);
        while (open.length > 0 && open.at(-1) <= slice.ts + 1e-6) open.pop();
        if (open.length > 0 && end > open.at(-1) + 1e-6)
            wrong(file, `${track}: ${slice.name} at ${slice.ts} goes beyond what it lies in`);
        open.push(end);
    }
}

/** Each arrow begins in a slice of its track, ends at the start of one, and not before it began. */
function checkArrows(file, events, tracks) {
    const starts = new Map(), ends = new Map();
    for (const event of events) {
        const side = { s: starts, f: ends }[event.ph];
        if (!side) continue;
        if (side.has(event.id)) wrong(file, `arrow ${event.id} twice`);
        side.set(event.id, event);
    }
    for (const [id, start] of starts) {
        const end = ends.get(id);
        if (!end || end.ts < start.ts) wrong(file, `arrow ${id} has no end, or an early one`);
        else if (!(tracks.get(`${end.pid}/${end.tid}`) ?? []).some(({ ts }) => ts === end.ts))
            wrong(file, `arrow ${id} ends at no slice`);
    }
    if (ends.size !== starts.size) wrong(file, 'arrows without a start');
    return starts.size;
}

function check(file) {
    const { traceEvents: events, otherData: about } = JSON.parse(readFileSync(file, 'utf8'));
    const tracks = new Map(), named = new Set(), counts = new Map();
    for (const event of events) {
        const track = `${event.pid}/${event.tid}`;
        if (event.ph === 'M') {
            if (event.name === 'thread_name') named.add(track);
            continue;
        }
        if (event.ph === 'X') {
            if (!tracks.has(track)) tracks.set(track, []);
            tracks.get(track).push(event);
        }
        if (event.ph === 'X' || event.ph === 'i')
            counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
    }
    for (const [track, slices] of tracks) {
        if (!named.has(track) && !track.startsWith('3/')) wrong(file, `${track} has no name`);
        checkTrack(file, track, slices);
    }
    const arrows = checkArrows(file, events, tracks);
    // What runs on a worker runs as a coroutine, too: the same moments.
    const sum = (process, pick) => [...tracks].filter(([track]) => track.startsWith(process))
        .flatMap(([, slices]) => slices).filter(pick).reduce((all, { dur }) => all + dur, 0);
    const onWorkers = sum('1/', ({ name }) => name !== 'asleep');
    const asCoroutines = sum('2/', ({ name }) => name === 'running');
    if (Math.abs(onWorkers - asCoroutines) > 1e-3 * (1 + onWorkers))
        wrong(file, `workers ran for ${onWorkers}, coroutines for ${asCoroutines}`);
    const told = [...counts].map(([name, count]) => `${name.replaceAll(' ', '-')}=${count}`);
    console.log([...told, `arrows=${arrows}`, `overwritten=${about.overwritten}`,
        `coroutines=${about.coroutines}`, `workers=${about.workers}`].join(' '));
}

process.argv.slice(2).forEach(check);
process.exit(failed ? 1 : 0);
