// SPDX-License-Identifier: MIT
// The holds of the ledger: money that is reserved, until when, and what became of it. They are
// entries of the journal; it is read back from its end until all that are open have been found, or
// a person does not ask for more.

import { assetOf, findAsset } from './accounts.js';
import { linkTo } from './address.js';
import { LEDGER, LEDGER_NAME, request } from './api.js';
import { arrange, element, find, refresh, settle, write } from './dom.js';
import { fillForm } from './forms.js';
import { read as readMetrics } from './metrics.js';
import { assetOfWorld, codeOf, showAmount, showCount } from './money.js';
import { showTime } from './times.js';

const PAGE = 1000;
const PAGES = 10;     // of the journal are read at once
const ROWS_MAX = 500; // in the document
const ENDS = { capture: 'captured', release: 'released', expiry: 'expired' };

const holds = new Map(); // seq -> {seq, from, to, amount, at, expires_at, status, by}
let low = null;          // every entry after this position is known
let reading = false;
let only = null;         // of this account alone

/** Begin with what ends at `position`; applyToHolds() gets every entry after it. */
export function startHolds(position) {
    low = position;
    find('holds-state').addEventListener('change', draw);
    find('holds-older').addEventListener('click', readBack);
    find('holds-rows').addEventListener('click', act);
    readBack();
}

/** Of an account alone, or (null) of all. */
export function showHoldsOf(account) {
    only = account;
    if (!find('holds-all'))
        find('holds-older').before(element('a', { class: 'button', id: 'holds-all',
            href: linkTo('holds') }, 'Of all accounts'));
    find('holds-all').hidden = only === null;
    draw();
}

export function applyToHolds(entry) {
    note(entry);
    refresh(draw);
}

const ended = new Map(); // hold -> {status, by}, whose hold has not been read yet

function note({ seq, kind, hold, at }) {
    if (kind === 'hold')
        holds.set(seq, { ...hold, seq, at, status: 'held', ...ended.get(seq) });
    else if (ENDS[kind]) {
        const end = { status: ENDS[kind], by: seq };
        if (holds.has(hold)) Object.assign(holds.get(hold), end);
        else ended.set(hold, end);
    }
}

async function readBack() {
    if (reading) return;
    reading = true;
    find('holds-older').disabled = true;
    write('holds-note', 'Reading the journal.');
    try {
        const open = await countOpen();
        for (let i = 0; i < PAGES && low > 0; i++) {
            await readPage();
            if (i > 0 && open !== null && countHeld() >= open) break;
        }
        await learn();
    } catch {
        write('holds-note', 'No answer. Try again.');
        return;
    } finally {
        reading = false;
        find('holds-older').disabled = false;
        settle('holds');
    }
    draw();
}

async function readPage() {
    const after = Math.max(0, low - PAGE);
    const answer = await request('GET', `${LEDGER}/journal?after=${after}&limit=${PAGE}`);
    if (answer.status !== 200) throw new Error(String(answer.status));
    for (const entry of answer.body.items.reverse()) if (entry.seq <= low) note(entry);
    low = after;
}

/** How many are open in the whole ledger; null: that is not known. */
async function countOpen() {
    const response = await fetch('metrics', { cache: 'no-store' });
    const { values } = readMetrics(await response.text(), LEDGER_NAME);
    return values.teller_open_holds ?? null;
}

const countHeld = () => [...holds.values()].filter(({ status }) => status === 'held').length;

/** The assets of what is shown. */
async function learn() {
    for (const { from } of chosen()) if (!assetOf(from)) await findAsset(from);
}

function chosen() {
    const open = find('holds-state').value === 'held';
    return [...holds.values()].filter(({ status }) => !open || status === 'held')
        .filter(({ from, to }) => only === null || from === only || to === only)
        .sort((a, b) => b.seq - a.seq).slice(0, ROWS_MAX);
}

function draw() {
    if (find('holds').hidden || reading) return;
    const shown = chosen();
    arrange(find('holds-rows'), rowsOf(shown));
    find('holds-table').hidden = shown.length === 0;
    find('holds-older').hidden = low === 0;
    const where = low === 0 ? 'in the whole journal'
        : `in the journal after seq ${showCount(low)}`;
    const what = find('holds-state').value === 'held' ? 'open ' : '';
    const whose = only === null ? '' : ` of ${only}`;
    write('holds-note', `${showCount(shown.length)} ${what}${shown.length === 1 ? 'hold' : 'holds'
    }${whose} ${where}.`);
}

let drawn = new Map(); // seq -> {row, as}: the rows in the document, and what they say

/** Each as it is in the document, unless it has something new to say. */
function rowsOf(shown) {
    const before = drawn;
    drawn = new Map(shown.map((hold) => {
        const asset = assetOfWorld(hold.from) ?? assetOf(hold.from) ?? assetOf(hold.to);
        const as = `${hold.status} ${hold.by} ${asset}`;
        const kept = before.get(hold.seq);
        return [hold.seq, kept?.as === as ? kept : { row: row(hold, asset), as }];
    }));
    return [...drawn.values()].map((kept) => kept.row);
}

function row(hold, asset) {
    const { seq, from, to, amount, status, by, expires_at: expires } = hold;
    const acts = status === 'held' ? ['capture', 'release'].map((verb) =>
        element('button', { type: 'button', 'data-verb': verb, 'data-hold': seq,
            'aria-label': `${verb} hold ${seq}` },
        verb === 'capture' ? 'Capture' : 'Release')) : [];
    return element('tr', { 'data-seq': seq, 'data-status': status },
        element('td', { class: 'number' }, link('entry', seq)),
        element('td', { class: 'what' }, link('account', from), ' → ', link('account', to)),
        element('td', { class: 'number' }, asset
            ? `${showAmount(amount, asset)} ${codeOf(asset)}` : `${amount} units`),
        element('td', {}, status === 'held' ? 'open' : `${status} `,
            ...by ? [link('entry', by)] : []),
        element('td', { class: 'time roomy' },
            status !== 'held' ? '' : expires ? showTime(expires) : 'never'),
        element('td', {}, element('div', { class: 'inline' }, ...acts)));
}

function link(name, value) {
    return element('a', { href: linkTo(name, value) }, String(value));
}

/** It is prepared in the form, where a person sees what will be sent, and sends it. */
function act({ target }) {
    const { verb, hold } = target.closest('button')?.dataset ?? {};
    if (verb) fillForm({ verb, entry: hold });
}
