// SPDX-License-Identifier: MIT
// The page of tokens: what there are, one more, another secret for one, the end of one; and what
// was done with them. A secret is in the document while its dialog is open, and nowhere else.

import { problemOf, request } from './api.js';
import { announce, element, find, settle, showPlace, write } from './dom.js';
import { showTime, zoneOf } from './times.js';
import { startToken } from './token.js';

const PAGE = 100;
const MAY = { read: 'read', write: 'move money', admin: 'everything' };
const DAY_S = 86400;

function start() {
    startToken(() => load());
    showPlace();
    for (const id of ['tokens-ends', 'acts-time'])
        find(id).textContent += `, ${zoneOf()}`;
    find('tokens-all').addEventListener('change', () => load());
    find('tokens-more').addEventListener('click', () => readTokens());
    find('acts-more').addEventListener('click', () => readActs());
    find('create-form').addEventListener('submit', create);
    find('secret-copy').addEventListener('click', copy);
    find('secret-close').addEventListener('click', () => find('secret').close());
    find('secret').addEventListener('close', () => write('secret-text', ''));
    find('act-cancel').addEventListener('click', () => find('act').close());
    find('act-form').addEventListener('submit', act);
    load();
}

/** Both lists from their beginnings. */
async function load() {
    find('tokens-rows').replaceChildren();
    find('acts-rows').replaceChildren();
    after.tokens = after.acts = 0;
    await Promise.all([readTokens(), readActs()]);
}

const after = { tokens: 0, acts: 0 }; // where the next page of each begins

/** The next page, as rows; null: it could not be read, which is said. */
async function readPage(which, path, note) {
    try {
        const answer = await request('GET', `${path}?limit=${PAGE}&after=${after[which]}`);
        if (answer.status !== 200) {
            write(note, problemOf(answer));
            return null;
        }
        after[which] = answer.body.next ?? after[which];
        find(`${which}-more`).hidden = answer.body.next === null;
        return answer.body.items;
    } catch {
        write(note, 'No answer.');
        return null;
    }
}

async function readTokens() {
    const items = await readPage('tokens', '/v1/tokens', 'tokens-note');
    if (!items) {
        settle('tokens');
        return;
    }
    const shown = items.filter(({ state }) => state === 'valid' || find('tokens-all').checked);
    find('tokens-rows').append(...shown.map(rowOf));
    settle('tokens');
    const count = find('tokens-rows').children.length;
    write('tokens-note', `${count} ${count === 1 ? 'token' : 'tokens'} shown.`);
}

async function readActs() {
    const items = await readPage('acts', '/v1/tokens/acts', 'acts-note');
    find('acts-rows').append(...(items ?? []).map((item) => element('tr', {},
        element('td', { class: 'time' }, showTime(item.at)), element('td', {}, item.act),
        element('td', { class: 'what' }, nameOf(item.token, item.name)),
        element('td', { class: 'what' },
            item.by_token ? nameOf(item.by_token, item.by_name) : item.by_name))));
}

function nameOf(id, name) {
    return name ? `${name} (${id})` : String(id);
}

function boundTo({ ledgers, prefixes }) {
    const parts = [ledgers && `ledgers ${ledgers.join(', ')}`,
        prefixes && `accounts ${prefixes.map((prefix) => `${prefix}…`).join(', ')}`];
    return parts.filter(Boolean).join('; ') || 'nothing';
}

function stateOf(token) {
    return token.former_until
        ? `${token.state}; the former secret until ${showTime(token.former_until)}` : token.state;
}

