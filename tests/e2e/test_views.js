// SPDX-License-Identifier: MIT
// What is opened has an address; long things stay in view; other ledgers are told apart; phones and
// large fonts.

import assert from 'node:assert/strict';

import { read, says, soon, table } from './browser.js';
import { key } from './service.js';

const NINES = '9'.repeat(38);
const ADDRESSES = ['', '#accounts', '#account=calm.1', '#entries', '#entry=2', '#holds', '#ledgers',
    '#servers', '#machinery', '#api=deposit'];

/** How far the page has jumped while it was loaded: Chromium's cumulative layout shift. */
async function shiftOf(page) {
    return page.evaluate(() => new Promise((resolve) => {
        const shift = { sum: 0, of: [] };
        new PerformanceObserver((list) => {
            for (const { value, hadRecentInput, sources } of list.getEntries()) {
                if (hadRecentInput) continue;
                shift.sum += value;
                shift.of.push(...sources.map(({ node, previousRect: from, currentRect: to }) =>
                    `${node?.id || node?.className || node?.nodeName} ${from.y} ${to.y}`));
            }
        }).observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => resolve(shift), 500);
    }));
}

const width = (page) => page.evaluate(() => document.documentElement.scrollWidth);

/** Is all of an element within the window? */
async function inView(page, selector) {
    return page.$eval(selector, (node) => {
        node.scrollIntoView({ block: 'center' });
        const { left, right } = node.getBoundingClientRect();
        return left >= 0 && right <= innerWidth + 0.5;
    });
}

