// SPDX-License-Identifier: MIT
// Moving money. A request's key is kept in this browser before the request is sent, and until it
// is answered: after a lost answer, even after a crash of the page, the same request can be sent
// again with the same key, and it happens once.

import { LEDGER, accountPath, newKey, problemOf, request } from './api.js';
import { assetOf, findAsset } from './accounts.js';
import { announce, element, find, write } from './dom.js';
import { codeOf, readAmount, scaleOf } from './money.js';

const UNANSWERED = 'teller.unanswered';

let submission = null; // the last one: {path, key, body, answers: [answer or null]}

export function startForms() {
    const form = find('move-form');
    form.addEventListener('input', preview);
    form.addEventListener('change', preview);
    form.addEventListener('submit', submit);
    find('move-new-key').addEventListener('click', renew);
    find('answer-again').addEventListener('click', () => send());
    renew();
    const left = localStorage.getItem(UNANSWERED);
    if (left) {
        submission = { ...JSON.parse(left), answers: [] };
        drawAnswer('A request from before has no answer yet. Send it again to learn what became ' +
            'of it: it happens once.');
    }
}

function renew() {
    find('move-key').value = newKey();
    preview();
}

function verb() {
    return find('move-form').elements.verb.value;
}

/** These are about an earlier entry, with its accounts and amount. */
const LATER = { capture: 'holds', release: 'holds', reverse: 'transfers' };

/** The account whose asset the amount is in. */
function account() {
    return find(verb() === 'deposit' ? 'move-to' : 'move-from').value.trim();
}

/** What the form says now, as a request: {path, body}, or null while the amount is none. */
function compose(asset) {
    const note = find('move-note').value;
    const extra = note ? { metadata: { note } } : {};
    if (LATER[verb()]) {
        const entry = find('move-entry').value.trim();
        return { path: `${LEDGER}/${LATER[verb()]}/${entry}/${verb()}`, body: extra,
            fits: /^[0-9]+$/.test(entry) };
    }
    const amount = readAmount(find('move-amount').value, asset);
    const fits = amount !== null && BigInt(amount) > 0n;
    const empty = find('move-amount').value === '';
    write('move-amount-error', fits || empty ? '' : wrongAmount(asset));
    find('move-amount').setAttribute('aria-invalid', String(!fits && !empty));
    const from = find('move-from').value.trim();
    const to = find('move-to').value.trim();
    const request = verb() === 'transfer' || verb() === 'hold'
        ? { path: `${LEDGER}/${verb()}s`, body: { from, to, amount, ...extra } }
        : { path: accountPath(account(), `/${verb()}`), body: { amount, ...extra } };
    return { ...request, fits };
}

function wrongAmount(asset) {
    const decimals = asset ? scaleOf(asset) : 0;
    return decimals ? `More than 0, with up to ${decimals} decimals.` : 'A whole number above 0.';
}

async function preview() {
    const later = LATER[verb()];
    ask('move-from', !later && verb() !== 'deposit');
    ask('move-to', !later && verb() !== 'withdraw');
    ask('move-amount', !later);
    ask('move-entry', Boolean(later));
    write('move-entry-label', later === 'holds' ? 'Seq of the hold' : 'Seq of the transfer');
    find('move-note-field').classList.toggle('whole', !['transfer', 'hold'].includes(verb()));
    const asset = assetOf(account());
    write('move-unit', asset ? `in ${codeOf(asset)}` : 'in smallest units');
    const { path, body, fits } = compose(asset);
    write('move-preview', fits && find('move-form').checkValidity()
        ? wire(path, find('move-key').value, JSON.stringify(body))
        : 'The request will stand here, as it is sent.');
    if (!asset && account() && await findAsset(account()).catch(() => null)) preview();
}

/** Show a field that has to be filled in, or take it away. */
function ask(id, wanted) {
    find(`${id}-field`).hidden = !wanted;
    find(id).required = wanted;
    find(id).disabled = !wanted;
}

function wire(path, key, body) {
    return `POST ${path}\nIdempotency-Key: "${key}"\n\n${body}`;
}

async function submit(event) {
    event.preventDefault();
    const asset = await findAsset(account()).catch(() => null);
    const { path, body, fits } = compose(asset);
    if (!fits) {
        find(LATER[verb()] ? 'move-entry' : 'move-amount').focus();
        return;
    }
    submission = { path, key: find('move-key').value, body: JSON.stringify(body), answers: [] };
    find('move-key').value = newKey(); // the next request is another one
    preview();
    await send();
}

async function send() {
    const mine = submission;
    const { path, key, body } = mine;
    localStorage.setItem(UNANSWERED, JSON.stringify({ path, key, body }));
    find('move-send').disabled = find('answer-again').disabled = true;
    let answer = null;
    try {
        answer = await request('POST', path, { body, key });
    } catch {
        // No answer: it may have happened or not.
    } finally {
        find('move-send').disabled = find('answer-again').disabled = false;
    }
    mine.answers.push(answer);
    if (isFinal(answer)) localStorage.removeItem(UNANSWERED);
    drawAnswer();
    announce(answer ? `Answer ${answer.status}` : 'No answer');
}

/** It tells for good what became of the request. */
function isFinal(answer) {
    return answer !== null && ![409, 429, 503, 504].includes(answer.status);
}

function drawAnswer(text) {
    const { path, key, answers } = submission;
    const last = answers.at(-1);
    find('answer').hidden = false;
    write('answer-request', text ?? `POST ${path}, key ${key}`);
    find('answer-list').replaceChildren(...answers.slice(-5).map(answerLine));
    write('answer-body', last?.body ? JSON.stringify(last.body, null, 2) : last?.text ?? '');
    find('answer-details').hidden = !last;
    const verdict = find('answer-verdict');
    const heard = answers.filter(isFinal);
    verdict.hidden = heard.length < 2;
    const same = heard.every(({ status, text: body }) =>
        status === heard[0].status && body === heard[0].text);
    verdict.dataset.state = same ? 'right' : 'wrong';
    verdict.textContent = same
        ? `${heard.length} answers, identical byte for byte. It happened once.`
        : 'The answers differ!';
}

function answerLine(answer) {
    if (!answer)
        return element('li', {}, element('span', { class: 'status s5' }, 'none'),
            ' No answer. It may have happened or not: send it again, with the same key.');
    const kind = `status s${String(answer.status)[0]}`;
    const ok = answer.status < 300;
    return element('li', {}, element('span', { class: kind }, String(answer.status)),
        ` ${ok ? 'done' : answer.body?.code ?? problemOf(answer)}`,
        answer.seq ? `, seq ${answer.seq}` : '',
        answer.replayed ? element('span', { class: 'replayed' }, 'replayed') : '',
        element('span', { class: 'quiet-text' }, `${answer.ms.toFixed(1)} ms`),
        ok ? '' : element('span', { class: 'detail' }, answer.body?.detail ?? ''));
}