function rowOf(token) {
    const name = nameOf(token.id, token.name);
    const button = (word, open) => {
        const node = element('button', { type: 'button', 'aria-label': `${word} ${name}` }, word);
        node.addEventListener('click', () => open(token));
        return node;
    };
    const acts = token.state === 'valid'
        ? [button('Rotate', askToRotate), button('Revoke', askToRevoke)] : [];
    return element('tr', { 'data-id': token.id },
        element('td', { class: 'number' }, String(token.id)),
        element('th', { scope: 'row', class: 'what' }, token.name || '–'),
        element('td', { 'data-head': 'May' }, MAY[token.scope]),
        element('td', { class: 'what', 'data-head': 'Bound to' }, boundTo(token)),
        element('td', { class: 'number', 'data-head': 'A second' },
            token.rate === null ? 'any' : String(token.rate)),
        element('td', { class: 'time', 'data-head': 'Ends' },
            token.expires_at ? showTime(token.expires_at) : 'never'),
        element('td', { 'data-head': 'State' }, stateOf(token)),
        element('td', {}, element('div', { class: 'inline' }, ...acts)));
}

/** Words with blanks or commas between; null: none. */
function wordsOf(id) {
    const words = find(id).value.split(/[\s,]+/).filter(Boolean);
    return words.length ? words : null;
}

function numberOf(id, unit = 1) {
    return find(id).value ? Number(find(id).value) * unit : null;
}

async function create(event) {
    event.preventDefault();
    const body = { name: find('create-name').value, scope: find('create-scope').value,
        ledgers: wordsOf('create-ledgers'), prefixes: wordsOf('create-prefixes'),
        rate: numberOf('create-rate'), expires_in: numberOf('create-days', DAY_S) };
    find('create-send').disabled = true; // a second one would be another token
    const answer = await send('POST', '/v1/tokens', body, 'create-answer');
    find('create-send').disabled = false;
    if (answer?.status !== 201) return;
    find('create-form').reset();
    write('create-answer', '');
    tell(answer.body, 'It is valid from now on.');
}

/** An answer, or null; what went wrong is written there. */
async function send(method, path, body, where) {
    try {
        const answer = await request(method, path,
            body === undefined ? {} : { body: JSON.stringify(body) });
        if (answer.status >= 300) write(where, problemOf(answer));
        return answer;
    } catch {
        write(where, 'No answer. It may have been done: look at the list, and revoke what ' +
            'was not wanted.');
        await load();
        return null;
    }
}

function tell(token, note) {
    write('secret-title', `The secret of ${nameOf(token.id, token.name)}`);
    write('secret-text', token.token);
    write('secret-note', note);
    write('secret-copy', 'Copy');
    find('secret').showModal();
    load();
}

async function copy() {
    try {
        await navigator.clipboard.writeText(find('secret-text').textContent);
        write('secret-copy', 'Copied');
        announce('Copied');
    } catch {
        getSelection().selectAllChildren(find('secret-text'));
        write('secret-note', 'The browser does not let this page copy: it is selected.');
    }
}

let asked = null; // {token, verb} that the dialog asks about

function ask(token, verb, text) {
    asked = { token, verb };
    const word = verb === 'rotate' ? 'Rotate' : 'Revoke';
    write('act-title', `${word} ${nameOf(token.id, token.name)}`);
    write('act-text', text);
    write('act-send', word);
    find('act-keep-field').hidden = verb !== 'rotate';
    find('act').showModal();
}

function askToRotate(token) {
    ask(token, 'rotate', 'It gets another secret, which is valid immediately.');
}

function askToRevoke(token) {
    ask(token, 'revoke', 'Its users are refused within a second, and their event streams end. A ' +
        'revocation is final.');
}

async function act() {
    const { token, verb } = asked;
    const path = `/v1/tokens/${token.id}`;
    if (verb === 'revoke') {
        const answer = await send('DELETE', path, undefined, 'tokens-note');
        if (answer?.status === 200) await load();
        return;
    }
    const keep = Number(find('act-keep').value) || null;
    const answer = await send('POST', `${path}/rotate`, { keep }, 'tokens-note');
    if (answer?.status !== 200) return;
    const until = answer.body.former_until;
    tell(answer.body, until ? `The former one is good until ${showTime(until)}, ${zoneOf()}.`
        : 'The former one is good no more.');
}

start();
