// SPDX-License-Identifier: MIT
// One account with its statement: what touched it, newest first, with the balance after each. New
// entries are added at the top as the journal grows.

import { leave, linkTo } from './address.js';
import { accountPath, newKey, problemOf, request } from './api.js';
import { element, find, refresh, write } from './dom.js';
import { codeOf, showAmount, showCount } from './money.js';
import { showTime } from './times.js';

const PAGE = 50;
const ROWS_MAX = 1000; // in the document; older ones take the place of the newest

/* {id, asset, newest, next, fresh: items to put on top, above: rows that were taken away there} */
let shown = null;
let freezing = false;

export function startStatement() {
    find('statement-close').addEventListener('click', () => find('statement').close());
    find('statement').addEventListener('close', () => {
        shown = null;
        leave();
    });
    find('statement-freeze').addEventListener('click', () => freeze().catch(fail));
    find('statement-older').addEventListener('click', () => older().catch(fail));
    find('statement-newest').addEventListener('click', () => openStatement(shown.id));
}

export function closeStatement() {
    if (find('statement').open) find('statement').close();
}

export async function openStatement(id) {
    const mine = (shown = { id, asset: null, newest: 0, next: null, fresh: [], above: 0 });
    find('statement-rows').replaceChildren();
    find('statement-facts').replaceChildren();
    find('statement-older').hidden = find('statement-freeze').hidden = true;
    find('statement-newest').hidden = true;
    write('statement-title', id);
    write('statement-note', 'Reading.');
    if (!find('statement').open) find('statement').showModal();
    try {
        const account = await request('GET', accountPath(id));
        if (mine !== shown) return;
        if (account.status !== 200) {
            write('statement-note', problemOf(account));
            return;
        }
        mine.asset = account.body.asset;
        drawFacts(account.body);
        await older();
    } catch {
        fail();
    }
}

function fail() {
    write('statement-note', 'No answer. Close this and try again.');
}

/** Freeze the account that is shown, or end that. */
async function freeze() {
    if (freezing) return;
    const mine = shown;
    const verb = mine.frozen ? 'unfreeze' : 'freeze';
    let answer = null;
    find('statement-freeze').disabled = freezing = true;
    try {
        answer = await request('POST', accountPath(mine.id, `/${verb}`),
            { body: '{}', key: newKey() });
    } finally {
        find('statement-freeze').disabled = freezing = false;
    }
    if (mine !== shown) return;
    if (answer.status === 200) drawFacts(answer.body);
    else write('statement-note', problemOf(answer));
}

async function older() {
    const mine = shown;
    const query = new URLSearchParams({ limit: PAGE });
    if (mine.next !== null) query.set('page', mine.next);
    const answer = await request('GET', accountPath(mine.id, `/entries?${query}`));
    if (mine !== shown) return;
    if (answer.status !== 200) {
        write('statement-note', problemOf(answer));
        return;
    }
    const { items, next } = answer.body;
    if (mine.newest === 0) mine.newest = Math.max(answer.seq, items[0]?.seq ?? 0);
    mine.next = next;
    const rows = find('statement-rows');
    rows.append(...items.map(row));
    for (; rows.childElementCount > ROWS_MAX; mine.above++) rows.firstElementChild.remove();
    find('statement-older').hidden = next === null;
    find('statement-newest').hidden = mine.above === 0;
    mine.fresh = mine.fresh.filter((item) => item.seq > mine.newest);
    draw();
}

/** An entry of the journal: does it belong on this statement? */
export function applyToStatement(entry) {
    const balance = shown && entry.balances?.[shown.id];
    if (balance == null || (shown.newest && entry.seq <= shown.newest)) return;
    shown.fresh.push({ ...entry, balance, amount: change(entry, shown.id) });
    if (shown.fresh.length > ROWS_MAX) shown.fresh.shift();
    refresh(draw);
}

function change({ postings }, id) {
    let sum = 0n;
    for (const { from, to, amount } of postings ?? []) {
        if (to === id) sum += BigInt(amount);
        if (from === id) sum -= BigInt(amount);
    }
    return sum.toString();
}

function draw() {
    if (!shown?.newest) return; // the first page is on its way: fresh entries wait for it
    const rows = find('statement-rows');
    if (shown.fresh.length) {
        const last = shown.fresh.at(-1);
        write('statement-balance', showAmount(last.balance, shown.asset));
        shown.newest = last.seq;
        if (shown.above) shown.above += shown.fresh.length; // the top is not in the document
        else rows.prepend(...shown.fresh.reverse().map(row));
        shown.fresh = [];
        dropOldest(rows);
    }
    const count = rows.childElementCount;
    const from = shown.above ? `, after ${showCount(shown.above)} newer ones` : '';
    write('statement-note', count ? `${showCount(count)} shown${from}, up to seq ${shown.newest}.`
        : 'Nothing has touched this account yet.');
}

/** New rows push old ones out at the end; "Older entries" begins there again. */
function dropOldest(rows) {
    while (rows.childElementCount > ROWS_MAX) {
        rows.lastElementChild.remove();
        shown.next = Number(rows.lastElementChild.dataset.seq);
        find('statement-older').hidden = false;
    }
}

function drawFacts({ asset, balance, floor, held, available, frozen, metadata }) {
    shown.frozen = frozen;
    find('statement-freeze').hidden = false;
    write('statement-freeze', frozen ? 'Unfreeze' : 'Freeze');
    const code = codeOf(asset);
    const facts = [['Balance', `${showAmount(balance, asset)}`, 'statement-balance'],
        ['Asset', asset], ['Lowest', floor === null ? 'none' : showAmount(floor, asset)]];
    if (held !== '0') facts.push(['Held', showAmount(held, asset)]);
    if (available === null) facts.push(['Can give', 'without limit']);
    if (frozen) facts.push(['State', 'frozen']);
    if (metadata) facts.push(['Metadata', JSON.stringify(metadata)]);
    find('statement-facts').replaceChildren(...facts.map(([term, text, id]) =>
        element('div', {}, element('dt', {}, term),
            element('dd', {}, element('span', id ? { id } : {}, text), id ? ` ${code}` : ''))));
}

function row(item) {
    return element('tr', { 'data-seq': item.seq },
        element('td', { class: 'number' },
            element('a', { href: linkTo('entry', item.seq) }, String(item.seq))),
        element('td', { class: 'time' },
            element('time', { datetime: item.at }, showTime(item.at))),
        element('td', { class: 'what' }, others(item)),
        element('td', { class: `number ${item.amount.startsWith('-') ? 'out' : 'in'}` },
            (item.amount.startsWith('-') ? '' : '+') + showAmount(item.amount, shown.asset)),
        element('td', { class: 'number' }, showAmount(item.balance, shown.asset)));
}

function others({ postings, metadata, kind }) {
    const ids = new Set();
    for (const { from, to } of postings ?? []) ids.add(from === shown.id ? to : from);
    const named = [...ids].slice(0, 3).join(', ') + (ids.size > 3 ? ', …' : '');
    const note = metadata?.note ? ` “${metadata.note}”` : '';
    return (named || kind) + note;
}
