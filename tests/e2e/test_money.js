// SPDX-License-Identifier: MIT
// Money moves through the page: the forms, the key, sending again, the double withdrawal.

import assert from 'node:assert/strict';

import { read, says, soon } from './browser.js';

/** Fill in the form for moving money. */
export async function fill(page, verb, { from, to, amount, note }) {
    await page.check(`input[value=${verb}]`, { force: true });
    if (from) await page.fill('#move-from', from);
    if (to) await page.fill('#move-to', to);
    await page.fill('#move-amount', amount);
    if (note) await page.fill('#move-note', note);
}

async function send(page, ...what) {
    await fill(page, ...what);
    await page.click('#move-send');
    await page.waitForSelector('#answer-again:enabled');
}

const balanceOf = (id) => `tr[data-id="${id}"] .balance`;

async function transfersWithKey(service, key) {
    return (await service.ask('GET', '/journal?limit=1000&after=0')).items
        .filter((entry) => entry.key === key);
}

export const money = {
    async 'an account is opened with the form'({ service, open }) {
        const page = await open();
        await page.click('#accounts summary');
        await page.fill('#open-id', 'form.opened');
        await page.fill('#open-floor', '-12.5');
        await page.fill('#open-note', 'petty cash');
        await page.click('#open-form button.primary');
        await says(page, '#open-answer', 'form.opened is open');
        await says(page, balanceOf('form.opened'), '0.00');
        const account = await service.ask('GET', '/accounts/form.opened');
        assert.equal(account.floor, '-1250');
        assert.deepEqual(account.metadata, { note: 'petty cash' });
        await page.click('#open-form button.primary');
        await says(page, '#open-answer', /was open already/);
        await page.fill('#open-floor', '');
        await page.click('#open-form button.primary');
        await says(page, '#open-answer', /409 account_exists/);
    },

    async 'deposit, withdraw and transfer, each seen at once'({ service, open }) {
        const page = await open();
        await service.account('m.alice');
        await service.account('m.bob');
        await page.fill('#accounts-prefix', 'm.');
        await send(page, 'deposit', { to: 'm.alice', amount: '100' });
        await says(page, balanceOf('m.alice'), '100.00');
        await send(page, 'withdraw', { from: 'm.alice', amount: '80.00' });
        await says(page, balanceOf('m.alice'), '20.00');
        await send(page, 'transfer', { from: 'm.alice', to: 'm.bob', amount: '7.25' });
        await says(page, balanceOf('m.bob'), '7.25');
        await says(page, balanceOf('m.alice'), '12.75');
        assert.equal(await service.balance('m.alice'), '1275');
        await send(page, 'withdraw', { from: 'm.alice', amount: '12.76' });
        await says(page, '#answer-list', /^422 insufficient_funds, seq \d+/);
        assert.equal(await service.balance('m.alice'), '1275');
    },

    async 'the key that is shown is the key that is sent, and again'({ service, open }) {
        const page = await open();
        await service.account('again');
        await page.fill('#accounts-prefix', 'again');
        await fill(page, 'deposit', { to: 'again', amount: '3' });
        const key = await page.inputValue('#move-key');
        await says(page, '#move-preview', new RegExp(`Idempotency-Key: "${key}"`));
        await page.click('#move-send');
        await says(page, '#answer-list', /^201 done, seq \d+/);
        await soon(async () => assert.notEqual(await page.inputValue('#move-key'), key));
        await page.click('#answer-again');
        await says(page, '#answer-list', /replayed/);
        await says(page, '#answer-verdict', /^2 answers, identical byte for byte/);
        assert.equal((await transfersWithKey(service, key)).length, 1);
        assert.equal(await service.balance('again'), '300');
    },

    async 'a rejection is frozen with its key'({ service, open }) {
        const page = await open();
        await service.account('frozen.no', '100');
        await send(page, 'withdraw', { from: 'frozen.no', amount: '5' });
        await says(page, '#answer-list', /^422 insufficient_funds/);
        await service.move('deposit', 'frozen.no', '10000');
        await page.click('#answer-again');
        await says(page, '#answer-verdict', /identical byte for byte/);
        assert.equal(await service.balance('frozen.no'), '10100');
    },

    async 'a lost answer is asked for again after a reload, and it happened once'(
        { service, open }) {
        const page = await open();
        await service.account('lost');
        await page.route('**/deposit', async (route) => {
            await route.fetch(); // the service has done it
            await route.abort(); // the answer is lost
        });
        await send(page, 'deposit', { to: 'lost', amount: '42' });
        await says(page, '#answer-list', /No answer/);
        assert.equal(await service.balance('lost'), '4200');
        await page.unroute('**/deposit');
        await page.reload();
        await says(page, '#answer-request', /has no answer yet/);
        await page.click('#answer-again');
        await says(page, '#answer-list', /^201 done.*replayed/);
        assert.equal(await service.balance('lost'), '4200');
        await page.reload();
        await says(page, '#link', 'live');
        assert.equal(await page.isVisible('#answer'), false);
    },

    async 'what is no amount of the asset is not sent'({ service, open }) {
        const page = await open();
        await service.account('exact');
        const before = await service.seq();
        for (const amount of ['1.234', '0', '-5', 'ten', '1e2']) {
            await fill(page, 'deposit', { to: 'exact', amount });
            await page.click('#move-send');
            await says(page, '#move-amount-error', 'More than 0, with up to 2 decimals.');
        }
        assert.equal(await service.seq(), before);
        assert.equal(await page.isVisible('#answer'), false);
    },

    async 'an account that is not there'({ open }) {
        const page = await open();
        await send(page, 'deposit', { to: 'nobody.at.all', amount: '5' });
        await says(page, '#answer-list', /^404 account_not_found/);
    },

    async 'the double withdrawal pays exactly once'({ service, open }) {
        const page = await open();
        await page.click('#race-once');
        await says(page, '#race-verdict', 'Exactly one paid, in 1 of 1 race.');
        await soon(async () => {
            const statuses = await page.$$eval('#race-steps .status', (all) =>
                all.map((each) => each.textContent).sort());
            assert.deepEqual(statuses, ['201', '422']);
        });
        await page.click('#race-many');
        await says(page, '#race-verdict', 'Exactly one paid, in 26 of 26 races.');
        const id = /race-\w+/.exec(await read(page, '#race-steps'))[0];
        assert.equal(await service.balance(id), '2000');
    },

    async 'the sum over all accounts is 0, also of three assets'({ service, open }) {
        const page = await open();
        await service.ask('POST', '/accounts', { id: 'sum.eur', asset: 'EUR/2' });
        await service.ask('POST', '/accounts', { id: 'sum.btc', asset: 'BTC/8' });
        await service.move('deposit', 'sum.eur', '99999999999999999999999999999999999999');
        await service.move('deposit', 'sum.btc', '2100000000000000');
        await says(page, '#sum-figure', '0');
        await says(page, '#sum-note', /BTC, EUR, USD/);
        await soon(async () =>
            assert.equal(await page.getAttribute('#tile-sum', 'data-state'), 'right'));
    },
};
