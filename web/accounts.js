// SPDX-License-Identifier: MIT
// The accounts, a page at a time, each balance live. A page is as of the position at which the
// service answered; entries that arrive while it is on its way are kept and applied over it.

import { linkTo } from './address.js';
import { LEDGER, problemOf, request } from './api.js';
import { arrange, element, find, refresh, settle, write } from './dom.js';
import { assetOfWorld, readAmount, showAmount, wrongAmount } from './money.js';

const PAGE = 25;
const RELOAD_MS = 1000; // at most this often, when accounts are opened

const rows = new Map();    // id -> {account, row, cells}, in order of id
const assets = new Map();  // id -> asset, of every account that was seen; bounded below
const ASSETS_KEPT = 20000;
const LONG = 22;           // an amount of more characters may be broken over lines

/** Kinds that change what is held or frozen; the page asks for that again. */
export const RESTRICTS = new Set(['hold', 'capture', 'release', 'expiry', 'freeze', 'unfreeze']);

let pages = [''];          // the `after` of this page and of those before it
let next = null;
let loading = null;        // {abort, touched: id -> {balance, seq}} while a page is on its way
let reloading = null;
let read = false;          // a page was

export function startAccounts() {
    find('accounts-prefix').addEventListener('input', () => turnTo(['']));
    find('accounts-filter').addEventListener('submit', (event) => event.preventDefault());
    find('accounts-next').addEventListener('click', () => turnTo([...pages, next]));
    find('accounts-previous').addEventListener('click', () => turnTo(pages.slice(0, -1)));
    find('open-form').addEventListener('submit', open);
}

function turnTo(stack) {
    pages = stack;
    load().catch(() => write('accounts-note', 'Could not read the accounts.'));
}

/** Read the page that is shown; resolves to the position that it reflects, or null. */
export async function load() {
    loading?.abort.abort();
    const mine = (loading = { abort: new AbortController(), touched: new Map() });
    const query = new URLSearchParams({ limit: PAGE });
    if (find('accounts-prefix').value) query.set('prefix', find('accounts-prefix').value);
    if (pages.at(-1)) query.set('after', pages.at(-1));
    try {
        const answer = await request('GET', `${LEDGER}/accounts?${query}`,
            { signal: mine.abort.signal });
        if (answer.status !== 200) {
            write('accounts-note', problemOf(answer));
            return null;
        }
        show(answer.body, mine.touched);
        return answer.seq;
    } catch (error) {
        if (mine === loading) throw error;
        return null; // a later page is on its way
    } finally {
        if (mine === loading) loading = null;
    }
}

function show({ items, next: following }, touched) {
    next = following;
    read = true;
    const before = new Map(rows);
    rows.clear();
    for (const account of items) {
        const newer = touched.get(account.id);
        if (newer && newer.seq > account.seq) moveTo(account, newer);
        remember(account.id, account.asset);
        rows.set(account.id, { ...(before.get(account.id) ?? makeRow(account)), account });
    }
    arrange(find('accounts-rows'), [...rows.values()].map(({ row }) => row));
    find('known-accounts').replaceChildren(
        ...items.map(({ id }) => element('option', { value: id })));
    find('accounts-next').disabled = next === null;
    find('accounts-previous').disabled = pages.length === 1;
    draw();
    settle('accounts');
}

/** An entry of the journal: balances change, accounts may have been opened. */
export function applyToAccounts(entry) {
    if (entry.account?.id) {
        remember(entry.account.id, entry.account.asset);
        reloadIfShown(entry.account.id);
    }
    if (RESTRICTS.has(entry.kind)) reloadSoon();
    for (const [id, balance] of Object.entries(entry.balances ?? {})) {
        loading?.touched.set(id, { balance, seq: entry.seq });
        const shown = rows.get(id);
        if (shown && entry.seq > shown.account.seq) {
            moveTo(shown.account, { balance, seq: entry.seq });
            refresh(draw);
        } else if (!shown && id.startsWith('world:') && !assets.has(id)) {
            remember(id, assetOfWorld(id)); // exists by itself: no entry has opened it
            reloadIfShown(id);
        }
    }
}

