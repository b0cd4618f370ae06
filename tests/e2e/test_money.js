// SPDX-License-Identifier: MIT
// Money moves through the page: the forms, the key, sending again, the double withdrawal.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { read, says, soon } from './browser.js';

const run = promisify(execFile);

/** Fill in the form for moving money. */
export async function fill(page, verb, { from, to, amount, note }) {
    await page.click(`.choice label:has(input[value=${verb}])`);
    if (from) await page.fill('#move-from', from);
    if (to) await page.fill('#move-to', to);
    await page.fill('#move-amount', amount);
    if (note) await page.fill('#move-note', note);
}

async function send(page, ...what) {
    await fill(page, ...what);
    await page.click('#move-send');
    await page.waitForSelector('#answer-again:enabled');
    await page.waitForSelector('#move-send:disabled'); // it has its answer
}

/** What the receipt says: term -> text; of the time the moment itself. */
async function facts(page) {
    return page.$$eval('#receipt-facts div', (all) => Object.fromEntries(all.map((each) => {
        const [term, value] = each.children;
        return [term.textContent.replace(/,.*/, ''),
            value.querySelector('time')?.dateTime ?? value.textContent];
    })));
}

const balanceOf = (id) => `tr[data-id="${id}"] .balance`;

async function transfersWithKey(service, key) {
    return (await service.ask('GET', '/journal?limit=1000&after=0')).items
        .filter((entry) => entry.key === key);
}

