// SPDX-License-Identifier: MIT
// An example bank for a ledger that is empty: made over the API that everyone uses, only when a
// person asks for it. Every request has a key of its own that never changes, so it is made once,
// whoever presses the button, however often, in how many windows.

import { LEDGER, accountPath, problemOf, request } from './api.js';

const USD = 'USD/2';

/* account, asset, floor, note */
const ACCOUNTS = [
    ['customer:ada', USD, '0', 'Ada, since this morning'],
    ['customer:ben', USD, '-50000', 'Ben, with an overdraft of 500'],
    ['customer:cleo', USD, '0', 'Cleo'],
    ['shop:bakery', USD, '0', 'The bakery on the corner'],
    ['shop:books', USD, '0', 'Second-hand books'],
    ['bank:fees', USD, '0', 'What the bank earns'],
    ['vault:bitcoin', 'BTC/8', '0', 'Cold storage'],
];

/* key, path, body; a word in braces is the seq of the entry with that key. */
const ACTS = [
    ['salary-ada', 'accounts/customer:ada/deposit', { amount: '320000', metadata: note('Salary') }],
    ['salary-ben', 'accounts/customer:ben/deposit', { amount: '275050', metadata: note('Salary') }],
    ['cash-cleo', 'accounts/customer:cleo/deposit', { amount: '40000', metadata: note('Cash') }],
    ['bitcoin', 'accounts/vault:bitcoin/deposit', { amount: '150000000' }],
    ...pay('bread', 'customer:ada', 'shop:bakery', '1250', 'Bread and coffee'),
    ...pay('cake', 'customer:ben', 'shop:bakery', '3400', 'A birthday cake'),
    ...pay('novel', 'customer:cleo', 'shop:books', '1899', 'A novel'),
    ...pay('atlas', 'customer:ada', 'shop:books', '8900', 'An atlas'),
    ...pay('rent', 'customer:ben', 'customer:ada', '95000', 'Rent, November'),
    ['split', 'transfers', { postings: [
        { from: 'shop:books', to: 'bank:fees', amount: '150' },
        { from: 'shop:bakery', to: 'bank:fees', amount: '90' }], metadata: note('Card fees') }],
    ['deposit-hold', 'holds', { from: 'customer:ada', to: 'shop:books', amount: '25000',
        metadata: note('A first edition, put aside') }],
    ['tab-hold', 'holds', { from: 'customer:cleo', to: 'shop:bakery', amount: '6000',
        metadata: note('A tab for the week') }],
    ['tab-capture', 'holds/{tab-hold}/capture', { amount: '4250' }],
    ['refund', 'transfers/{atlas}/reverse', { metadata: note('The atlas came back') }],
    ['too-much', 'accounts/customer:cleo/withdraw', { amount: '9999900' }],
];

function note(text) {
    return { note: text };
}

function pay(key, from, to, amount, text) {
    return [[key, 'transfers', { from, to, amount, metadata: note(text) }]];
}

/** Make it; `say(text)` tells how far it is, and at last what became of it. */
export async function makeExample(say) {
    try {
        for (const [i, [id, asset, floor, text]] of ACCOUNTS.entries()) {
            say(`Opening accounts: ${i + 1} of ${ACCOUNTS.length}.`);
            const body = JSON.stringify({ id, asset, floor, metadata: note(text) });
            await done(request('POST', `${LEDGER}/accounts`, { body }));
        }
        const seqs = {};
        for (const [i, [name, path, body]] of ACTS.entries()) {
            say(`Moving money: ${i + 1} of ${ACTS.length}.`);
            const where = path.replace(/\{(.*)\}/, (_, word) => seqs[word]);
            const answer = await done(request('POST', placeOf(where),
                { body: JSON.stringify(body), key: `example-bank-${name}` }));
            seqs[name] = answer.body.id;
        }
        say('The example bank is there.');
    } catch (error) {
        say(error.name === 'Error' ? error.message
            : 'No answer. Press it again: it goes on where it was, and makes nothing twice.');
    }
}

function placeOf(path) {
    const [, id, verb] = /^accounts\/(.*)\/(\w+)$/.exec(path) ?? [];
    return id ? accountPath(id, `/${verb}`) : `${LEDGER}/${path}`;
}

/** The answer; a refusal is one of the things that the example has. */
async function done(asked) {
    const answer = await asked;
    if (answer.status < 300 || answer.body?.code === 'insufficient_funds') return answer;
    throw new Error(problemOf(answer));
}
