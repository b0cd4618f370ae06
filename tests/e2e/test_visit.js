// SPDX-License-Identifier: MIT
// A first visit, as a person makes it: what they read on the page is all that they know.

import assert from 'node:assert/strict';

import { read, says, soon, violations } from './browser.js';
import { key } from './service.js';

/** A ledger of its own, which is empty. */
async function empty(service, name) {
    await service.request('POST', '/v1/ledgers', { name });
    return { path: `/?ledger=${name}` };
}

const ask = async (service, name, path) =>
    (await service.request('GET', `/v1/ledgers/${name}${path}`)).body;

export const visit = {
    async 'a first-time user opens an account, pays, sees the entry and its receipt'(
        { service, open }) {
        const page = await open(await empty(service, 'first'));
        const button = (name) => page.getByRole('button', { name, exact: true });
        await says(page, '#welcome-title', 'This ledger is empty');
        await page.locator('#welcome').getByRole('link', { name: 'Open an account' }).click();
        for (const name of ['me', 'landlord']) {
            await page.locator('#open').getByLabel('Account', { exact: true }).fill(name);
            await button('Open account').click();
            await says(page, '#open-answer', `${name} is open`);
        }
        await page.locator('#accounts-rows').getByRole('link', { name: 'me' }).click();
        await page.getByLabel('Amount', { exact: false }).first().fill('1,000');
        await button('Deposit 1,000.00 USD').click();
        await says(page, '#receipt-what', '1,000.00 USD deposited to me');
        await page.locator('#move').getByText('Transfer', { exact: true }).click();
        await page.locator('#move').getByLabel('To', { exact: true }).fill('landlord');
        await page.locator('#move-amount').fill('640.5');
        await button('Transfer 640.50 USD').dblclick();
        await says(page, '#receipt-what', '640.50 USD paid from me to landlord');
        await says(page, '#statement-balance', '359.50');
        const seq = await page.locator('#receipt-facts a[href^="#entry="]').textContent();
        await page.locator(`#receipt-facts a[href="#entry=${seq}"]`).click();
        await says(page, '#entry-title', `Entry ${seq}: transfer`);
        await says(page, '#entry-postings', 'melandlord640.50 USD');
        await says(page, '#receipt-what', '640.50 USD paid from me to landlord'); // still there
        const { items } = await ask(service, 'first', '/transfers?account=landlord');
        assert.equal(items.length, 1);
    },

    async 'an example bank is made when a reader asks for it, once'({ service, open }) {
        const page = await open(await empty(service, 'bank'));
        await says(page, '#welcome-title', 'This ledger is empty');
        assert.equal((await ask(service, 'bank', '')).seq, 0); // not before
        assert.equal(await page.isVisible('#accounts'), false); // nor tables of nothing
        assert.deepEqual(await violations(page), []);
        await page.dblclick('#example-make');
        await says(page, '#tile-seq', /^2\d$/);
        await says(page, '#example-note', 'The example bank is there.');
        await soon(async () => assert.equal(await page.isVisible('#welcome'), false));
        const { seq } = await ask(service, 'bank', '');
        await page.evaluate(async () => {
            const { makeExample } = await import('/example.js');
            await makeExample(() => {}); // as in another window
        });
        assert.equal((await ask(service, 'bank', '')).seq, seq);
        await says(page, '#sum-figure', '0');
        await says(page, '#sum-note', /BTC, USD/);
    },

    async 'one search finds accounts, entries and keys'({ service, open }) {
        await service.account('find.me');
        await service.account('find.too', '100');
        const named = key();
        const { id } = await service.ask('POST', '/transfers',
            { from: 'find.too', to: 'find.me', amount: '1' }, { 'Idempotency-Key': named });
        const page = await open();
        await page.keyboard.press('/');
        await page.keyboard.type('find.');
        await says(page, '#search-list', 'Accountfind.me0.01 USDAccountfind.too0.99 USD');
        // But for how large links are: the list lies over some of them.
        assert.deepEqual(await violations(page,
            ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']), []);
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await says(page, '#statement-title', 'find.too');
        for (const [text, title] of [[String(id), `Entry ${id}: transfer`],
            [named, `Entry ${id}: transfer`]]) {
            await page.goto(`${service.url}/`);
            await says(page, '#link', 'live');
            await page.fill('#search-text', text);
            await page.keyboard.press('Enter');
            await says(page, '#entry-title', title);
        }
        await page.fill('#search-text', 'nothing is called so');
        await says(page, '#search-list', /^Nothing is called/);
        await page.keyboard.press('Escape');
        await soon(async () => assert.equal(await page.isVisible('#search-list'), false));
    },

    async 'a statement of a period, and as a file'({ service, open }) {
        await service.account('=period', '10000');
        await service.move('withdraw', '=period', '250', { metadata: { note: '+a "note"' } });
        const page = await open();
        await page.goto(`${service.url}/#account=%3Dperiod`);
        await says(page, '#statement-note', /^2 shown/);
        const [download] = await Promise.all([page.waitForEvent('download'),
            page.click('#statement-csv')]);
        assert.equal(download.suggestedFilename(), 'statement-_period.csv');
        const chunks = [];
        for await (const chunk of await download.createReadStream()) chunks.push(chunk);
        const [head, first, second] = Buffer.concat(chunks).toString().split('\r\n');
        assert.equal(head, 'seq,time,kind,with,amount,balance,asset,key,note');
        assert.match(first, /^\d+,2\S+Z,transfer,"world:USD\.2",100\.00,100\.00,"USD\/2",/);
        assert.match(second, /,-2\.50,97\.50,"USD\/2",".*","'\+a ""note"""$/);
        const today = new Date();
        const day = (shift) => {
            const when = new Date(today.getFullYear(), today.getMonth(), today.getDate() + shift);
            return new Date(when - when.getTimezoneOffset() * 60000).toISOString().slice(0, 10);
        };
        await page.fill('#statement-from', day(-1)); // as midnight may come
        await says(page, '#statement-sums', 'Opening balance0.00');
        await says(page, '#statement-note', /^2 shown/);
        assert.match(page.url(), /#account=%3Dperiod&from=\d{4}-\d\d-\d\d$/);
        await page.fill('#statement-from', '');
        await page.fill('#statement-until', day(-2));
        await says(page, '#statement-note', 'Nothing has touched this account in that time.');
        await says(page, '#statement-sums', /Closing balance0\.00$/);
    },

    async 'entries are read back to the first'({ service, open }) {
        await service.account('back');
        for (let i = 0; i < 3; i++)
            await service.ask('POST', '/transfers/batch', { transfers: Array.from({ length: 50 },
                () => ({ from: 'world:USD.2', to: 'back', amount: '1' })) });
        const page = await open({ path: '/#entries' });
        await says(page, '#journal-note', 'The last 100 entries.');
        for (let i = 0; await page.isVisible('#journal-older'); i++) {
            assert.ok(i < 100);
            await page.click('#journal-older');
            await says(page, '#journal-note', /of the entries/);
            const to = Number(/before=(\d+)/.exec(page.url())[1]) - 1;
            await says(page, '#journal-rows tr:first-child td', String(to));
            if (to > 300) await page.goto(`${service.url}/#entries&before=150`);
        }
        await says(page, '#journal-rows tr:last-child td', '1');
        await page.click('#journal-live');
        await says(page, '#journal-rows tr:first-child td', String(await service.seq()));
    },

    async 'holds are listed with what became of them'({ service, open }) {
        await service.account('listed', '10000');
        const hold = (amount) => service.ask('POST', '/holds',
            { from: 'listed', to: 'world:USD.2', amount }, { 'Idempotency-Key': key() });
        const first = await hold('100');
        const page = await open({ path: '/#holds' });
        const row = (id) => `#holds-rows tr[data-seq="${id}"]`;
        await says(page, row(first.id), /1\.00 USDopennever/);
        const second = await hold('200');
        await says(page, row(second.id), /2\.00 USDopennever/);
        await page.click(`${row(first.id)} [data-verb=capture]`);
        await page.dblclick('#move-send');
        await says(page, '#receipt-what', `1.00 USD paid to world:USD.2, out of hold ${first.id}`);
        await soon(async () => assert.equal(await read(page, row(first.id)), null));
        await page.selectOption('#holds-state', '');
        await says(page, row(first.id), /captured/);
        assert.equal(await service.balance('listed'), '9900');
    },

    async 'a ledger is created, and the proof explained'({ service, open }) {
        const page = await open({ path: '/#ledgers' });
        await page.fill('#ledger-new', 'made.here');
        await page.selectOption('#ledger-strategy', 'sharded');
        await page.dblclick('#ledger-send');
        await says(page, '#ledger-answer', /made.here/);
        await page.click('#ledgers-rows tr[data-name="made.here"] a');
        await says(page, '#tile-seq', '0');
        await page.goto(`${service.url}/`);
        await service.account('proven', '100');
        await says(page, '#link', 'live');
        await page.click('#proof-open');
        const { chain } = await service.ask('GET', '/audit');
        await says(page, '#proof-chain', `${chain.hash}, at seq ${chain.seq.toLocaleString('en')}`);
        await says(page, '#proof-sum', /^0, over \d+ accounts in /);
        await says(page, '#proof-audit', /^Nothing wrong up to seq/);
        await page.click('#proof-whole');
        await says(page, '#proof-note', /everything is right\.$/);
        assert.deepEqual(await violations(page), []);
    },

    async 'the API is explored from its description'({ service, open }) {
        await service.account('explored');
        const page = await open({ path: '/#api=deposit' });
        await says(page, '#api-one .api-path code',
            '/v1/ledgers/{ledger}/accounts/{account}/deposit');
        await page.fill('#api-path-account', 'explored');
        await page.fill('#api-body', '{"amount":"700"}');
        await page.dblclick('#api-send');
        await says(page, '#api-told', /^201 Done, seq \d+/);
        await says(page, '#api-answer', /"explored": "700"/);
        assert.equal(await service.balance('explored'), '700');
        await page.click('#api-list a[data-id=getAccount]');
        await page.fill('#api-path-account', 'nobody');
        await page.click('#api-send');
        await says(page, '#api-told', /^404 There is no such account/);
        const served = await (await fetch(`${service.url}/openapi.json`)).json();
        const described = Object.values(served.paths).flatMap((item) =>
            Object.values(item).map(({ operationId }) => operationId)).filter(Boolean).sort();
        const listed = () => page.$$eval('#api-list a', (links) =>
            links.map(({ dataset }) => dataset.id).sort());
        await soon(async () => assert.deepEqual(await listed(), described));
    },

    async 'whom money went to is a click away'({ service, open }) {
        await service.account('payer', '500');
        await service.account('payee');
        const { id } = await service.ask('POST', '/transfers',
            { from: 'payer', to: 'payee', amount: '200' });
        const page = await open({ path: '/#account=payer' });
        await page.click(`#statement-rows tr[data-seq="${id}"] .what a`);
        await says(page, '#statement-title', 'payee');
        await page.click(`#statement-rows tr[data-seq="${id}"] .number a`);
        await says(page, '#entry-title', `Entry ${id}: transfer`);
        await page.click('#entry-postings .what a.account');
        await says(page, '#statement-title', 'payer');
        await page.goto(`${service.url}/#servers`);
        await says(page, '#placed-rows td:nth-child(3)', 'running');
        assert.equal(await page.isVisible('#placed-rows td:nth-child(2) .slim'), false);
    },

    async 'on a phone a form below a long list is one tap away'({ service, open }) {
        for (let i = 0; i < 20; i++) await service.account(`tap.${i}`, '100');
        for (const width of [320, 390, 1280])
            for (const [address, note, button, field] of [
                ['/#account=tap.0', '#statement-note', '#statement-move', 'move-amount'],
                ['/#accounts', '#accounts-note', '#accounts-new', 'open-id']]) {
                const page = await open({ path: address, width });
                await says(page, note, /shown|Balances/);
                assert.equal(await page.isVisible(button), width < 1280, address);
                if (width === 1280) continue;
                await page.click(button);
                await soon(async () => assert.ok(await page.evaluate((id) =>
                    document.activeElement.id === id, field), field));
            }
    },

    async 'a press is not lost when the list changes before it is let go'({ service, open }) {
        for (const id of ['press.b', 'press.c']) await service.account(id, '100');
        const page = await open({ path: '/#accounts' });
        await page.fill('#accounts-prefix', 'press.');
        await soon(async () => assert.equal(await page.locator('#accounts-rows tr').count(), 2));
        await page.hover('tr[data-id="press.c"] a');
        await page.mouse.down();
        await service.account('press.d', '100');
        await page.waitForSelector('tr[data-id="press.d"]');
        await page.mouse.up();
        await says(page, '#statement-title', 'press.c');

        const hold = async (amount) => (await service.ask('POST', '/holds',
            { from: 'press.b', to: 'press.c', amount }, { 'Idempotency-Key': key() })).id;
        const [older, newer] = [await hold('1'), await hold('2')];
        await page.goto(`${service.url}/#holds&account=press.b`);
        await page.hover(`#holds-rows tr[data-seq="${newer}"] [data-verb=capture]`);
        await page.mouse.down();
        await service.ask('POST', `/holds/${older}/release`, {}, { 'Idempotency-Key': key() });
        await page.waitForSelector(`#holds-rows tr[data-seq="${older}"]`, { state: 'detached' });
        await page.mouse.up();
        await soon(async () => assert.equal(await page.inputValue('#move-entry'), String(newer)));
    },

    async 'on paper a statement has no form, and a receipt stands alone'({ service, open }) {
        await service.account('paper', '100');
        const page = await open({ path: '/#account=paper' });
        await says(page, '#statement-note', /shown/);
        await page.emulateMedia({ media: 'print' });
        for (const gone of ['.top', '#move', '#statement-csv', '#statement-from'])
            assert.equal(await page.isVisible(gone), false, gone);
        assert.equal(await page.isVisible('#statement-rows td'), true);
        await page.emulateMedia({ media: 'screen' });
        await page.fill('#move-amount', '1');
        await page.click('#move-send');
        await says(page, '#receipt-what', '1.00 USD deposited to paper');
        await page.emulateMedia({ media: 'print' });
        await page.evaluate(() => document.body.classList.add('receipt-alone'));
        assert.equal(await page.isVisible('#receipt-what'), true);
        assert.equal(await page.isVisible('#statement'), false);
    },

    async 'forced colours, no motion, and a font twice as large'({ service, open }) {
        await service.account('large', '100');
        const page = await open({ width: 640 });
        await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
        await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
        for (const address of ['#', '#accounts', '#account=large', '#entries', '#entry=1', '#holds',
            '#ledgers', '#servers', '#machinery', '#api']) {
            await page.evaluate((hash) => (location.hash = hash), address);
            await page.waitForTimeout(300);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 640,
                address);
        }
        for (const path of ['/', '/tokens.html', '/lab', '/lab/concurrency', '/lab/trace']) {
            const other = await open({ path, live: false, width: 640 });
            await other.evaluate(() => (document.documentElement.style.fontSize = '200%'));
            await other.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
            await other.waitForTimeout(1000);
            assert.equal(await other.evaluate(() => document.documentElement.scrollWidth), 640,
                path);
            // The view that is open has a line of its own, and no other has one.
            const [here, there] = await other.$$eval('.places a', (links) =>
                [true, false].map((is) => [...new Set(links.filter((link) =>
                    link.hasAttribute('aria-current') === is).map((link) =>
                    getComputedStyle(link).borderBottomColor))]));
            const below = await other.$eval('.top', (top) => getComputedStyle(top).backgroundColor);
            assert.ok(there.length === 1 && there[0] === below && here[0] !== below,
                `${path}: ${here}, ${there} on ${below}`);
        }
    },
};
