// SPDX-License-Identifier: MIT
// The double withdrawal on a real ledger, over the API that everyone uses. It has a ledger of its
// own for each strategy: the accounts that it leaves behind belong to no real books.

import { newKey, problemOf, request } from './api.js';
import { element } from './dom.js';
import { showAmount } from './money.js';
import { sentenceOf } from './refusals.js';

const ASSET = 'USD/2';
const HAVE = '10000';
const TAKE = '8000';
const LEFT = '2000'; // when exactly one was paid
const UNITS = 100; // in one of what is shown

/** Race `rounds` times, one after another, on the racer's ledger. */
export async function raceOnLedger({ name, ledger }, rounds, onRound) {
    const accounts = `/v1/ledgers/${ledger}/accounts`;
    await makeLedger(ledger, name);
    for (let i = 0; i < rounds; i++) onRound(judge(await round(accounts)));
}

async function makeLedger(name, strategy) {
    const body = JSON.stringify({ name, strategy });
    const answer = await request('POST', '/v1/ledgers', { body });
    if (answer.status >= 300 && (await request('GET', `/v1/ledgers/${name}`)).status !== 200)
        throw new Error(`The ledger "${name}" cannot be made. ${problemOf(answer)}`);
}

async function post(path, body) {
    return request('POST', path, { body: JSON.stringify(body), key: newKey() });
}

/** Set the account up, race, and see what is left. */
async function round(accounts) {
    const id = `race-${newKey().slice(-12)}`;
    for (const [path, body] of [
        [accounts, { id, asset: ASSET }],
        [`${accounts}/${id}/deposit`, { amount: HAVE }],
    ]) {
        const answer = await post(path, body);
        if (answer.status !== 201) throw new Error(problemOf(answer));
    }
    const withdraw = () => post(`${accounts}/${id}/withdraw`, { amount: TAKE });
    const answers = await Promise.all([withdraw(), withdraw()]);
    const account = await request('GET', `${accounts}/${id}`);
    if (account.status !== 200) throw new Error(problemOf(account));
    return { id, answers, balance: account.body.balance };
}

function judge({ id, answers, balance }) {
    const paid = answers.filter(({ status }) => status === 201).length;
    const refused = answers.filter(({ status }) => status === 422).length;
    return {
        twice: paid === 2 ? 1 : 0,
        exact: paid === 1 && refused === 1 && balance === LEFT ? 1 : 0,
        left: Number(BigInt(balance)) / UNITS,
        steps: [
            element('li', {}, `${id} holds ${showAmount(HAVE, ASSET)} USD.`),
            ...answers.map((answer, i) => element('li', {}, `Withdrawal ${'AB'[i]} of ` +
                `${showAmount(TAKE, ASSET)}: `,
                element('span', { class: `status s${String(answer.status)[0]}` },
                    String(answer.status)),
                answer.status === 201 ? ` paid at seq ${answer.seq}`
                    : ` ${sentenceOf(answer.body?.code, answer.body)}`)),
            element('li', {}, `The balance is ${showAmount(balance, ASSET)} USD.`),
        ],
    };
}
