// SPDX-License-Identifier: MIT
// One account with its statement: what touched it, newest first, with the balance after each, of
// all time or of a period of days. New entries are added at the top as the journal grows.

import { RESTRICTS, moveTo } from './accounts.js';
import { go, linkTo } from './address.js';
import { accountPath, newKey, problemOf, request } from './api.js';
import { element, find, refresh, settle, write } from './dom.js';
import { afterDay, beginOfDay, isDay, readStanding } from './period.js';
import { codeOf, showAmount, showCount } from './money.js';
import { showTime } from './times.js';

const PAGE = 50;
const ROWS_MAX = 1000; // in the document; older ones take the place of the newest

const RESTAND_MS = 1000; // at most this often it is asked what is held

/* {id, asset, account: as it stands, from, until, newest, next, fresh: items to put on top, above:
 * rows that were taken away there, closed: the period has ended} */
let shown = null;
let restanding = null;
let freezing = false;

export function startStatement() {
    find('statement-freeze').addEventListener('click', () => freeze().catch(fail));
    find('statement-older').addEventListener('click', () => older().catch(fail));
    find('statement-newest').addEventListener('click', () => openStatement(shown.id));
    find('statement-period').addEventListener('change', turn);
    find('statement-period').addEventListener('submit', (event) => event.preventDefault());
    find('statement-whole').addEventListener('click', () => go('account', shown.id));
    find('statement-csv').addEventListener('click', exportCsv);
    find('statement-print').addEventListener('click', () => print());
}

/** No account is in view any more. */
export function leaveStatement() {
    shown = null;
}

/** The period of the fields is a part of the address. */
function turn() {
    const period = {};
    for (const name of ['from', 'until']) {
        const day = find(`statement-${name}`).value;
        if (isDay(day)) period[name] = day;
    }
    go('account', shown.id, period);
}

/** Open an account; `parameters` are those of the address: from and until, days. */
export async function openStatement(id, parameters = new URLSearchParams()) {
    const day = (name) => (isDay(parameters.get(name)) ? parameters.get(name) : null);
    const mine = (shown = { id, asset: null, account: null, from: day('from'), until: day('until'),
        newest: 0, next: null, fresh: [], above: 0, closed: false });
    find('statement-from').value = mine.from ?? '';
    find('statement-until').value = mine.until ?? '';
    find('statement-whole').disabled = !mine.from && !mine.until;
    for (const part of ['rows', 'facts', 'sums']) find(`statement-${part}`).replaceChildren();
    for (const part of ['older', 'freeze', 'newest', 'sums'])
        find(`statement-${part}`).hidden = true;
    write('statement-title', id);
    write('statement-note', 'Reading.');
    try {
        const account = await request('GET', accountPath(id));
        if (mine !== shown) return;
        if (account.status !== 200) {
            write('statement-note', problemOf(account));
            return;
        }
        mine.asset = account.body.asset;
        stand(account.body);
        if ((mine.from || mine.until) && !await limit(mine)) return;
        await older();
    } catch {
        if (mine === shown) fail();
    } finally {
        settle('statement');
    }
}

/** How the account stood when the period began and when it ended; false: none of it has been. */
async function limit(mine) {
    mine.closed = mine.until !== null && afterDay(mine.until) <= Date.now();
    const [before, after] = await Promise.all([
        mine.from ? readStanding(mine.id, beginOfDay(mine.from)) : null,
        mine.closed ? readStanding(mine.id, afterDay(mine.until)) : null]);
    if (mine !== shown) return false;
    const opening = mine.from ? before?.balance ?? '0' : '0';
    const closing = mine.closed ? after?.balance ?? '0' : null;
    if (mine.closed) mine.next = after ? after.seq + 1 : 0;
    const sums = [['Opening balance', opening]];
    if (closing !== null) sums.push(['Change', String(BigInt(closing) - BigInt(opening))],
        ['Closing balance', closing]);
    find('statement-sums').hidden = false;
    find('statement-sums').replaceChildren(...sums.map(([term, units]) => element('div', {},
        element('dt', {}, term), element('dd', {}, showAmount(units, mine.asset)))));
    const empty = mine.next === 0 || (mine.from && beginOfDay(mine.from) > Date.now());
    if (empty) write('statement-note', 'Nothing has touched this account in that time.');
    return !empty;
}

function fail() {
    write('statement-note', 'No answer. Try again.');
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
    if (answer.status === 200) stand(answer.body);
    else write('statement-note', problemOf(answer));
}

/** A page of items of the period, and where the next one begins; null: there is none. */
async function readPage(mine, limit, page) {
    const query = new URLSearchParams({ limit });
    if (page !== null) query.set('page', page);
    const answer = await request('GET', accountPath(mine.id, `/entries?${query}`));
    if (answer.status !== 200) throw new Error(problemOf(answer));
    const { items, next } = answer.body;
    const begin = mine.from ? beginOfDay(mine.from) : -Infinity;
    const inside = items.filter(({ at }) => Date.parse(at) >= begin);
    return { items: inside, next: inside.length < items.length ? null : next, seq: answer.seq };
}

