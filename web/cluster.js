// SPDX-License-Identifier: MIT
// The parts of a cluster that was started to be broken (make cluster-up): each may be killed and
// started again, while payments run beside; what was acknowledged is held against the journal.

import { LEDGER, accountPath, newKey, problemOf, request } from './api.js';
import { announce, element, find, write } from './dom.js';
import { showCount } from './money.js';
import { isView } from './views.js';

const EVERY_MS = 1500;
const COUNT_MS = 500;
const AGAIN_MS = 250;  // after a payment that was not acknowledged
const PATIENCE_MS = 5000; // for one answer: then it is asked for once more, with its key
const PAYERS = 4;

const SILENT = 'No server answers just now: this is how it was.';
const PARTS = { teller: 'a server', node: 'a database node', etcd: 'Patroni’s memory',
    front: 'the proxy, which brings you here' };
const SAYS = { ready: 'ready', not_ready: 'stands by', primary: 'primary',
    sync_standby: 'standby in step', replica: 'standby' };

let drawn = '';
let looking = false;
let load = null; // the payments of this page, once they were started

export function startCluster() {
    find('servers').append(makeCard());
    find('parts-rows').addEventListener('click', act);
    find('load-toggle').addEventListener('click', toggle);
    setInterval(look, EVERY_MS);
    setInterval(count, COUNT_MS);
    look();
}

function figure(id, text) {
    return element('div', {}, element('dt', {}, text), element('dd', { id }, '–'));
}

function makeCard() {
    const heads = [['Part'], ['State'], ['Behind', 'number roomy'], ['Acts', 'number']];
    return element('section', { class: 'card', 'aria-labelledby': 'breaking-title' },
        element('h2', { id: 'breaking-title' }, 'Break it'),
        element('p', { class: 'note' }, 'This cluster was started to be broken. Start payments, ' +
            'kill a server or the database’s primary, and see that nothing is lost that was ' +
            'acknowledged. What is killed is killed as if its machine lost power. After a ' +
            'server that dies others go on within two seconds or so, after PostgreSQL within ' +
            'four; after the primary’s whole machine only when Patroni’s patience (ttl) ends.'),
        element('div', { class: 'actions' },
            element('button', { type: 'button', class: 'primary', id: 'load-toggle' },
                'Start payments')),
        element('dl', { class: 'facts', id: 'load-facts' },
            figure('load-acknowledged', 'Acknowledged'),
            figure('load-journal', 'In the journal'),
            figure('load-lost', 'Lost'),
            figure('load-doubled', 'Done twice'),
            figure('load-pause', 'Longest time without an answer')),
        element('p', { class: 'note', id: 'parts-note', role: 'status' }, 'Reading.'),
        element('div', { class: 'scroll', tabindex: '0', role: 'region',
            'aria-label': 'Table of parts' },
        element('table', {}, element('thead', {}, element('tr', {}, ...heads.map(
            ([text, name = '']) => element('th', { scope: 'col', class: name }, text)))),
        element('tbody', { id: 'parts-rows' }))));
}

/* --- the parts ------------------------------------------------------------------------------- */

async function look() {
    if (looking || document.hidden || !isView('servers')) return;
    looking = true;
    try {
        const answer = await request('GET', '/v1/cluster');
        if (answer.status === 200) draw(answer.body.parts);
        else write('parts-note', answer.body ? problemOf(answer) : SILENT);
    } catch {
        write('parts-note', SILENT);
    } finally {
        looking = false;
    }
}

function draw(parts) {
    const now = JSON.stringify(parts);
    const dead = parts.filter(({ runs }) => !runs).map(({ part }) => part);
    write('parts-note', dead.length ? `Dead: ${dead.join(', ')}.` : 'Everything runs.');
    if (now === drawn) return;
    drawn = now;
    const { id } = document.activeElement ?? {};
    find('parts-rows').replaceChildren(...parts.map(rowOf));
    if (id?.startsWith('part-')) document.getElementById(id)?.focus();
}

function rowOf({ part, runs, says, lag_bytes: lag }) {
    const [, kind, number] = /^([a-z]+)(\d*)$/.exec(part);
    const state = runs ? SAYS[says] ?? says ?? 'runs' : 'dead';
    return element('tr', { 'data-part': part },
        element('th', { scope: 'row', class: 'what' }, part,
            element('span', { class: 'detail' }, PARTS[kind] ?? kind)),
        element('td', {}, element('span', { class: runs ? 'beat' : 'beat late' }, state)),
        element('td', { class: 'number roomy' }, lag === undefined ? '' : `${showCount(lag)} B`),
        element('td', { class: 'number' }, ...actsOf(part, kind, number, runs, says)));
}