/** Its balance is this one since the entry `seq`, and what is available follows. */
export function moveTo(account, { balance, seq }) {
    account.balance = balance;
    account.seq = seq;
    if (account.floor !== null)
        account.available =
            (BigInt(balance) - BigInt(account.floor) - BigInt(account.held)).toString();
}

function reloadIfShown(id) {
    const last = [...rows.keys()].at(-1);
    const fits = id.startsWith(find('accounts-prefix').value) && id > pages.at(-1) &&
        (rows.size < PAGE || id < last || next === null);
    if (fits) reloadSoon();
}

function reloadSoon() {
    reloading ??= setTimeout(() => {
        reloading = null;
        load().catch(() => {});
    }, RELOAD_MS);
}

function remember(id, asset) {
    if (assets.size >= ASSETS_KEPT) assets.clear();
    assets.set(id, asset);
}

/** Is it known that the ledger has no account? */
export function isEmpty() {
    return read && rows.size === 0 && pages.length === 1 && !find('accounts-prefix').value;
}

/** The asset of an account if the page has seen it, or null. */
export function assetOf(id) {
    return assets.get(id) ?? assetOfWorld(id);
}

/** The asset of an account, asked for if need be; null if there is no such account. Throws if
 *  that cannot be found out. */
export async function findAsset(id) {
    if (assetOf(id) || !id) return assetOf(id);
    const answer = await request('GET', `${LEDGER}/accounts/${encodeURIComponent(id)}`);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new Error(problemOf(answer));
    remember(id, answer.body.asset);
    return answer.body.asset;
}

function makeRow({ id, asset }) {
    const cells = ['balance', 'held', 'available', 'seq'].map((name) =>
        element('span', { class: name }));
    const link = element('a', { class: 'account', href: linkTo('account', id) }, id);
    const row = element('tr', { 'data-id': id },
        element('th', { scope: 'row' }, link), element('td', {}, asset),
        element('td', { class: 'number' }, cells[0]),
        ...cells.slice(1).map((cell) => element('td', { class: 'number roomy' }, cell)));
    if (assetOfWorld(id)) row.className = 'world';
    return { row, cells };
}

function draw() {
    for (const { account, row, cells } of rows.values()) {
        const texts = [showAmount(account.balance, account.asset),
            account.held === '0' ? '–' : showAmount(account.held, account.asset),
            account.available === null ? 'no limit' : showAmount(account.available, account.asset),
            String(account.seq)];
        const changed = cells[0].textContent !== '' && cells[0].textContent !== texts[0];
        cells.forEach((cell, i) => {
            if (cell.textContent !== texts[i]) cell.textContent = texts[i];
            cell.parentElement.classList.toggle('long', texts[i].length > LONG);
        });
        row.classList.toggle('frozen', account.frozen);
        if (changed) flash(cells[0]);
    }
    const where = pages.length > 1 || next !== null ? `Page ${pages.length}. ` : '';
    write('accounts-note', rows.size ? `${where}Balances change as the journal grows.` :
        find('accounts-prefix').value ? 'No account begins so.' : 'No account here yet.');
}

function flash(cell) {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const colour = getComputedStyle(cell).getPropertyValue('--flash');
    cell.animate([{ backgroundColor: colour }, { backgroundColor: 'transparent' }], 900);
}

async function open(event) {
    event.preventDefault();
    const asset = find('open-asset').value;
    const floor = find('open-floor').value.trim();
    const body = { id: find('open-id').value, asset };
    const wrong = floor === '' ? '' : wrongAmount(floor, asset, true);
    if (wrong) {
        write('open-answer', `Lowest balance: ${wrong}`);
        return;
    }
    body.floor = floor === '' ? null : readAmount(floor, asset);
    if (find('open-note').value) body.metadata = { note: find('open-note').value };
    const send = find('open-send');
    send.disabled = true;
    try {
        const answer = await request('POST', `${LEDGER}/accounts`, { body: JSON.stringify(body) });
        const said = { 200: `${body.id} was open already, just so`, 201: `${body.id} is open` };
        write('open-answer', said[answer.status] ?? problemOf(answer));
        if (answer.status < 300) await load();
    } catch {
        write('open-answer', 'No answer. Open it again: the same account opens only once.');
    } finally {
        send.disabled = false;
    }
}
