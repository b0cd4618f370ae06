// SPDX-License-Identifier: MIT
// Why the books can be believed: the sum that is 0, the head of the chain of hashes, and how far
// the audit has come, each explained; and a whole audit when somebody asks for one.

import { LEDGER, problemOf, request } from './api.js';
import { element, find, write } from './dom.js';
import { showCount } from './money.js';

const EVERY_MS = 2000;
const JOB_MS = 500;

/* What is proved, where it is told, and what it means. */
const PROOFS = [
    ['The sum is 0', 'proof-sum', 'Every entry takes from one account what it gives to another, ' +
        'so all balances of an asset add up to 0. This page adds up all accounts itself, and ' +
        'again with each entry.'],
    ["The chain's head", 'proof-chain', 'Each batch of the journal carries a hash over itself ' +
        'and the hash before it. Write this one down: if anything before it is ever altered, it ' +
        'cannot come out the same.'],
    ['The last audit', 'proof-audit', 'While the ledger is served, the journal is read back from ' +
        'the database and every rule is checked again, round after round. What is found wrong ' +
        'ends writes.'],
];

let timer = null;

function makeDialog() {
    const button = (id, text) => element('button', { type: 'button', id }, text);
    return element('dialog', { id: 'proof', 'aria-labelledby': 'proof-title' },
        element('div', { class: 'head' },
            element('h2', { id: 'proof-title' }, 'Why these books can be believed'),
            button('proof-close', 'Close')),
        element('dl', { class: 'proofs' }, ...PROOFS.map(([term, id, why]) => element('div', {},
            element('dt', {}, term), element('dd', { id }, '–'),
            element('dd', { class: 'why' }, why)))),
        element('div', { class: 'actions' }, button('proof-whole', 'Audit everything now'),
            element('p', { class: 'note', id: 'proof-note', role: 'status' })));
}

/** Make the dialog, and open it. */
export function openProof() {
    if (!find('proof')) startProof();
    open();
}

function startProof() {
    document.body.append(makeDialog());
    find('proof-close').addEventListener('click', () => find('proof').close());
    find('proof').addEventListener('close', () => clearInterval(timer));
    find('proof-whole').addEventListener('click', auditAll);
}

function open() {
    find('proof').showModal();
    look();
    timer = setInterval(look, EVERY_MS);
}

async function look() {
    const right = find('tile-sum').dataset.state === 'right';
    write('proof-sum', right ? `0, over ${find('sum-note').textContent}`
        : find('sum-figure').textContent);
    try {
        const answer = await request('GET', `${LEDGER}/audit`);
        if (answer.status === 200) draw(answer.body);
        else write('proof-audit', problemOf(answer));
    } catch {
        write('proof-audit', 'No answer.');
    }
}

function draw({ ok, checked_seq: checked, seq, rounds, found, wrong_seq: wrong, chain }) {
    write('proof-chain', chain ? `${chain.hash}, at seq ${showCount(chain.seq)}`
        : 'The journal is empty.');
    const far = `up to seq ${showCount(checked)} of ${showCount(seq)}`;
    write('proof-audit', ok
        ? `Nothing wrong ${far}; it was at the end ${rounds === 1 ? 'once'
            : `${showCount(rounds)} times`}`
        : `${showCount(found)} wrong, the first at seq ${showCount(wrong)}`);
    find('proof-audit').dataset.state = ok ? 'right' : 'wrong';
}

/** The whole journal, from its first entry, now. It is watched until it is done. */
async function auditAll() {
    const button = find('proof-whole');
    if (button.disabled) return;
    button.disabled = true;
    try {
        let answer = await request('POST', `${LEDGER}/audits`, { body: '{}' });
        while (answer.status < 300 && answer.body.state === 'running' && find('proof').open) {
            write('proof-note',
                `Replayed up to seq ${showCount(answer.body.checked_seq)}.`);
            await new Promise((resolve) => setTimeout(resolve, JOB_MS));
            answer = await request('GET', `${LEDGER}/audits/${answer.body.id}`);
        }
        write('proof-note', answer.status < 300 ? resultOf(answer.body) : problemOf(answer));
    } catch {
        write('proof-note', 'No answer. Try again.');
    } finally {
        button.disabled = false;
    }
}

function resultOf({ ok, figures, found, reason }) {
    if (figures === null) return reason ?? 'It has not come to its end.';
    const what = `${showCount(figures.entries)} entries, ${showCount(figures.accounts)} accounts`;
    return ok ? `Replayed ${what}: everything is right.` : `Replayed ${what}: ${found} wrong.`;
}
