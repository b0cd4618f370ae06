// SPDX-License-Identifier: MIT
// The receipt of a request that moves money: what was done, in the asset's terms, with its place in
// the journal, its key, its time and the balances after; or why it was refused, in a sentence.

import { assetOf, findAsset } from './accounts.js';
import { linkTo } from './address.js';
import { LEDGER, request } from './api.js';
import { curlOf } from './curl.js';
import { element, find, write } from './dom.js';
import { assetOfWorld, codeOf, showAmount } from './money.js';
import { helpOf, sentenceOf } from './refusals.js';
import { showTime, zoneOf } from './times.js';

let shown = null; // the answer in view

/**
 * Draw what became of {path, key, body}: `answer` is of request() (api.js), or null while there is
 * none. What it lacks is read from the journal, and drawn when it comes.
 */
export async function drawReceipt(sent, answer) {
    shown = answer;
    find('answer').dataset.state = stateOf(answer);
    write('answer-curl', curlOf({ method: 'POST', ...sent }));
    find('answer-print').hidden = stateOf(answer) !== 'done';
    if (!answer) {
        write('answer-title', 'No answer yet');
        write('receipt-what', 'It may have happened or not. Sent again with the same key, it ' +
            'happens once.');
        find('receipt-facts').replaceChildren();
        return;
    }
    drawFacts(sent, answer);
    await learn(sent, answer).catch(() => {});
    if (shown === answer) drawFacts(sent, answer);
}

function stateOf(answer) {
    if (!answer) return 'unknown';
    return answer.status < 300 ? 'done' : 'refused';
}

/** What the answer does not say: the assets of its accounts, and of a hold's end the entry. */
async function learn(sent, { body, status }) {
    if (status < 300 && body?.settled_by && !body.entry) {
        const place = BigInt(body.settled_by) - 1n;
        const read = await request('GET', `${LEDGER}/journal?after=${place}&limit=1`);
        body.entry = read.body?.items?.[0];
    }
    const { from, to } = moveOf(sent, body ?? {}) ?? {};
    for (const id of [from, to, body?.account]) if (id) await findAsset(id);
}

/** {from, to, amount} of the first thing that moves, or would; null: nothing does. */
function moveOf({ path, body: text }, body) {
    if (body.postings) return body.postings[0];
    if (body.hold?.from) return body.hold;
    if (body.from) return { from: body.from, to: body.to, amount: body.captured ?? body.amount };
    const asked = JSON.parse(text);
    if (asked.from) return asked;
    const [, id, verb] = /\/accounts\/([^/]+)\/(deposit|withdraw)$/.exec(path) ?? [];
    if (!id) return null;
    const account = decodeURIComponent(id);
    return verb === 'deposit' ? { to: account, amount: asked.amount }
        : { from: account, amount: asked.amount };
}

function assetOfMove({ from, to }) {
    return assetOfWorld(from ?? '') ?? assetOfWorld(to ?? '') ?? assetOf(from ?? '') ??
        assetOf(to ?? '');
}

/** "12.50 USD", or in units while the asset is not known. */
function money(units, asset) {
    return asset ? `${showAmount(units, asset)} ${codeOf(asset)}` : `${units} units`;
}

function drawFacts(sent, answer) {
    const done = answer.status < 300;
    const body = answer.body ?? {};
    const move = moveOf(sent, body);
    const asset = move && assetOfMove(move);
    const amount = move && money(move.amount, asset);
    write('answer-title', done ? 'Receipt' : 'Refused');
    write('receipt-what', done ? sentenceOfDone(sent, body, move, amount)
        : `${sentenceOf(body.code, body)}. ${helpOf(body, (units) =>
            money(units, assetOf(body.account ?? '') ?? asset))}`);
    const facts = done ? factsOfDone(body, move, amount) : factsOfRefusal(body, amount);
    facts.push(['Idempotency-Key', element('code', {}, sent.key)]);
    find('receipt-facts').replaceChildren(...facts.map(([term, ...value]) =>
        element('div', {}, element('dt', {}, term), element('dd', {}, ...value))));
}

const isWorld = (id) => assetOfWorld(id ?? '') !== null;

function sentenceOfDone({ path }, body, move, amount) {
    const [, what, id, verb] = /\/(holds|transfers)\/(\d+)\/(\w+)$/.exec(path) ?? [];
    if (verb === 'release') return `Hold ${id} is released: ${amount} can be used again`;
    if (verb === 'capture') return `${amount} paid to ${move.to}, out of hold ${id}`;
    if (verb === 'reverse') return `Entry ${id} is reversed: ${amount} went back to ${move.to}`;
    if (what === undefined && path.endsWith('/holds'))
        return `${amount} reserved in ${move.from} for ${move.to}`;
    if (isWorld(move.from)) return `${amount} deposited to ${move.to}`;
    if (isWorld(move.to)) return `${amount} withdrawn from ${move.from}`;
    return `${amount} paid from ${move.from} to ${move.to}`;
}

function factsOfDone(body, move, amount) {
    const { entry, settled_by: settled, id, expires_at: expires, status } = body;
    const at = settled ? entry?.at : body.at;
    const balances = body.balances ?? entry?.balances ?? {};
    const facts = [['Amount', amount]];
    if (move.from) facts.push(['From', link('account', move.from)]);
    if (move.to) facts.push(['To', link('account', move.to)]);
    facts.push(['Seq', link('entry', settled ?? id)]);
    if (status) facts.push(['Hold', link('entry', id), ` ${status}`]);
    if (at) facts.push([`Time, ${zoneOf(at)}`, element('time', { datetime: at }, showTime(at))]);
    if (expires && status === 'held') facts.push(['Expires', showTime(expires)]);
    const asset = assetOfMove(move);
    for (const [account, balance] of Object.entries(balances))
        if (!isWorld(account)) facts.push([`Balance of ${account} after`, money(balance, asset)]);
    return facts;
}

function factsOfRefusal({ account, seq, code }, amount) {
    const facts = [];
    if (amount) facts.push(['Amount asked for', amount]);
    if (account) facts.push(['Account', link('account', account)]);
    if (seq) facts.push(['Decided at seq', link('entry', seq)]);
    if (code) facts.push(['Code', element('code', {}, code)]);
    return facts;
}

function link(name, value) {
    return element('a', { href: linkTo(name, value) }, String(value));
}
