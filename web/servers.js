// SPDX-License-Identifier: MIT
// The servers that share the database: which of them live, what each has, and how long it has not
// been heard. Read again while somebody looks; a ledger is moved from one to another by hand here.

import { LEDGER_NAME, problemOf, request, stateInWords } from './api.js';
import { announce, element, find, write } from './dom.js';
import { showCount } from './money.js';
import { showTime, zoneOf } from './times.js';
import { isView, withCode } from './views.js';

const EVERY_MS = 2000;
const SILENT = 'No answer: this is how it was.'; // nor if a proxy says that there is none
const LATE_MS = 1000; // a server beats several times in that; one of three seconds is given up

let drawn = '';      // what the tables show, as text: what stays the same is not touched
let servers = [];
let placed = [];     // ledgers, each with its server, or null
let moving = null;   // the ledger that the dialog asks about
let looking = false;
let breaking = false; // the parts of the cluster can be killed from here, and are shown

export function startServers() {
    find('servers').append(...makeCards());
    document.body.append(makeDialog());
    find('placed-rows').addEventListener('click', askToMove);
    find('place-form').addEventListener('submit', move);
    find('place-cancel').addEventListener('click', () => find('place').close());
    find('place').addEventListener('close', () => buttonOf(moving)?.focus());
    setInterval(look, EVERY_MS);
    look();
}

/** A table; `heads` are [text, class], or a text; its rows go into the body with that id. */
function makeTable(label, heads, id) {
    return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
        element('table', {}, element('thead', {}, element('tr', {}, ...heads.map((head) => {
            const [text, name = ''] = [head].flat();
            return element('th', { scope: 'col', class: name }, text);
        }))), element('tbody', { id })));
}

function makeCards() {
    const acts = element('span', { class: 'quiet' }, 'Acts');
    return [element('section', { class: 'card', 'aria-labelledby': 'servers-title' },
        element('h2', { class: 'title', id: 'servers-title' }, 'Servers'),
        element('p', { class: 'note' }, 'Those that share one database. Each ledger is ' +
            'written by one of them, which holds a lease on it; any of them answers for all.'),
        element('p', { class: 'note', id: 'servers-note', role: 'status' }, 'Reading.'),
        makeTable('Table of servers', ['Server', 'Signs of life', ['Ledgers', 'number'],
            ['Entries/s', 'number roomy'], [`Since, ${zoneOf()}`, 'roomy']], 'servers-rows'),
        element('p', { id: 'servers-alone', hidden: '' }, 'This is the only one. A second ',
            element('code', {}, 'teller serve'), ' on the same database would follow the ' +
            'ledgers, answer for all of them, and take them if this one left or died.')),
    element('section', { class: 'card', id: 'placed', 'aria-labelledby': 'placed-title',
        hidden: '' },
        element('h2', { id: 'placed-title' }, 'Where each ledger is'),
        makeTable('Table of ledgers and their servers', ['Ledger', 'Server', ['State', 'roomy'],
            ['Epoch of the lease', 'number roomy'], [acts, '']], 'placed-rows'))];
}

function makeDialog() {
    return element('dialog', { id: 'place', 'aria-labelledby': 'place-title' },
        element('h2', { id: 'place-title' }, 'Move'),
        element('p', {}, 'Its server writes what is under way and hands it over; requests that ' +
            'come meanwhile wait a moment, and none is lost.'),
        element('form', { id: 'place-form' },
            element('div', {}, element('label', { for: 'place-server' }, 'To'),
                element('select', { id: 'place-server', required: '' })),
            element('p', { class: 'hint wrong', id: 'place-error', role: 'alert' }),
            element('div', { class: 'actions' },
                element('button', { class: 'primary', id: 'place-send' }, 'Move ledger'),
                element('button', { type: 'button', id: 'place-cancel' }, 'Cancel'))));
}

/** Read them, unless nobody can see it. */
async function look() {
    if (looking || document.hidden || !isView('servers')) return;
    looking = true;
    try {
        const answer = await request('GET', '/v1/servers');
        if (answer.status === 200) draw(answer.body);
        else write('servers-note', answer.body ? problemOf(answer) : SILENT);
    } catch {
        write('servers-note', SILENT);
    } finally {
        looking = false;
    }
}

function draw({ servers: living, free, cluster_control: mayBreak }) {
    servers = living;
    if (mayBreak && !breaking) showParts();
    placed = [...living.flatMap((server) =>
        server.ledgers.map((ledger) => ({ ...ledger, server }))),
        ...free.map((ledger) => ({ ...ledger, server: null }))];
    const now = JSON.stringify([living, free], (name, value) =>
        (['beat_age_ms', 'entries_per_second'].includes(name) ? undefined : value));
    if (now !== drawn) {
        keepFocus(() => {
            find('servers-rows').replaceChildren(...living.map(serverRow));
            find('placed-rows').replaceChildren(...placed.map(ledgerRow));
        });
        drawn = now;
    }
    for (const server of living) drawBeat(server);
    const count = new Set(living.map(({ url }) => url)).size;
    find('servers-alone').hidden = count !== 1;
    find('placed').hidden = false; // before, it would be moved by the rows above it
    const homeless = free.length ? `, ${showCount(free.length)} of them without a server` : '';
    write('servers-note',
        `${countOf(count, 'server')}, ${countOf(placed.length, 'ledger')}${homeless}.`);
}

