// SPDX-License-Identifier: MIT
// The project's story in one button: 100 in an account, two withdrawals of 80 at the same moment.

import { newKey, problemOf, request } from './api.js';
import { element, find } from './dom.js';
import { showAmount } from './money.js';
import { sentenceOf } from './refusals.js';

/** Races have a ledger of their own: the accounts that they leave behind belong to no real
 * books. */
const RACES = 'races';
const ACCOUNTS = `/v1/ledgers/${RACES}/accounts`;
const ASSET = 'USD/2';
const HAVE = '10000';
const TAKE = '8000';

let rounds = 0;
let exact = 0; // rounds in which exactly one of the two succeeded

export function startRace() {
    find('race-once').addEventListener('click', () => race(1));
    find('race-many').addEventListener('click', () => race(25));
}

async function race(count) {
    const buttons = [find('race-once'), find('race-many')];
    for (const button of buttons) button.disabled = true;
    try {
        await makeLedger();
        for (let i = 0; i < count; i++) drawRound(await round());
    } catch (error) {
        find('race-steps').replaceChildren(element('li', {}, `Stopped: ${error.message}`));
    } finally {
        for (const button of buttons) button.disabled = false;
    }
}

async function makeLedger() {
    const answer = await request('POST', '/v1/ledgers', { body: JSON.stringify({ name: RACES }) });
    if (answer.status >= 300 && (await request('GET', `/v1/ledgers/${RACES}`)).status !== 200)
        throw new Error(`The ledger "${RACES}" cannot be made. ${problemOf(answer)}`);
}

async function post(path, body, key) {
    return request('POST', path, { body: JSON.stringify(body), key });
}

/** Set the account up, race, and see what is left. */
async function round() {
    const id = `race-${newKey().slice(-12)}`;
    for (const [path, body] of [
        [ACCOUNTS, { id, asset: ASSET }],
        [`${ACCOUNTS}/${id}/deposit`, { amount: HAVE }],
    ]) {
        const answer = await post(path, body, newKey());
        if (answer.status !== 201) throw new Error(problemOf(answer));
    }
    const withdraw = () => post(`${ACCOUNTS}/${id}/withdraw`, { amount: TAKE }, newKey());
    const answers = await Promise.all([withdraw(), withdraw()]);
    const account = await request('GET', `${ACCOUNTS}/${id}`);
    return { id, answers, balance: account.body.balance };
}

function drawRound({ id, answers, balance }) {
    const paid = answers.filter(({ status }) => status === 201).length;
    const refused = answers.filter(({ status }) => status === 422).length;
    const left = showAmount(balance, ASSET);
    rounds++;
    if (paid === 1 && refused === 1 && balance === '2000') exact++;
    find('race-steps').replaceChildren(
        element('li', {}, `${id} holds ${showAmount(HAVE, ASSET)} USD.`),
        ...answers.map((answer, i) => element('li', {}, `Withdrawal ${'AB'[i]} of 80.00: `,
            element('span', { class: `status s${String(answer.status)[0]}` },
                String(answer.status)),
            answer.status === 201 ? ` paid at seq ${answer.seq}`
                : ` ${sentenceOf(answer.body?.code, answer.body)}`)),
        element('li', {}, `The balance is ${left} USD.`));
    const verdict = find('race-verdict');
    verdict.hidden = false;
    verdict.dataset.state = exact === rounds ? 'right' : 'wrong';
    verdict.textContent = `Exactly one paid, in ${exact} of ${rounds} ` +
        `${rounds === 1 ? 'race' : 'races'}.`;
}