export const views = {
    async 'an account and an entry have an address'({ service, open }) {
        await service.account('addr/ess é', '100');
        const { id } = await service.ask('POST', '/holds',
            { from: 'addr/ess é', to: 'world:USD.2', amount: '40' },
            { 'Idempotency-Key': key() });
        const page = await open();
        await page.fill('#accounts-prefix', 'addr/');
        await page.click('tr[data-id="addr/ess é"] a');
        await says(page, '#statement-title', 'addr/ess é');
        const address = page.url();
        await page.reload();
        await says(page, '#statement-title', 'addr/ess é');
        await says(page, '#statement-balance', '1.00');
        await page.keyboard.press('Escape'); // nobody came from anywhere: to all accounts
        await soon(() => assert.equal(page.url(), `${service.url}/#accounts`));
        await page.goBack();
        await soon(() => assert.equal(page.url(), address));
        await says(page, '#statement-title', 'addr/ess é');
        await page.click('.places a[data-view=overview]');
        await soon(async () => assert.equal(await page.isVisible('.tiles'), true));
        await page.goto(`${service.url}/#entry=${id}`);
        await says(page, '#entry-title', `Entry ${id}: hold`);
        await says(page, '#entry-facts', /It isheld/);
        await page.click('#entry-acts [data-verb=release]');
        await page.click('#move-send');
        await says(page, '#receipt-what', `Hold ${id} is released: 0.40 USD can be used again`);
        await says(page, '#entry-postings .number', '0.40 USD');
        await page.goto(`${service.url}/#entry=99999999`);
        await says(page, '#entry-note', /has not come that far/);
    },

    async 'an entry is opened from the journal and from a statement'({ service, open }) {
        await service.account('opened', '500');
        const page = await open();
        const seq = await service.seq();
        await page.click(`#journal-rows tr[data-seq="${seq}"] a`);
        await says(page, '#entry-title', `Entry ${seq}: transfer`);
        await page.click('#entry-postings td:nth-child(2) a');
        await says(page, '#statement-title', 'opened');
        await page.click('#statement-rows a');
        await says(page, '#entry-title', `Entry ${seq}: transfer`);
    },

    async 'times have their date, and their zone'({ service, open }) {
        await service.account('dated', '100');
        const page = await open();
        await says(page, '#journal-rows tr:first-child .time',
            /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
        await says(page, '.journal th.zone', /^Time, UTC/);
    },

    async 'a statement goes on past a thousand rows'({ service, open }) {
        await service.account('long', '100');
        for (let i = 0; i < 12; i++)
            await service.ask('POST', '/transfers/batch', { transfers: Array.from({ length: 100 },
                () => ({ from: 'world:USD.2', to: 'long', amount: '1' })) });
        const page = await open();
        await page.goto(`${service.url}/#account=long`);
        await says(page, '#statement-balance', '13.00');
        for (let i = 0; i < 24; i++) {
            const note = await read(page, '#statement-note');
            await page.click('#statement-older');
            await soon(async () => assert.notEqual(await read(page, '#statement-note'), note));
        }
        await says(page, '#statement-note', /^1,000 shown, after 201 newer ones/);
        await soon(async () => assert.equal(await page.isVisible('#statement-older'), false));
        const last = (await table(page, '#statement-rows')).at(-1);
        assert.equal(last[3], '+1.00'); // the deposit that it began with
        await service.move('deposit', 'long', '5');
        await says(page, '#statement-note', /after 202 newer ones/);
        await page.click('#statement-newest');
        await says(page, '#statement-rows tr:first-child td:nth-child(4)', '+0.05');
    },

    async 'the focus stays where it is when the table is read again'({ service, open }) {
        await service.account('focus.b');
        const page = await open();
        await page.fill('#accounts-prefix', 'focus.');
        await page.focus('tr[data-id="focus.b"] a');
        await service.account('focus.a');
        await service.account('focus.c');
        await says(page, 'tr[data-id="focus.a"] .balance', '0.00');
        await says(page, 'tr[data-id="focus.c"] .balance', '0.00');
        assert.equal(await page.evaluate(() => document.activeElement.textContent), 'focus.b');
    },

    async 'there is no such ledger, and there are these'({ service, open }) {
        await service.request('POST', '/v1/ledgers', { name: 'elsewhere' });
        const page = await open({ live: false });
        await page.goto(`${service.url}/?ledger=nope#token=${service.token}`);
        await says(page, '#nowhere-title', 'There is no ledger "nope"');
        assert.equal(await page.isVisible('#main'), false);
        await page.click('#nowhere-list a:text-is("elsewhere")');
        await says(page, '#link', 'live');
        await says(page, '#tile-seq', '0');
    },

    async 'the figures are those of the ledger in view'({ service, open }) {
        await service.request('POST', '/v1/ledgers', { name: 'apart' });
        for (let i = 0; i < 5; i++)
            await service.request('POST', '/v1/ledgers/apart/accounts',
                { id: `only.${i}`, asset: 'EUR/2' });
        const page = await open({ live: false });
        await page.goto(`${service.url}/?ledger=apart#token=${service.token}`);
        await says(page, '#link', 'live');
        await says(page, '#tile-seq', '6'); // and the world's account
        await says(page, '#tile-epoch', /^6 accounts/);
        await service.account('noise', '100');
        for (let i = 0; i < 30; i++) await service.move('deposit', 'noise', '1');
        await page.waitForTimeout(2500);
        assert.equal(await read(page, '#tile-seq'), '6');
        await says(page, '#link-word', 'live');
        await says(page, '#tile-outcomes', /all ledgers$/);
    },

    async 'on a phone the statement has its amounts'({ service, open }) {
        await service.account('phone', '123456');
        const page = await open({ width: 320 });
        await page.goto(`${service.url}/#account=phone`);
        await says(page, '#statement-note', /shown/);
        for (const column of [1, 2, 4, 5])
            assert.ok(await inView(page, `#statement-rows td:nth-child(${column})`), `${column}`);
        assert.equal(await width(page), 320);
    },

    async 'on a phone no table is cut, no name is broken, and no room is left empty'(
        { service, open }) {
        await service.request('POST', '/v1/ledgers', { name: 'small' });
        const small = (path, body) => service.request('POST', `/v1/ledgers/small/${path}`, body,
            { 'Idempotency-Key': key() });
        for (const id of ['payer', 'payee']) await small('accounts', { id, asset: 'USD/2' });
        await small('accounts/payer/deposit', { amount: '12345' });
        await small('holds', { from: 'payer', to: 'payee', amount: '345' });
        const page = await open({ width: 320, path: '/?ledger=small' });
        for (const [address, table, note] of [
            ['#accounts', '#accounts', /^Balances change/],
            ['#account=payer', '#statement', /shown/],
            ['#entries', '#journal', /^The last/], ['#entry=5', '#entry', /^$/],
            ['#holds', '#holds', /1 open hold/], ['#ledgers', '#ledgers', /ledgers\.$/],
            ['#servers', '#servers', /^1 server/]]) {
            await page.evaluate((hash) => (location.hash = hash), address);
            await says(page, `${table}-note`, note);
            const seen = await page.$eval(`${table} .scroll`, (scroll) => ({
                over: scroll.scrollWidth - scroll.clientWidth,
                below: scroll.getBoundingClientRect().bottom -
                    scroll.querySelector('table').getBoundingClientRect().bottom,
                broken: [...scroll.querySelectorAll('a')].filter((link) =>
                    link.getClientRects().length > 1).map(({ textContent }) => textContent),
            }));
            assert.ok(seen.over <= 0 && seen.below < 8, `${address}: ${JSON.stringify(seen)}`);
            assert.deepEqual(seen.broken.filter((text) => text.length < 8), [], address);
        }
    },

    async '38 digits push nothing out of view'({ service, open }) {
        await service.account('digits.wide', null, { asset: 'WIDE/2' });
        await service.ask('POST', '/accounts/digits.wide/deposit', { amount: NINES },
            { 'Idempotency-Key': key() });
        for (const size of [1280, 320]) {
            const page = await open({ width: size });
            await page.fill('#accounts-prefix', 'digits.');
            await says(page, 'tr[data-id="digits.wide"] .balance', /^999,.*9\.99$/);
            assert.ok(await inView(page, 'tr[data-id="digits.wide"] .balance'));
            if (size > 1000) assert.ok(await inView(page, 'tr[data-id="digits.wide"] .seq'));
            assert.equal(await width(page), size);
            await page.goto(`${service.url}/#account=digits.wide`);
            await says(page, '#statement-note', /shown/);
            assert.ok(await inView(page, '#statement-rows td:nth-child(5)'));
        }
    },

    async 'the journal has its entries, whichever view came first'({ service, open }) {
        for (let i = 0; i < 120; i++) await service.account(`many.${i}`);
        const page = await open({ path: '/#accounts' });
        const seqs = async () => (await table(page, '#journal-rows')).map(([seq]) => Number(seq));
        for (const [view, count] of [['overview', 40], ['entries', 100]]) {
            await page.click(`.places a[data-view=${view}]`);
            const last = await service.seq();
            await soon(async () => assert.deepEqual(await seqs(),
                Array.from({ length: count }, (_, i) => last - i), view));
        }
        await says(page, '#journal-note', 'The last 100 entries.');
    },

    async 'the page is at most 100 KB, also with what it loads ahead'({ service, open }) {
        for (let i = 0; i < 25; i++) await service.account(`light.${i}`, '100');
        const page = await open();
        const loaded = () => page.evaluate(() => Object.fromEntries(performance.getEntries()
            .filter(({ transferSize }) => transferSize > 0).toReversed()
            .map(({ name, transferSize }) => [new URL(name).pathname, transferSize])));
        await soon(async () => assert.ok('/machinery.js' in await loaded())); // the last of it
        const sizes = await loaded();
        const sum = Object.values(sizes).reduce((before, size) => before + size, 0);
        assert.ok(sum > 50000 && sum <= 100 * 1024, `${sum}: ${JSON.stringify(sizes)}`);
    },

    ...Object.fromEntries(ADDRESSES.map((address) => [
        `/${address} does not jump while it is loaded`, async ({ service, open }) => {
            for (let i = 0; i < 12; i++) await service.account(`calm.${i}`, '100');
            for (const [width, height] of [[390, 844], [1280, 900]]) {
                const page = await open({ width, height, path: `/${address}` });
                await page.waitForTimeout(2000);
                assert.equal(await page.evaluate(() => scrollY), 0);
                assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BODY');
                const shift = await shiftOf(page);
                assert.ok(shift.sum <= 0.1,
                    `layout shift ${shift.sum} at ${width}: ${shift.of.join(', ')}`);
            }
        }])),

    async 'text grows with the font of the browser'({ service, open }) {
        await service.account('grown', '100');
        const page = await open();
        const size = () => page.evaluate(() =>
            ['body', '.note', 'td', 'button'].map((at) =>
                parseFloat(getComputedStyle(document.querySelector(at)).fontSize)));
        const before = await size();
        await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
        (await size()).forEach((after, i) =>
            assert.ok(Math.abs(after - 2 * before[i]) < 0.5, `${before[i]} became ${after}`));
        assert.equal(await width(page), 1280);
    },
};
