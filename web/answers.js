// SPDX-License-Identifier: MIT
// Sending a request that moves money, what was answered to it, and the requests that have no answer
// yet: each can be looked up, or sent again with its key until it is known what became of it.

import { linkTo } from './address.js';
import { LEDGER, problemOf, request } from './api.js';
import { announce, element, find, write } from './dom.js';
import { forget, keep, pending, watchPending } from './pending.js';
import { drawReceipt } from './receipt.js';
import { sentenceOf } from './refusals.js';
import { drawTiming, readTiming } from './timing.js';

const ANSWERS_SHOWN = 5;

let current = null;          // the request in view: {path, key, body, answers: [answer or null]}
let inFlight = 0;
const settled = new Set();   // keys whose outcome this page knows
let changed = () => {};

/** `onChange()` is called whenever sending() or answered() may have changed. */
export function startAnswers(onChange) {
    changed = onChange;
    find('answer-again').addEventListener('click', () => sendRequest(current));
    find('answer-print').addEventListener('click', printReceipt);
    find('pending-list').addEventListener('click', act);
    watchPending(drawPending);
    drawPending();
}

/** Is one on its way? */
export function sending() {
    return inFlight > 0;
}

/** Is it known what became of the request with that key? */
export function answered(key) {
    return settled.has(key);
}

/** Send it: {path, key, body} with the body as text. Resolves when it is answered, or not. */
export async function sendRequest({ path, key, body }) {
    if (sending()) return;
    if (current?.key !== key) current = { path, key, body, answers: [] };
    const mine = current;
    keep(mine);
    inFlight++;
    draw();
    let answer = null;
    try {
        answer = await request('POST', path, { body, key });
    } catch {
        // No answer: it may have happened or not.
    } finally {
        inFlight--;
    }
    mine.answers.push(answer);
    if (isFinal(answer)) settle(key);
    draw();
    find('answer').scrollIntoView({ block: 'nearest' });
    announce(answer ? `Answer ${answer.status}. ${said(answer)}` : 'No answer');
}

function settle(key) {
    settled.add(key);
    forget(key);
}

/** It says finally what became of the request. */
function isFinal(answer) {
    return answer !== null && answer.status < 500 &&
        ![401, 403, 408, 429].includes(answer.status) && answer.body?.code !== 'key_in_flight';
}

function draw() {
    find('answer-again').disabled = sending();
    if (current?.answers.length) drawAnswer();
    drawPending();
    changed();
}

let drawn; // the answer that the receipt shows

/** On paper there is the receipt, and nothing else of the page. */
function printReceipt() {
    document.body.classList.add('receipt-alone');
    addEventListener('afterprint', () => document.body.classList.remove('receipt-alone'),
        { once: true });
    print();
}

/* --- the answers to one request -------------------------------------------------------------- */

function drawAnswer() {
    const { answers } = current;
    const last = answers.at(-1);
    find('answer').hidden = false;
    const told = answers.findLast(isFinal) ?? last;
    if (drawn !== told) drawReceipt(current, told);
    drawn = told;
    find('answer-list').replaceChildren(...answers.slice(-ANSWERS_SHOWN).map(answerLine));
    write('answer-body', last?.body ? JSON.stringify(last.body, null, 2) : last?.text ?? '');
    find('answer-details').hidden = !last;
    drawVerdict(answers.filter(isFinal));
}

/** Of two answers or more to one key: they are the same one, whatever it was. */
function drawVerdict(heard) {
    const verdict = find('answer-verdict');
    verdict.hidden = heard.length < 2;
    if (verdict.hidden) return;
    const same = heard.every(({ status, text }) =>
        status === heard[0].status && text === heard[0].text);
    verdict.dataset.state = same ? 'right' : 'wrong';
    const meaning = heard[0].status < 300 ? 'It happened once.'
        : 'The refusal was repeated: nothing moved.';
    verdict.textContent = same ? `${heard.length} answers, identical byte for byte. ${meaning}`
        : 'The answers differ!';
}

