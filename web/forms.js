// SPDX-License-Identifier: MIT
// Moving money. The key in the form stands for what the form says: the same form sent twice, by a
// double click or by Enter, Enter, is one request, and happens once. A changed form is another
// request and gets another key; so does one that was answered, when "New key" is pressed.

import { LEDGER, accountPath, newKey } from './api.js';
import { assetOf, findAsset } from './accounts.js';
import { answered, sendRequest, sending, startAnswers } from './answers.js';
import { curlOf } from './curl.js';
import { find, write } from './dom.js';
import { codeOf, readAmount, showAmount, wrongAmount } from './money.js';

export function startForms() {
    const form = find('move-form');
    form.addEventListener('input', changed);
    form.addEventListener('change', changed);
    form.addEventListener('submit', submit);
    find('move-new-key').addEventListener('click', () => {
        renew();
        find(LATER[verb()] ? 'move-entry' : 'move-amount').focus();
    });
    find('move-key').addEventListener('invalid', () => (find('move-wire').open = true));
    startAnswers(drawSend);
    renew();
}

/** Prepare it: {verb, entry} about an earlier entry, as if a person had filled it in. */
export function fillForm({ verb: wanted, entry }) {
    const form = find('move-form');
    form.elements.verb.value = wanted;
    find('move-entry').value = String(entry);
    if (used === find('move-key').value) find('move-key').value = newKey();
    preview();
    find('move').scrollIntoView({ block: 'nearest' });
    find('move-send').focus();
}

let proposed = ''; // the account that the page has put in, and a person did not

/** On the page of an account it is the one that the form is about, unless a person says another. */
export function proposeAccount(id) {
    for (const field of ['move-from', 'move-to'])
        if (find(field).value === proposed) find(field).value = '';
    proposed = id;
    const field = find(verb() === 'deposit' ? 'move-to' : 'move-from');
    if (field.value === '' && id) field.value = id;
    preview();
}

/** The form has changed: it is another request now, with another key. */
function changed(event) {
    const key = find('move-key');
    if (event.target !== key && event.type === 'input' && used === key.value) key.value = newKey();
    if (event.target.name === 'verb' && used === key.value) key.value = newKey();
    if (event.target.name === 'verb' && event.type === 'change') proposeAccount(proposed);
    preview();
}

const NAMES = { deposit: 'Deposit', withdraw: 'Withdraw', transfer: 'Transfer', hold: 'Hold',
    capture: 'Capture', release: 'Release', reverse: 'Reverse' };

let offer = '';       // what the button says that it does
let used = null;      // the key of the last request that was sent
let preparing = false; // a request is about to be sent

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
    return find(verb() === 'deposit' ? 'move-to' : 'move-from').value;
}

/** What the form says now, as a request: {path, body}, or null while it does not say one. */
function compose(asset) {
    const note = find('move-note').value;
    const extra = note ? { metadata: { note } } : {};
    if (LATER[verb()]) {
        const entry = find('move-entry').value.trim();
        return /^[0-9]+$/.test(entry)
            ? { path: `${LEDGER}/${LATER[verb()]}/${entry}/${verb()}`, body: extra } : null;
    }
    const text = find('move-amount').value;
    if (!asset || !account() || wrongAmount(text, asset)) return null;
    const amount = readAmount(text, asset);
    const from = find('move-from').value;
    const to = find('move-to').value;
    return verb() === 'transfer' || verb() === 'hold'
        ? { path: `${LEDGER}/${verb()}s`, body: { from, to, amount, ...extra } }
        : { path: accountPath(account(), `/${verb()}`), body: { amount, ...extra } };
}

/** Under the amount: what will move, or what is wrong with it. */
function drawAmount(asset) {
    const text = find('move-amount').value;
    const wrong = text && asset ? wrongAmount(text, asset) : '';
    write('move-amount-error', wrong);
    find('move-amount').setAttribute('aria-invalid', String(Boolean(wrong)));
    write('move-unit', asset ? `in ${codeOf(asset)}` : '');
    write('move-amount-echo', text && asset && !wrong
        ? `${verb() === 'hold' ? 'Reserves' : 'Moves'} ` +
            `${showAmount(readAmount(text, asset), asset)} ${codeOf(asset)}` : '');
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
    drawAmount(asset);
    const request = compose(asset);
    write('move-preview', request && find('move-form').checkValidity()
        ? curlOf({ method: 'POST', path: request.path, key: find('move-key').value,
            body: JSON.stringify(request.body) })
        : 'The request will stand here, as it is sent.');
    offer = LATER[verb()] || !request ? NAMES[verb()]
        : `${NAMES[verb()]} ${showAmount(request.body.amount, asset)} ${codeOf(asset)}`;
    drawSend();
    if (!asset && !later && account() && await findAsset(account()).catch(() => null)) preview();
}

/** A key that has its answer is not sent by the form again: that would be a replay. */
function drawSend() {
    const spent = answered(find('move-key').value);
    find('move-send').disabled = sending() || preparing || spent;
    write('move-send', spent ? 'Done' : offer);
    find('move-new-key').hidden = !spent;
    write('move-send-note', spent ? 'Answered. Change the form to send something else.' : '');
}

/** Show a field that has to be filled in, or take it away. */
function ask(id, wanted) {
    find(`${id}-field`).hidden = !wanted;
    find(id).required = wanted;
    find(id).disabled = !wanted;
}

async function submit(event) {
    event.preventDefault();
    const key = find('move-key').value;
    if (sending() || preparing || answered(key)) return;
    preparing = true;
    drawSend();
    try {
        const request = await ready();
        if (!request) return;
        used = key;
        const sent = sendRequest({ ...request, key, body: JSON.stringify(request.body) });
        preparing = false;
        await sent;
    } finally {
        preparing = false;
        drawSend();
    }
}

/** The request, once the asset is known: without it nobody knows what "100" means. */
async function ready() {
    if (LATER[verb()]) {
        if (!compose(null)) find('move-entry').focus();
        return compose(null);
    }
    let asset = null;
    try {
        asset = await findAsset(account());
        if (!asset)
            write('move-amount-error', `Nothing was sent: there is no account ${account()}.`);
    } catch {
        write('move-amount-error',
            `Nothing was sent: the asset of ${account()} could not be looked up.`);
    }
    if (!asset) return null;
    drawAmount(asset);
    const request = compose(asset);
    if (!request) find('move-amount').focus();
    return request;
}
