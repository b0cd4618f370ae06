// SPDX-License-Identifier: MIT
// The journal's tail. Of each kind the last entries are kept, and a bounded number of rows is in
// the document, whatever the rate.

import { findAsset } from './accounts.js';
import { linkTo } from './address.js';
import { LEDGER, problemOf, request } from './api.js';
import { element, find, refresh, settle, write } from './dom.js';
import { assetOfWorld, codeOf, showAmount, showCount } from './money.js';
import { sentenceOf } from './refusals.js';
import { showTime } from './times.js';
import { isView } from './views.js';

const KEPT = 100;
const KEPT_OVERVIEW = 40;

const kept = new Map(); // kind -> its last entries, oldest first
let shown = [];         // the entries that are in the document, newest first
let paused = false;
let since = 0;          // entries that came while paused

let began = null;       // the seq that the stream begins with, once it is known

let old = null;         // {from, to, items}: a page from before, in place of the tail

let assetOf = () => null;

/** `asset(id)` tells an account's asset if it is known. */
export function startJournal({ asset }) {
    assetOf = asset;
    find('journal-kind').addEventListener('change', () => draw(true));
    find('journal-pause').addEventListener('click', () => {
        paused = !paused;
        since = 0;
        find('journal-pause').setAttribute('aria-pressed', String(paused));
        find('journal-pause').textContent = paused ? 'Go on' : 'Pause';
        draw(!paused);
    });
}

/** Show the entries before a position, or (null) the tail as it grows. */
export async function turnJournal(before) {
    const bottom = shown.at(-1)?.seq ?? 0;
    if (before === null || !/^[1-9][0-9]*$/.test(before)) {
        if (old) {
            old = null;
            draw(true);
        }
        foot(bottom);
        await fill(isView('entries') ? KEPT : KEPT_OVERVIEW).catch(() => {}); // or fewer are shown
        return;
    }
    const to = Number(before) - 1;
    const mine = (old = { from: Math.max(0, to - KEPT), to, items: [] });
    find('journal-rows').replaceChildren();
    write('journal-note', 'Reading.');
    try {
        const answer = await request('GET',
            `${LEDGER}/journal?after=${mine.from}&limit=${Math.max(1, to - mine.from)}`);
        if (mine !== old) return;
        if (answer.status !== 200) {
            write('journal-note', problemOf(answer));
            return;
        }
        mine.items = answer.body.items;
        await learnAssets(mine.items);
        if (mine === old) draw(true);
    } catch {
        if (mine === old) write('journal-note', 'No answer. Try again.');
    }
}

/** The stream begins as far back as the first view needs: read those before, up to `wanted`. */
async function fill(wanted) {
    const first = Math.min(began ?? 1, ...[...kept.values()].map(([{ seq }]) => seq));
    const count = [...kept.values()].reduce((sum, { length }) => sum + length, 0);
    if (count >= wanted || first <= 1) return;
    const limit = Math.min(wanted - count, first - 1);
    const answer = await request('GET',
        `${LEDGER}/journal?after=${first - 1 - limit}&limit=${limit}`);
    if (answer.status !== 200) return;
    await learnAssets(answer.body.items);
    for (const entry of answer.body.items.reverse()) {
        const entries = kept.get(entry.kind);
        if (!entries) kept.set(entry.kind, [entry]);
        else if (entry.seq < entries[0].seq) entries.unshift(entry);
    }
    if (!old && !paused) draw(true);
}

async function learnAssets(entries) {
    for (const entry of entries)
        for (const { from, to } of movesOf(entry).slice(0, 1))
            if (!assetOf(from) && !assetOf(to)) await findAsset(from).catch(() => null);
}

/** The way to older entries and back. */
function foot(bottom) {
    const before = old ? old.from + 1 : bottom;
    const overview = !isView('entries');
    find('journal-older').hidden = !overview && before <= 1;
    find('journal-older').href = overview ? linkTo('entries')
        : linkTo('entries', '', { before });
    write('journal-older', overview ? 'All entries' : 'Older entries');
    find('journal-newer').hidden = find('journal-live').hidden = !old;
    find('journal-pause').hidden = Boolean(old);
    if (old) find('journal-newer').href = linkTo('entries', '', { before: old.to + KEPT + 1 });
}

export function addToJournal(entry) {
    let entries = kept.get(entry.kind);
    if (!entries) kept.set(entry.kind, (entries = []));
    entries.push(entry);
    if (entries.length >= 2 * KEPT) entries.splice(0, entries.length - KEPT);
    if (paused) since++;
    refresh(drawJournal);
}