export const money = {
    async 'an account is opened with the form'({ service, open }) {
        await service.account('form.before'); // an empty ledger shows a welcome instead
        const page = await open();
        await page.click('#accounts-open');
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
        for (const floor of ['-5,00', '5', '-1.234', 'none']) {
            await page.fill('#open-id', 'form.wrong');
            await page.fill('#open-floor', floor);
            await page.click('#open-form button.primary');
            await says(page, '#open-answer', /^Lowest balance: /);
        }
        assert.equal((await service.request('GET', '/v1/ledgers/main/accounts/form.wrong')).status,
            404);
    },

    async 'deposit, withdraw and transfer, each seen immediately'({ service, open }) {
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
        await says(page, '#answer-list',
            /^422 There is not enough in the account\s*insufficient_funds, seq \d+/);
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
        await says(page, '#answer-list', /^201 Done, seq \d+/);
        assert.equal(await page.inputValue('#move-key'), key);
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
        await says(page, '#answer-list', /^422 There is not enough/);
        await service.move('deposit', 'frozen.no', '10000');
        await page.click('#answer-again');
        await says(page, '#answer-verdict', /identical byte for byte. The refusal was repeated/);
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
        await fill(page, 'deposit', { to: 'lost', amount: '42' });
        await page.click('#move-send');
        await says(page, '#answer-list', /No answer/);
        assert.equal(await service.balance('lost'), '4200');
        await page.unroute('**/deposit');
        await says(page, '#answer-title', 'No answer yet');
        await page.route('**/transfers?key=*', (route) => route.abort());
        await page.reload();
        await says(page, '#pending-list code', /lost\/deposit/);
        await page.click('#pending-list [data-act=again]');
        await says(page, '#answer-list', /^201 Done.*replayed/);
        await says(page, '#receipt-what', '42.00 USD deposited to lost');
        assert.equal(await service.balance('lost'), '4200');
        await page.reload();
        await says(page, '#link', 'live');
        assert.equal(await page.isVisible('#pending'), false);
    },

    async 'a receipt says what moved, where it stands, and how to ask for it'({ service, open }) {
        const page = await open();
        await service.account('rec.a', '10000');
        await service.account('rec.b');
        await fill(page, 'transfer', { from: 'rec.a', to: 'rec.b', amount: '1,234.5' });
        await says(page, '#move-send', 'Transfer 1,234.50 USD');
        await page.fill('#move-amount', '12.5');
        const key = await page.inputValue('#move-key');
        await page.click('#move-send');
        await says(page, '#receipt-what', '12.50 USD paid from rec.a to rec.b');
        const { items: [entry] } = await service.ask('GET', `/transfers?key=${key}`);
        await soon(async () => assert.deepEqual(await facts(page), { Amount: '12.50 USD',
            From: 'rec.a', To: 'rec.b', Seq: String(entry.id), Time: entry.at,
            'Balance of rec.a after': '87.50 USD', 'Balance of rec.b after': '12.50 USD',
            'Idempotency-Key': key }));
        // The request that is shown is the one that was sent: a shell gets its answer again.
        const { stdout } = await run('sh', ['-c', await page.textContent('#answer-curl')],
            { env: { ...process.env, TELLER_TOKEN: service.token } });
        assert.deepEqual(JSON.parse(stdout), JSON.parse(await page.textContent('#answer-body')));
        assert.equal(await service.balance('rec.b'), '1250');
        await fill(page, 'withdraw', { from: 'rec.a', amount: '88' });
        await page.click('#move-send');
        await says(page, '#receipt-what', 'There is not enough in the account. ' +
            'It can give 87.50 USD. Nothing moved.');
        await fill(page, 'hold', { from: 'rec.a', to: 'rec.b', amount: '10' });
        await page.click('#move-send');
        await says(page, '#receipt-what', '10.00 USD reserved in rec.a for rec.b');
        const { Seq: hold } = await facts(page);
        await page.click('.choice label:has(input[value=capture])');
        await page.fill('#move-entry', hold);
        await page.click('#move-send');
        await says(page, '#receipt-what', `10.00 USD paid to rec.b, out of hold ${hold}`);
        await soon(async () => {
            const { Seq: seq, Time: at } = await facts(page);
            const { items } = await service.ask('GET', `/journal?after=${seq - 1}&limit=1`);
            assert.equal(items[0].kind, 'capture');
            assert.equal(at, items[0].at);
        });
    },

    async 'what has no answer is settled when the service can be reached again'(
        { service, open }) {
        const page = await open();
        await service.account('later', '1000');
        await page.route('**/withdraw', async (route) => {
            await route.fetch();
            await route.abort();
        });
        await fill(page, 'withdraw', { from: 'later', amount: '1' });
        await page.click('#move-send');
        await says(page, '#answer-title', 'No answer yet');
        await page.reload();
        await says(page, '#settled-list', /^Seq \d+: it was done, once\./);
        assert.equal(await page.locator('#pending-list li').count(), 0);
        assert.equal(await service.balance('later'), '900');
    },

    async 'each lost answer is kept, whatever else is answered, in every tab'({ service, open }) {
        const page = await open();
        await service.account('lost.two', '1000');
        await page.route('**/withdraw', async (route) => {
            await route.fetch();
            await route.abort();
        });
        for (const amount of ['1', '2', '300']) {
            await fill(page, 'withdraw', { from: 'lost.two', amount });
            await page.click('#move-send');
            await soon(async () =>
                assert.match(await read(page, '#pending-list li:last-child code') ?? '',
                    new RegExp(`"amount":"${amount}00"`)));
            await page.waitForSelector('#answer-again:enabled');
        }
        await send(page, 'deposit', { to: 'lost.two', amount: '1' });
        assert.equal(await page.locator('#pending-list li').count(), 3);
        let asked = 0; // by the tab itself, when it is live
        await page.context().route('**/transfers?key=*', (route) => {
            asked++;
            return route.abort();
        });
        const tab = await page.context().newPage();
        await tab.goto(`${service.url}/#token=${service.token}`);
        await soon(async () => assert.equal(await tab.locator('#pending-list li').count(), 3));
        await soon(() => assert.equal(asked, 3));
        await page.context().unroute('**/transfers?key=*');
        await tab.click('#pending-list li:first-child [data-act=look]');
        await says(tab, '#settled-list', /it was done, once/);
        await tab.click('#pending-list li:last-child [data-act=look]');
        await says(tab, '#settled-list', /refused. There is not enough/);
        await soon(async () => assert.equal(await page.locator('#pending-list li').count(), 1));
        await tab.click('#pending-list [data-act=again]');
        await says(tab, '#answer-list', /^201 Done.*replayed/);
        await soon(async () => assert.equal(await page.isVisible('#pending'), false));
        assert.equal(await service.balance('lost.two'), '800');
    },

    async 'a double click, and Enter twice, is one payment'({ service, open }) {
        const page = await open();
        await service.account('twice', '1000');
        await fill(page, 'withdraw', { from: 'twice', amount: '1.50' });
        await page.dblclick('#move-send');
        await says(page, '#answer-list', /^201 Done/);
        await page.focus('#move-amount');
        for (let i = 0; i < 3; i++) await page.keyboard.press('Enter');
        await page.fill('#move-amount', '2');
        await page.keyboard.press('Enter');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#move-send:disabled');
        await says(page, '#move-send-note', /^Answered/);
        await soon(async () => assert.equal(await service.balance('twice'), '650'));
        await page.click('#move-new-key'); // now it is another one
        await page.click('#move-send');
        await soon(async () => assert.equal(await service.balance('twice'), '450'));
        await page.waitForTimeout(500);
        assert.equal(await service.balance('twice'), '450');
    },

    async 'holds, captures and freezes are clicked twice, and happen once'({ service, open }) {
        const page = await open();
        await service.account('twice.a', '1000');
        await service.account('twice.b');
        await fill(page, 'hold', { from: 'twice.a', to: 'twice.b', amount: '4' });
        await page.dblclick('#move-send');
        await says(page, '#answer-list', /^201 Done/);
        assert.equal((await service.ask('GET', '/accounts/twice.a')).held, '400');
        const id = /"id": (\d+)/.exec(await read(page, '#answer-body'))[1];
        await page.click('.choice label:has(input[value=capture])');
        await page.fill('#move-entry', id);
        await page.dblclick('#move-send');
        await says(page, '#answer-list', /^201 Done/);
        assert.equal(await service.balance('twice.b'), '400');
        assert.equal(await page.locator('#answer-list > li').count(), 1);
    },

    async 'what will move stands under the amount'({ service, open }) {
        const page = await open();
        await service.account('echo', '100000');
        await fill(page, 'withdraw', { from: 'echo', amount: '1,234.5' });
        await says(page, '#move-amount-echo', 'Moves 1,234.50 USD');
        await page.fill('#move-amount', '1,50');
        await says(page, '#move-amount-error', /^A comma only between groups of three/);
        assert.equal(await read(page, '#move-amount-echo'), '');
        await page.click('#move-send');
        assert.equal(await service.balance('echo'), '100000');
    },

    async 'nothing is sent while the asset is not known'({ service, open }) {
        const page = await open();
        await service.account('unseen', '10000');
        await page.route('**/accounts/unseen', (route) => route.abort());
        await page.route('**/accounts?*', (route) => route.abort()); // nor by the list
        await page.reload();
        const before = await service.seq();
        await fill(page, 'withdraw', { from: 'unseen', amount: '100' });
        await page.click('#move-send');
        await says(page, '#move-amount-error', /^Nothing was sent: the asset of unseen could not/);
        await page.unroute('**/accounts/unseen');
        await page.route('**/accounts/unseen', (route) =>
            route.fulfill({ status: 503, json: { code: 'unavailable' } }));
        await page.click('#move-send');
        await says(page, '#move-amount-error', /^Nothing was sent/);
        assert.equal(await service.seq(), before);
    },

    async 'what is not an amount of the asset is not sent'({ service, open }) {
        const page = await open();
        await service.account('exact');
        const before = await service.seq();
        for (const amount of ['1.234', '0', '-5', 'ten', '1e2', '5.', '1,50', '12,34', '1,2345',
            '1.234,50', ',5', '1,,000']) {
            await fill(page, 'deposit', { to: 'exact', amount });
            await page.click('#move-send');
            await says(page, '#move-amount-error', amount.includes(',')
                ? /^A comma only between groups/ : 'More than 0, with up to 2 decimals.');
        }
        assert.equal(await service.seq(), before);
        assert.equal(await page.isVisible('#answer'), false);
    },

    async 'an account that is not there'({ service, open }) {
        await service.account('is.there');
        const page = await open();
        await fill(page, 'deposit', { to: 'nobody.at.all', amount: '5' });
        await page.click('#move-send');
        await says(page, '#move-amount-error',
            'Nothing was sent: there is no account nobody.at.all.');
    },

    async 'the double withdrawal pays exactly once'({ service, open }) {
        const page = await open({ path: '/#machinery' });
        await page.click('#race-once');
        await says(page, '#race-verdict', 'Exactly one paid, in 2 of 2 races on real ledgers.');
        await soon(async () => {
            const statuses = await page.$$eval('#race-steps .status', (all) =>
                all.map((each) => each.textContent).sort());
            assert.deepEqual(statuses, ['201', '201', '422', '422']);
        });
        await page.click('#race-many');
        await says(page, '#race-verdict', 'Exactly one paid, in 52 of 52 races on real ledgers.');
        for (const strategy of ['unsafe', 'atomic'])
            await says(page, `#race-rows tr[data-name=${strategy}] .race-result`,
                /^paid twice in \d+ of 26$/);
        for (const strategy of ['owner', 'sharded']) {
            await says(page, `#race-rows tr[data-name=${strategy}] .race-result`,
                'paid once in 26 of 26');
            const ledger = `/v1/ledgers/races-${strategy}`;
            assert.equal((await service.request('GET', ledger)).body.strategy, strategy);
            const id = /race-\w+/.exec(await read(page, `#race-steps-${strategy}`))[0];
            const raced = await service.request('GET', `${ledger}/accounts/${id}`);
            assert.equal(raced.body.balance, '2000');
        }
        const here = await service.ask('GET', '/accounts?prefix=race-');
        assert.deepEqual(here.items, []); // the ledger in view has none of it
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