/** Of a cluster that was started to be looked at: below the others, so that nothing moves. */
function showParts() {
    breaking = true;
    withCode(() => import('./cluster.js'), ({ startCluster }) => startCluster());
}

function countOf(count, what) {
    return `${showCount(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** Whatever had the focus in the tables has it again after they are drawn anew. */
function keepFocus(replace) {
    const { ledger } = document.activeElement?.dataset ?? {};
    replace();
    if (ledger) buttonOf(ledger)?.focus();
}

function buttonOf(ledger) {
    return find('placed-rows').querySelector(`[data-ledger="${CSS.escape(ledger)}"]`);
}

/** A server has a number in each database, and is listed once for each. */
function numberOf({ server, database }) {
    return `${database}-${server}`;
}

/** Its database, where there are several. */
function databaseOf({ database }) {
    const several = servers.some((server) => server.database !== servers[0].database);
    return several ? `database ${database}` : '';
}

function serverRow(server) {
    const { url, this: isThis, entered_at: since, ledgers } = server;
    const number = (text, more = {}) => element('td', { class: 'number', ...more }, text);
    return element('tr', { 'data-server': numberOf(server) },
        element('th', { scope: 'row', class: 'what' }, `Server ${server.server}`,
            isThis ? element('span', { class: 'quiet-text' }, 'answers this page') : '',
            element('span', { class: 'detail' }, url),
            element('span', { class: 'detail' }, databaseOf(server))),
        element('td', {}, element('span', { id: `beat-${numberOf(server)}` })),
        number(showCount(ledgers.length)),
        number('', { class: 'number roomy', id: `load-${numberOf(server)}` }),
        element('td', { class: 'time roomy' }, showTime(since).slice(0, -4)));
}

/** A server that lives says so several times a second, and how much it does. */
function drawBeat(server) {
    const { beat_age_ms: age, entries_per_second: load, leaving } = server;
    const node = find(`beat-${numberOf(server)}`);
    const late = age >= LATE_MS;
    node.className = late ? 'beat late' : 'beat';
    const text = late ? `silent for ${(age / 1000).toFixed(1)} s`
        : leaving ? 'leaving' : 'live';
    if (node.textContent !== text) node.textContent = text;
    node.title = `heard ${age} ms ago`;
    write(`load-${numberOf(server)}`, showCount(load));
}

function ledgerRow({ ledger, epoch, state, database, server }) {
    const here = ledger === LEDGER_NAME;
    return element('tr', {},
        element('th', { scope: 'row', class: 'what' },
            element('a', { href: `?${new URLSearchParams({ ledger })}` }, ledger),
            here ? element('span', { class: 'quiet-text' }, 'in view') : '',
            element('span', { class: 'detail' }, databaseOf({ database }))),
        element('td', {}, server ? `Server ${server.server}` : 'none yet',
            element('span', { class: 'detail slim' }, stateInWords(state))),
        element('td', { class: 'roomy' }, stateInWords(state)),
        element('td', { class: 'number roomy' }, String(epoch)),
        element('td', { class: 'number' }, ...othersOf(database, server).length ? [element('button',
            { type: 'button', 'data-ledger': ledger, 'aria-label': `Move ${ledger}` }, 'Move')]
            : []));
}

/** The other servers of that database that can take a ledger. */
function othersOf(database, server) {
    return servers.filter((one) =>
        one.database === database && one !== server && !one.leaving);
}

/* --- moving a ledger ------------------------------------------------------------------------- */

function askToMove({ target }) {
    const { ledger } = target.closest('button')?.dataset ?? {};
    if (!ledger) return;
    const { database, server: owner } = placed.find((one) => one.ledger === ledger);
    const others = othersOf(database, owner);
    moving = ledger;
    write('place-title', `Move ${ledger}`);
    write('place-error', '');
    find('place-server').replaceChildren(...others.map(({ server, url }) =>
        element('option', { value: server }, `Server ${server}, ${url}`)));
    find('place').showModal();
}

async function move(event) {
    event.preventDefault();
    const server = Number(find('place-server').value);
    const ledger = moving;
    // Meanwhile the dialog may have been closed, and be about another ledger.
    const isSeen = () => moving === ledger && find('place').open;
    find('place-send').disabled = true;
    try {
        const path = `/v1/ledgers/${encodeURIComponent(ledger)}/owner`;
        const answer = await request('POST', path, { body: JSON.stringify({ server }) });
        if (answer.status >= 300) {
            if (isSeen()) write('place-error', problemOf(answer));
            return;
        }
        if (isSeen()) find('place').close();
        announce(`${ledger} goes to server ${server}`);
        look();
    } catch {
        if (isSeen())
            write('place-error', 'No answer. Move it again: to move it twice changes nothing.');
    } finally {
        find('place-send').disabled = false;
    }
}