function said({ status, body }) {
    return status < 300 ? 'Done' : sentenceOf(body?.code, body);
}

function answerLine(answer) {
    if (!answer)
        return element('li', {}, element('span', { class: 'status s5' }, 'none'),
            ' No answer. It may have happened or not: send it again, with the same key.');
    const { status, body, seq, replayed, timing, ms } = answer;
    return element('li', {},
        element('span', { class: `status s${String(status)[0]}` }, String(status)),
        ` ${said(answer)}`, body?.code ? element('code', {}, body.code) : '',
        seq ? `, seq ${seq}` : '',
        replayed ? element('span', { class: 'replayed' }, 'replayed') : '',
        element('span', { class: 'quiet-text' }, `${ms.toFixed(1)} ms`),
        status < 300 ? '' : element('span', { class: 'detail' }, body?.detail ?? ''),
        drawTiming(readTiming(timing), ms));
}

/* --- requests without an answer -------------------------------------------------------------- */

function drawPending() {
    const open = pending().filter(({ key }) => !(sending() && key === current?.key));
    const focused = document.activeElement?.dataset?.act;
    find('pending').hidden = open.length + find('settled-list').childElementCount === 0;
    find('pending-note').hidden = open.length === 0;
    write('pending-title', open.length ? 'Sent, and not answered' : 'What became of them');
    find('pending-list').replaceChildren(...open.map(({ path, key, body, at }) =>
        element('li', { 'data-key': key },
            element('code', {}, wordsOf({ path, body })),
            element('span', { class: 'detail' },
                `sent ${new Date(at).toLocaleString()}, key ${key}`),
            element('span', { class: 'actions' },
                button('again', 'Send again, same key'), button('look', 'Look it up'),
                button('forget', 'Forget it')),
            element('output', { class: 'detail' }))));
    if (focused) find('pending-list').querySelector(`[data-act="${focused}"]`)?.focus();
}

function wordsOf({ path, body }) {
    return `${decodeURI(path).slice(LEDGER.length)} ${body}`;
}

function button(act, text) {
    return element('button', { type: 'button', 'data-act': act }, text);
}

function act({ target }) {
    const what = target.closest('button')?.dataset.act;
    const item = target.closest('li');
    const found = pending().find(({ key }) => key === item?.dataset.key);
    if (!what || !found) return;
    if (what === 'again') sendRequest(found);
    else if (what === 'look') look(found, item.querySelector('output'));
    else {
        forget(found.key);
        draw();
    }
}

/** Ask what became of a key, without sending its request; true: that is known now. */
async function lookUp(found) {
    const query = new URLSearchParams({ key: found.key });
    const answer = await request('GET', `${LEDGER}/transfers?${query}`);
    const entry = answer.body?.items?.[0];
    if (answer.status !== 200) throw new Error(problemOf(answer));
    if (!entry) return false;
    settle(found.key);
    const told = entry.code ? `refused. ${sentenceOf(entry.code)}; nothing moved.`
        : 'it was done, once.';
    find('settled-list').prepend(element('li', { 'data-key': found.key }, 'Seq ',
        element('a', { href: linkTo('entry', entry.id) }, String(entry.id)), `: ${told}`,
        element('span', { class: 'detail' }, wordsOf(found))));
    announce(`Seq ${entry.id}: ${told}`);
    draw();
    return true;
}

/** A person wants to know; what comes of it is said beside the request. */
async function look(found, output) {
    try {
        if (!await lookUp(found))
            output.textContent = 'The ledger has no record of it: it did not happen.';
    } catch (error) {
        output.textContent = error.name === 'Error' ? error.message : 'No answer. Try again.';
    }
}

/** The service can be reached (again): ask what became of all that has no answer. */
export async function settlePending() {
    for (const found of pending())
        if (!(sending() && found.key === current?.key)) await lookUp(found).catch(() => {});
}