/** The proxy is this page's way to all of it. */
function actsOf(part, kind, number, runs, says) {
    if (kind === 'front') return [];
    const button = (verb, name, text) => element('button', { type: 'button', 'data-verb': verb,
        'data-name': name, id: `part-${verb}-${name}`, 'aria-label': `${text} ${name}` }, text);
    if (!runs) return [button('start', part, 'Start again')];
    const acts = [button('kill', part, 'Kill')];
    if (says === 'primary')
        acts.unshift(button('kill', `postgres${number}`, 'Kill PostgreSQL'), ' ');
    return acts;
}

async function act({ target }) {
    const { verb, name } = target.closest('button')?.dataset ?? {};
    if (!verb) return;
    const what = verb === 'kill' ? `${name} is killed` : `${name} is started`;
    try {
        const answer = await request('POST', `/v1/cluster/${name}/${verb}`, {});
        if (answer.status >= 300) {
            write('parts-note', problemOf(answer));
            return;
        }
        announce(what);
        write('parts-note', `${what}.`);
    } catch {
        write('parts-note', 'No answer. Look whether it was done; again is harmless.');
    }
}

/* --- the payments ---------------------------------------------------------------------------- */

/** One unit after the other goes to an account of this run's own, each with a key, until it is
 *  acknowledged: the balance is how many of them the journal has. */
async function toggle() {
    if (load?.running) {
        load.running = false;
        write('load-toggle', 'Start payments');
        return;
    }
    const id = `broken-${newKey().slice(0, 13)}${newKey().slice(-6)}`;
    load = { id, running: true, begun: 0, acknowledged: 0, pause: 0, at: 0 };
    write('load-toggle', 'Stop payments');
    const body = JSON.stringify({ id, asset: 'USD/2' });
    if (!await insist(load, 'POST', `${LEDGER}/accounts`, { body }, true)) return;
    for (let i = 0; i < PAYERS; i++) pay(load);
}

async function pay(mine) {
    const body = JSON.stringify({ amount: '1' });
    while (mine.running) {
        mine.begun++;
        if (!await insist(mine, 'POST', accountPath(mine.id, '/deposit'), { body, key: newKey() }))
            return;
        const now = performance.now();
        mine.acknowledged++;
        mine.pause = Math.max(mine.pause, now - mine.at);
        mine.at = now;
    }
}

/** The same request until it is carried out. False: it is refused, which ends the payments. */
async function insist(mine, method, path, what, isFirst = false) {
    for (;;) {
        try {
            const signal = AbortSignal.timeout(PATIENCE_MS);
            const answer = await request(method, path, { ...what, signal });
            if (answer.status < 300) {
                if (isFirst) mine.at = performance.now();
                return true;
            }
            if (answer.status < 500 && answer.status !== 429) {
                mine.running = false;
                write('load-toggle', 'Start payments');
                write('parts-note', problemOf(answer));
                return false;
            }
        } catch {
            // whoever would have answered is dead: the next one is asked, with the same key
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
}

/** What is acknowledged now must be in what is read from now on; shown are the two together. */
async function count() {
    if (!load || load.counting || document.hidden) return;
    const mine = load;
    const { acknowledged, running } = mine;
    drawPause(mine);
    if (acknowledged === 0 || mine.counted === acknowledged && !running) return;
    mine.counting = true;
    try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const answer = await request('GET', accountPath(mine.id), { signal });
        if (answer.status === 200 && mine === load) {
            drawCount(mine, acknowledged, Number(answer.body.balance));
            mine.counted = acknowledged;
        }
    } catch {
        // it is asked for again
    } finally {
        mine.counting = false;
    }
}

function drawCount(mine, acknowledged, journal) {
    write('load-acknowledged', showCount(acknowledged));
    write('load-journal', showCount(journal));
    write('load-lost', showCount(Math.max(0, acknowledged - journal)));
    write('load-doubled', showCount(Math.max(0, journal - mine.begun)));
}

function drawPause({ running, at, pause }) {
    const now = running && at ? performance.now() - at : 0;
    write('load-pause', `${(Math.max(pause, now) / 1000).toFixed(1)} s`);
}
