// SPDX-License-Identifier: MIT
// The page of the flight recorder: gets a recording, and shows a part of it.

import { request } from '../api.js';
import { announce, element, find, showPlace, write } from '../dom.js';
import { showMs } from '../timing.js';
import { startToken } from '../token.js';
import { showCountOf } from './numbers.js';
import { drawTrace } from './trace_draw.js';
import { firstAfter, hueOf, readTrace, whoRan } from './trace_read.js';

const ROWS = 12;
const CLOSEST_US = 0.5;

let trace = null;
let view = { from: 0, to: 1 };
let here = null; // the slice that is looked at

function start() {
    showPlace();
    startToken(() => {});
    find('record').addEventListener('click', record);
    find('file').addEventListener('change', openFile);
    for (const [id, act] of Object.entries(ACTS)) find(id).addEventListener('click', act);
    find('picture').addEventListener('keydown', onKey);
    find('picture').addEventListener('wheel', onWheel, { passive: false });
    addEventListener('resize', draw);
}

/* --- where it comes from ---------------------------------------------------------------------- */

async function record() {
    write('told', 'Recording…');
    find('record').disabled = true;
    try {
        const { status, text, body } = await request('GET', '/v1/trace?ms=1000');
        if (status === 200) show(text);
        else write('told', status === 403 ? 'That takes a token of scope admin.'
            : `The service does not record: ${body?.detail ?? body?.title ?? status}`);
    } catch {
        write('told', 'No answer.');
    } finally {
        find('record').disabled = false;
    }
}

async function openFile() {
    const [file] = find('file').files;
    if (file) show(await file.text());
}

function show(text) {
    trace = readTrace(text);
    find('recording').hidden = trace === null;
    find('save').hidden = trace === null;
    if (!trace) {
        write('told', 'This is not a recording.');
        return;
    }
    URL.revokeObjectURL(find('save').href);
    find('save').href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    const slices = trace.lanes.reduce((sum, lane) => sum + lane.slices.length, 0);
    const overwritten = showCountOf(trace.overwritten, 'older event was', 'older events were');
    write('told', `${showCountOf(slices, 'slice', 'slices')} on ` +
        `${showCountOf(trace.lanes.length, 'worker', 'workers')} in ${showMs(trace.end / 1000)}` +
        (trace.overwritten > 0 ? `; ${overwritten} overwritten.` : '.'));
    here = null;
    look(0, trace.end);
}

/* --- what is shown ---------------------------------------------------------------------------- */

/** Where a closer look goes: to the slice that is looked at, while it is in the picture. */
const middle = () => here && here.from >= view.from && here.from <= view.to ? here.from
    : (view.from + view.to) / 2;
const zoom = (factor, at = middle()) =>
    look(at - (at - view.from) * factor, at + (view.to - at) * factor);
const move = (part) => {
    const by = (view.to - view.from) * part;
    look(view.from + by, view.to + by);
};
const ACTS = {
    closer: () => zoom(0.5),
    wider: () => zoom(2),
    earlier: () => move(-0.25),
    later: () => move(0.25),
    all: () => look(0, trace.end),
};
const KEYS = { '+': ACTS.closer, '=': ACTS.closer, '-': ACTS.wider, ArrowLeft: ACTS.earlier,
    ArrowRight: ACTS.later, Home: ACTS.all, Enter: next };

function onKey(event) {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
}

/** The wheel zooms where the pointer is, but only with Ctrl, as in maps: else the page scrolls. */
function onWheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = find('picture').getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    zoom(event.deltaY > 0 ? 1.25 : 0.8, view.from + share * (view.to - view.from));
}

function look(from, to) {
    const span = Math.min(trace.end, Math.max(CLOSEST_US, to - from));
    const first = Math.min(trace.end - span, Math.max(0, from));
    view = { from: first, to: first + span };
    draw();
}

/** The slice that begins next after the one that is looked at, on any worker. */
function next() {
    const after = here?.from ?? view.from;
    const coming = trace.lanes.map(({ slices }) => {
        let i = firstAfter(slices, after);
        while (i < slices.length && (slices[i].from <= after || slices[i].asleep)) i++;
        return slices[i];
    }).filter(Boolean).sort((a, b) => a.from - b.from)[0];
    if (!coming) return;
    here = coming;
    const span = view.to - view.from;
    if (coming.from > view.to || coming.from < view.from) look(coming.from - span / 4,
        coming.from + span * 3 / 4);
    tell(coming);
    draw();
    announce(find('detail').textContent);
}

/** A moment of the recording, as exactly as what is shown needs it. */
function showAt(us) {
    const span = (view.to - view.from) / 1000;
    return `${(us / 1000).toFixed(Math.min(6, Math.max(0, 3 - Math.ceil(Math.log10(span)))))} ms`;
}

function tell(slice) {
    write('detail', slice.asleep ? `asleep for ${showMs((slice.to - slice.from) / 1000)}`
        : `${slice.name} #${slice.id} ran for ${showMs((slice.to - slice.from) / 1000)} at ` +
            `${showAt(slice.from)}, then: ${slice.then}`);
}

function draw() {
    if (!trace) return;
    const width = Math.max(200, find('picture').clientWidth);
    find('picture').replaceChildren(drawTrace(trace, view, width, here, tell));
    write('range', `${showAt(view.from)} to ${showAt(view.to)}`);
    find('most').replaceChildren(...whoRan(trace, view.from, view.to).slice(0, ROWS).map((one) =>
        element('tr', {}, element('th', { scope: 'row' },
            element('span', { class: `swatch hue-${hueOf(one.name)}`, 'aria-hidden': 'true' }),
            one.name), element('td', { class: 'number' }, String(one.times)),
        element('td', { class: 'number' }, showMs(one.ran / 1000)),
        element('td', { class: 'roomy' }, one.then))));
}

start();
