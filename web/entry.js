// SPDX-License-Identifier: MIT
// One entry of the journal with all that it holds: a transfer, a hold with what became of it, a
// refusal. Its address is #entry=SEQ.

import { assetOf, findAsset } from './accounts.js';
import { linkTo } from './address.js';
import { LEDGER, problemOf, request } from './api.js';
import { element, find, settle, write } from './dom.js';
import { fillForm } from './forms.js';
import { assetOfWorld, codeOf, showAmount } from './money.js';
import { sentenceOf } from './refusals.js';
import { showTime, zoneOf } from './times.js';

let shown = null; // the seq in view

find('entry-acts').addEventListener('click', ({ target }) => {
    const { verb } = target.closest('button')?.dataset ?? {};
    if (verb) fillForm({ verb, entry: shown });
});

export async function openEntry(seq) {
    shown = seq;
    write('entry-title', `Entry ${seq}`);
    write('entry-note', 'Reading.');
    for (const id of ['entry-facts', 'entry-postings', 'entry-acts']) find(id).replaceChildren();
    find('entry-table').hidden = true;
    write('entry-body', '');
    drawNeighbours(seq);
    try {
        const entry = await read(seq);
        if (shown !== seq) return;
        if (entry) await draw(entry, seq);
    } catch {
        if (shown === seq) write('entry-note', 'No answer. Try again.');
    } finally {
        settle('entry');
    }
}

/** The entry before it and the one after, as links. */
function drawNeighbours(seq) {
    const place = /^[1-9][0-9]*$/.test(seq) ? BigInt(seq) : 0n;
    find('entry-before').hidden = place <= 1n;
    find('entry-after').hidden = place === 0n;
    find('entry-before').href = linkTo('entry', String(place - 1n));
    find('entry-after').href = linkTo('entry', String(place + 1n));
}

/** The entry, and of a hold what became of it; null if there is none, which is said. */
async function read(seq) {
    if (!/^[1-9][0-9]*$/.test(seq)) {
        write('entry-note', 'That is not a position of the journal.');
        return null;
    }
    const answer = await request('GET', `${LEDGER}/journal?after=${BigInt(seq) - 1n}&limit=1`);
    const entry = answer.body?.items?.[0];
    if (answer.status !== 200 || !entry) {
        write('entry-note', answer.status === 200 ? 'The journal does not reach that far.'
            : problemOf(answer));
        return null;
    }
    if (entry.kind === 'hold') {
        const hold = await request('GET', `${LEDGER}/holds/${seq}`);
        if (hold.status === 200) entry.became = hold.body;
    }
    return entry;
}

async function draw(entry, seq) {
    const moves = entry.postings ?? (entry.hold?.from ? [entry.hold] : []);
    for (const { from, to } of moves)
        if (!assetOf(from) && !assetOf(to)) await findAsset(from).catch(() => null);
    if (shown !== seq) return;
    write('entry-title', `Entry ${seq}: ${entry.kind}`);
    find('entry-facts').replaceChildren(...factsOf(entry).map(([term, ...value]) =>
        element('div', {}, element('dt', {}, term), element('dd', {}, ...value))));
    find('entry-postings').replaceChildren(...moves.map((move) => posting(move, entry)));
    find('entry-table').hidden = moves.length === 0;
    write('entry-body', JSON.stringify(entry, null, 2));
    find('entry-acts').replaceChildren(...actsOf(entry).map((verb) => element('button',
        { type: 'button', 'data-verb': verb }, `${verb[0].toUpperCase()}${verb.slice(1)} it`)));
    write('entry-note', '');
}

/** What can be done about it; the form says whether it may. */
function actsOf({ kind, became }) {
    if (kind === 'hold') return became?.status === 'held' ? ['capture', 'release'] : [];
    return kind === 'transfer' || kind === 'capture' ? ['reverse'] : [];
}

function factsOf(entry) {
    const { at, key, code, account, hold, reverses, metadata, became, available } = entry;
    const facts = [[`Time, ${zoneOf(at)}`, element('time', { datetime: at }, showTime(at))]];
    if (code) facts.push(['Refused', `${sentenceOf(code)} `, element('code', {}, code)]);
    if (account) facts.push(['Account', link('account', account.id ?? account)]);
    if (available !== undefined) facts.push(['It could give', available]);
    if (typeof hold === 'number') facts.push(['Hold', link('entry', hold)]);
    if (reverses != null) facts.push(['Reverses', link('entry', reverses)]);
    if (became) facts.push(['It is', became.status]);
    if (became?.settled_by) facts.push(['Ended by', link('entry', became.settled_by)]);
    if (became?.expires_at) facts.push(['Expires', showTime(became.expires_at)]);
    if (key) facts.push(['Idempotency-Key', element('code', {}, key)]);
    if (metadata) facts.push(['Metadata', JSON.stringify(metadata)]);
    return facts;
}

function link(name, value) {
    return element('a', { class: name, href: linkTo(name, value) }, String(value));
}

function posting({ from, to, amount }) {
    const asset = assetOfWorld(from) ?? assetOfWorld(to) ?? assetOf(from) ?? assetOf(to);
    return element('tr', {},
        element('td', { class: 'what' }, link('account', from)),
        element('td', { class: 'what' }, link('account', to)),
        element('td', { class: 'number' }, asset
            ? `${showAmount(amount, asset)} ${codeOf(asset)}` : `${amount} units`));
}
