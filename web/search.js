// SPDX-License-Identifier: MIT
// One search for everything that has a name: accounts by the beginning of their ids, entries by
// seq, what was asked for with an Idempotency-Key, and views. Results are links; Enter takes the
// first.

import { linkTo } from './address.js';
import { LEDGER, accountPath, request } from './api.js';
import { announce, element, find } from './dom.js';
import { codeOf, showAmount } from './money.js';

const PAUSE_MS = 200; // after the last letter
const ACCOUNTS = 6;

let asked = 0;      // number of the newest question; answers to older ones are dropped
let pause = null;
let answered = '';  // the text that the list answers

export function startSearch() {
    const text = find('search-text');
    text.addEventListener('input', () => {
        drawLabel();
        clearTimeout(pause);
        pause = setTimeout(search, PAUSE_MS);
    });
    find('search').addEventListener('submit', (event) => {
        event.preventDefault();
        take();
    });
    find('search').addEventListener('keydown', move);
    find('search').addEventListener('focusout', ({ relatedTarget }) => {
        if (!find('search').contains(relatedTarget)) close();
    });
    find('search-list').addEventListener('click', ({ target }) => {
        if (target.closest('a')) finish();
    });
    addEventListener('keydown', shortcut);
}

/** "/" goes to the search, wherever nothing is being written. */
function shortcut(event) {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.activeElement?.matches('input, select, textarea') ||
        document.querySelector('dialog[open]')) return;
    event.preventDefault();
    find('search-text').focus();
}

function close() {
    asked++;
    clearTimeout(pause);
    answered = '';
    find('search-list').hidden = true;
}

function finish() {
    close();
    find('search-text').value = '';
    drawLabel();
}

/** What the field is for stands in it while it is empty. */
function drawLabel() {
    find('search').classList.toggle('filled', find('search-text').value !== '');
}

/** The arrows walk through the field and its results; Escape closes. */
function move(event) {
    if (event.key === 'Escape') {
        event.stopPropagation();
        close();
        find('search-text').focus();
        return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [find('search-text'), ...find('search-list').querySelectorAll('a')];
    if (!step || stops.length < 2) return;
    event.preventDefault();
    const at = stops.indexOf(document.activeElement);
    stops[(at + step + stops.length) % stops.length].focus();
}

/** Enter: what is found first is opened. */
async function take() {
    clearTimeout(pause);
    const text = find('search-text').value.trim();
    if (answered !== text) await search();
    const first = find('search-list').querySelector('a');
    if (!first || answered !== text || text === '') return;
    first.click();
    finish();
}

async function search() {
    const text = find('search-text').value.trim();
    const mine = ++asked;
    if (text === '') {
        close();
        return;
    }
    const found = await Promise.all([exactly(text), entryAt(text), byKey(text), beginning(text)]
        .map((part) => part.catch(() => null)));
    if (mine !== asked) return;
    answered = text;
    draw(found, text);
}

function draw(found, text) {
    const lost = found.every((part) => part === null);
    const seen = new Set();
    const items = [...found.flat(), ...placesOf(text)].filter((item) =>
        item && !seen.has(item.href) && seen.add(item.href));
    find('search-list').replaceChildren(...items.map(({ href, kind, what, more }) =>
        element('li', {}, element('a', { href }, element('span', { class: 'found-kind' }, kind),
            element('span', { class: 'found-what' }, what),
            element('span', { class: 'found-more' }, more)))));
    const none = lost ? 'No answer. Try again.' : `Nothing is called “${text}” in this ledger.`;
    if (items.length === 0)
        find('search-list').append(element('li', { class: 'note' }, none));
    find('search-list').hidden = false;
    announce(items.length ? `${items.length} found` : none);
}

/** The views and pages, by the beginning of their names. */
function placesOf(text) {
    return [...document.querySelectorAll('.places a')].filter(({ textContent }) =>
        text.length > 1 && textContent.toLowerCase().startsWith(text.toLowerCase()))
        .map((link) => ({ href: link.getAttribute('href'), kind: 'View', what: link.textContent,
            more: '' }));
}

function accountItem({ id, asset, balance }) {
    return { href: linkTo('account', id), kind: 'Account', what: id,
        more: `${showAmount(balance, asset)} ${codeOf(asset)}` };
}

async function exactly(id) {
    const { status, body } = await request('GET', accountPath(id));
    return status === 200 ? [accountItem(body)] : [];
}

async function beginning(prefix) {
    const query = new URLSearchParams({ prefix, limit: ACCOUNTS });
    const { status, body } = await request('GET', `${LEDGER}/accounts?${query}`);
    return status === 200 ? body.items.map(accountItem) : [];
}

async function entryAt(text) {
    const digits = text.replaceAll(',', '');
    if (!/^[1-9][0-9]{0,17}$/.test(digits)) return [];
    const path = `${LEDGER}/journal?after=${BigInt(digits) - 1n}&limit=1`;
    const { status, body } = await request('GET', path);
    return status === 200 ? body.items.map(({ seq, kind }) =>
        ({ href: linkTo('entry', seq), kind: 'Entry', what: String(seq), more: kind })) : [];
}

async function byKey(key) {
    const query = new URLSearchParams({ key });
    const { status, body } = await request('GET', `${LEDGER}/transfers?${query}`);
    return status === 200 ? body.items.map(({ id, code }) => ({ href: linkTo('entry', id),
        kind: 'Key', what: key, more: `entry ${id}${code ? ', refused' : ''}` })) : [];
}
