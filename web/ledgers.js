// SPDX-License-Identifier: MIT
// The ledgers of the service: what there are, one more, and the way into each.

import { LEDGER_NAME, problemOf, request, stateInWords } from './api.js';
import { announce, element, find, settle, write } from './dom.js';
import { showCount } from './money.js';

export function startLedgersView() {
    find('ledger-form').addEventListener('submit', create);
    find('ledgers-again').addEventListener('click', load);
    load();
}

async function load() {
    try {
        const answer = await request('GET', '/v1/ledgers');
        if (answer.status !== 200) {
            write('ledgers-note', problemOf(answer));
            return;
        }
        const { items } = answer.body;
        find('ledgers-rows').replaceChildren(...items.map(row));
        write('ledgers-note',
            `${showCount(items.length)} ${items.length === 1 ? 'ledger' : 'ledgers'}.`);
    } catch {
        write('ledgers-note', 'No answer. Try again.');
    } finally {
        settle('ledgers');
    }
}

function row({ name, strategy, state, frozen, seq, accounts, epoch }) {
    const here = name === LEDGER_NAME;
    const href = `?${new URLSearchParams({ ledger: name })}`;
    const words = stateInWords(state);
    const condition = frozen ? `${words}, frozen` : words;
    return element('tr', { 'data-name': name },
        element('th', { scope: 'row', class: 'what' },
            element('a', here ? { href, 'aria-current': 'true' } : { href }, name),
            here ? element('span', { class: 'quiet-text' }, 'in view') : '',
            element('span', { class: 'detail slim' }, condition)),
        element('td', { class: 'roomy' }, strategy),
        element('td', { class: 'roomy' }, condition),
        element('td', { class: 'number' }, showCount(accounts ?? 0)),
        element('td', { class: 'number' }, showCount(seq ?? 0)),
        element('td', { class: 'number roomy' }, String(epoch ?? '–')));
}

async function create(event) {
    event.preventDefault();
    const body = { name: find('ledger-new').value, strategy: find('ledger-strategy').value };
    find('ledger-send').disabled = true;
    try {
        const answer = await request('POST', '/v1/ledgers', { body: JSON.stringify(body) });
        const made = { 200: `${body.name} was there already, just so`,
            201: `${body.name} is there` }[answer.status];
        write('ledger-answer', made ?? problemOf(answer));
        announce(made ?? problemOf(answer));
        if (made) await load();
    } catch {
        write('ledger-answer', 'No answer. Create it again: the same ledger is made only once.');
    } finally {
        find('ledger-send').disabled = false;
    }
}