async function older() {
    const mine = shown;
    let page = null;
    try {
        page = await readPage(mine, PAGE, mine.next);
    } catch (error) {
        if (error.name !== 'Error') throw error;
        if (mine === shown) write('statement-note', error.message);
        return;
    }
    if (mine !== shown) return;
    const { items, next, seq } = page;
    if (mine.newest === 0) mine.newest = Math.max(seq, items[0]?.seq ?? 0);
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
    if (shown && RESTRICTS.has(entry.kind)) restandSoon();
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
        shown.newest = last.seq;
        moveTo(shown.account, last);
        drawFacts(shown.account);
        const inside = shown.closed ? [] : shown.fresh;
        if (shown.above) shown.above += inside.length; // the top is not in the document
        else rows.prepend(...inside.reverse().map(row));
        shown.fresh = [];
        dropOldest(rows);
    }
    const count = rows.childElementCount;
    const from = shown.above ? `, after ${showCount(shown.above)} newer ones` : '';
    const nothing = shown.from || shown.until ? 'Nothing has touched this account in that time.'
        : 'Nothing has touched this account yet.';
    write('statement-note', count ? `${showCount(count)} shown${from}, up to seq ${shown.newest}.`
        : nothing);
}

/** New rows push old ones out at the end; "Older entries" begins there again. */
function dropOldest(rows) {
    while (rows.childElementCount > ROWS_MAX) {
        rows.lastElementChild.remove();
        shown.next = Number(rows.lastElementChild.dataset.seq);
        find('statement-older').hidden = false;
    }
}

/** The account is read: so it stands, or, where the journal has been read further, so it moved. */
function stand(account) {
    const before = shown.account;
    if (before && before.seq > account.seq) moveTo(account, before);
    shown.account = account;
    drawFacts(account);
}

/** What is held or frozen may have changed: entries do not say of which account. */
function restandSoon() {
    restanding ??= setTimeout(async () => {
        restanding = null;
        const mine = shown;
        if (!mine?.account) return;
        const answer = await request('GET', accountPath(mine.id)).catch(() => null);
        if (mine === shown && answer?.status === 200) stand(answer.body);
    }, RESTAND_MS);
}

function drawFacts({ asset, balance, floor, held, available, frozen, metadata }) {
    shown.frozen = frozen;
    find('statement-freeze').hidden = false;
    write('statement-freeze', frozen ? 'Unfreeze' : 'Freeze');
    const code = codeOf(asset);
    const facts = [['Balance', `${showAmount(balance, asset)}`, 'statement-balance'],
        ['Available', available === null ? 'without limit' : showAmount(available, asset)]];
    if (held !== '0')
        facts.push(['Held', element('a', { href: linkTo('holds', '', { account: shown.id }) },
            showAmount(held, asset))]);
    facts.push(['Asset', asset], ['Lowest', floor === null ? 'none' : showAmount(floor, asset)]);
    if (frozen) facts.push(['State', 'frozen']);
    if (metadata) facts.push(['Metadata', JSON.stringify(metadata)]);
    const list = find('statement-facts');
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...facts.map(([term, text, id]) =>
        element('div', {}, element('dt', {}, term),
            element('dd', {}, element('span', id ? { id } : {}, text), id ? ` ${code}` : ''))));
    if (focused) list.querySelector('a')?.focus({ preventScroll: true });
}

function row(item) {
    return element('tr', { 'data-seq': item.seq },
        element('td', { class: 'number' },
            element('a', { href: linkTo('entry', item.seq) }, String(item.seq))),
        element('td', { class: 'time' },
            element('time', { datetime: item.at }, showTime(item.at))),
        element('td', { class: 'what' }, ...others(item)),
        element('td', { class: `number ${item.amount.startsWith('-') ? 'out' : 'in'}` },
            (item.amount.startsWith('-') ? '' : '+') + showAmount(item.amount, shown.asset)),
        element('td', { class: 'number' }, showAmount(item.balance, shown.asset)));
}

/** Whom it was with, as links; or what it was. */
function others({ postings, metadata, kind }) {
    const ids = new Set();
    for (const { from, to } of postings ?? []) ids.add(from === shown.id ? to : from);
    const named = [...ids].slice(0, 3).flatMap((id, i) => [i ? ', ' : '',
        element('a', { class: 'account', href: linkTo('account', id) }, id)]);
    const note = metadata?.note ? ` “${metadata.note}”` : '';
    return [...ids.size ? named : [kind], ids.size > 3 ? ', …' : '', note];
}

/** All of the period as a file, however long it is; it is read page by page. */
async function exportCsv() {
    const mine = shown;
    find('statement-csv').disabled = true;
    try {
        const { saveCsv } = await import('./statement_csv.js');
        const begin = mine.closed ? (await readStanding(mine.id, afterDay(mine.until))) : null;
        const first = mine.closed ? (begin ? begin.seq + 1 : 0) : null;
        const count = await saveCsv(mine, first, (page) => readPage(mine, 1000, page));
        write('statement-note', `${showCount(count)} entries are in the file.`);
    } catch (error) {
        write('statement-note', error.name === 'Error' ? error.message
            : 'No answer. Nothing was saved; try again.');
    } finally {
        find('statement-csv').disabled = false;
    }
}