/** The stream begins with that seq. */
export function beginJournal(seq) {
    began = seq;
}

/** Draw what has changed; of a journal without entries, that it has none. */
export function drawJournal() {
    draw(false);
}

function draw(again) {
    const kind = find('journal-kind').value;
    if (old) {
        if (again) drawOld(kind);
        return;
    }
    if (!paused || again) drawRows(again);
    settle('journal');
    foot(shown.at(-1)?.seq ?? 0);
    const entries = shown.length === 1 ? 'entry' : 'entries';
    const last = `The last ${shown.length} ${kind ? 'of this kind' : entries}.`;
    write('journal-note', paused ? `Paused: ${showCount(since)} more since.`
        : shown.length ? last
            : began > 1 ? 'Nothing since the page was opened.' : 'Nothing here yet.');
}

function drawOld(kind) {
    const chosen = old.items.filter((entry) => !kind || entry.kind === kind).reverse();
    find('journal-rows').replaceChildren(...chosen.map(row));
    settle('journal');
    write('journal-note', `${showCount(chosen.length)} of the entries ` +
        `${showCount(old.from + 1)} to ${showCount(old.to)}.`);
    foot(0);
}

function drawRows(again) {
    const kind = find('journal-kind').value;
    const entries = kind ? kept.get(kind) ?? [] : [...kept.values()].flat();
    const newest = entries.sort((a, b) => a.seq - b.seq).slice(-KEPT).reverse();
    const rows = find('journal-rows');
    if (again) {
        rows.replaceChildren();
        shown = [];
    }
    const top = shown[0]?.seq ?? 0;
    rows.prepend(...newest.filter((entry) => entry.seq > top).map(row));
    while (rows.childElementCount > KEPT) rows.lastElementChild.remove();
    shown = newest;
}

function row(entry) {
    return element('tr', { 'data-kind': entry.kind, 'data-seq': entry.seq },
        element('td', { class: 'number' }, entryLink(entry.seq)),
        element('td', { class: 'time' },
            element('time', { datetime: entry.at }, showTime(entry.at))),
        element('td', {}, element('span', { class: `kind ${entry.kind}` }, entry.kind)),
        element('td', { class: 'what' }, ...what(entry)),
        element('td', { class: 'number' }, amount(entry)));
}

/** Not among the stops of the Tab key: there would be hundreds, and they move. The table of
 *  accounts leads to the same statements. */
function link(id) {
    return element('a', { class: 'account', href: linkTo('account', id), tabindex: '-1' }, id);
}

function entryLink(seq) {
    return element('a', { href: linkTo('entry', seq), tabindex: '-1' }, String(seq));
}

function what(entry) {
    if (entry.account?.id) return [link(entry.account.id), ` opened in ${entry.account.asset}`];
    if (entry.code)
        return [...(entry.account ? [link(entry.account), ': '] : []),
            `${sentenceOf(entry.code)} `, element('code', {}, entry.code)];
    if (entry.kind === 'freeze' || entry.kind === 'unfreeze')
        return [entry.account ? link(entry.account) : 'the whole ledger'];
    if (entry.kind === 'batch') return [`${entry.key}: ${countOf(entry)} transfers`];
    const moves = movesOf(entry);
    if (!moves.length) return [about(entry) || (entry.key ?? '')];
    const { from, to } = moves[0];
    const more = moves.length > 1 ? ` and ${moves.length - 1} more` : '';
    return [link(from), ' → ', link(to), more, about(entry) && `, ${about(entry)}`];
}

/** How many transfers a batch had. */
function countOf({ results }) {
    return results.reduce((sum, { count = 1 }) => sum + count, 0);
}

/** What moves, or would: a hold is not a posting yet. */
function movesOf({ postings, hold }) {
    return postings ?? (hold?.from ? [hold] : []);
}

/** The earlier entry that an entry is about. */
function about({ hold, reverses }) {
    if (reverses != null) return `reverses ${reverses}`;
    return hold != null && typeof hold !== 'object' ? `hold ${hold}` : '';
}

function amount(entry) {
    const posting = movesOf(entry)[0];
    if (!posting) return '';
    const asset = assetOfWorld(posting.from) ?? assetOfWorld(posting.to)
        ?? assetOf(posting.from) ?? assetOf(posting.to);
    return asset ? `${showAmount(posting.amount, asset)} ${codeOf(asset)}`
        : `${posting.amount} units`;
}
