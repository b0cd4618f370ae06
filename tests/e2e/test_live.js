// SPDX-License-Identifier: MIT
// The page follows the ledger: balances, the journal, statements, figures, at any rate.

import assert from 'node:assert/strict';

import { count, read, says, soon, table } from './browser.js';
import { key } from './service.js';

export const live = {
    async 'a transfer from outside is seen without a reload'({ service, open }) {
        await service.account('l.alice', '10000');
        await service.account('l.bob');
        const page = await open();
        await page.fill('#accounts-prefix', 'l.');
        await says(page, 'tr[data-id="l.alice"] .balance', '100.00');
        const { id } = await service.ask('POST', '/transfers',
            { from: 'l.alice', to: 'l.bob', amount: '2500' }, { 'Idempotency-Key': key() });
        await says(page, 'tr[data-id="l.alice"] .balance', '75.00');
        await says(page, 'tr[data-id="l.bob"] .balance', '25.00');
        await says(page, `#journal-rows tr[data-seq="${id}"] .what`, 'l.alice → l.bob');
        await says(page, `#journal-rows tr[data-seq="${id}"] td:last-child`, '25.00 USD');
        await service.account('l.carol');
        await says(page, 'tr[data-id="l.carol"] .balance', '0.00');
    },

    async 'a statement has a running balance, and grows'({ service, open }) {
        await service.account('st', '10000');
        for (let i = 0; i < 60; i++) await service.move('withdraw', 'st', '100');
        const page = await open();
        await page.fill('#accounts-prefix', 'st');
        await page.focus('tr[data-id="st"] a');
        await page.keyboard.press('Enter');
        await says(page, '#statement-balance', '40.00');
        await page.click('#statement-older');
        await says(page, '#statement-note', /^6[12] shown/);
        await service.move('deposit', 'st', '5');
        await says(page, '#statement-rows tr:first-child td:nth-child(4)', '+0.05');
        const rows = await soon(async () => {
            const shown = (await table(page, '#statement-rows'))
                .filter((row) => row[3] !== '+0.00');
            assert.equal(shown.length, 62);
            return shown.map((row) => row.slice(3).map((text) => Number(text.replace('−', '-'))));
        });
        for (let i = 0; i + 1 < rows.length; i++)
            assert.equal((rows[i + 1][1] + rows[i][0]).toFixed(2), rows[i][1].toFixed(2));
        await page.focus('#statement-rows a');
        await page.keyboard.press('Escape');
        await soon(async () => {
            assert.equal(await page.isVisible('#statement'), false);
            assert.equal(await page.evaluate(() => document.activeElement.textContent), 'st');
        });
    },

    async 'text of the ledger stays text'({ service, open }) {
        const evil = '<script>noteSin("ran")</script><img src=x onerror=noteSin("ran")>';
        await service.account('evil', '100', { metadata: { note: evil } });
        await service.move('deposit', 'evil', '100', { metadata: { note: evil } });
        const page = await open();
        await page.fill('#accounts-prefix', 'evil');
        await page.click('tr[data-id="evil"] a');
        await says(page, '#statement-rows', /<img src=x/);
        await says(page, '#statement-facts', /<script>/);
        assert.equal(await page.locator('main img, dialog img, main script').count(), 0);
    },

    async 'accounts are paged and filtered'({ service, open }) {
        for (let i = 10; i < 45; i++) await service.account(`page.${i}`);
        const page = await open();
        await page.fill('#accounts-prefix', 'page.');
        await says(page, '#accounts-rows tr:last-child th', 'page.34');
        await page.click('#accounts-next');
        await says(page, '#accounts-rows tr:first-child th', 'page.35');
        await soon(async () => {
            assert.equal((await table(page, '#accounts-rows')).length, 10);
            assert.equal(await page.isDisabled('#accounts-next'), true);
        });
        await page.click('#accounts-previous');
        await says(page, '#accounts-rows tr:first-child th', 'page.10');
        await page.fill('#accounts-prefix', 'page.4');
        await says(page, '#accounts-rows tr:first-child th', 'page.40');
        await soon(async () => assert.equal((await table(page, '#accounts-rows')).length, 5));
    },

    async 'amounts between accounts that are not shown have their decimals'({ service, open }) {
        await service.account('unseen.a', '500');
        await service.account('unseen.b');
        const page = await open();
        await page.fill('#accounts-prefix', 'no such account');
        await says(page, '#sum-figure', '0');
        await page.reload();
        await says(page, '#sum-figure', '0');
        await page.fill('#accounts-prefix', 'no such account');
        const { id } = await service.ask('POST', '/transfers',
            { from: 'unseen.a', to: 'unseen.b', amount: '105' }, { 'Idempotency-Key': key() });
        await says(page, `#journal-rows tr[data-seq="${id}"] td:last-child`, '1.05 USD');
    },

    async 'the journal can be paused and filtered'({ service, open }) {
        await service.account('jo', '100');
        const page = await open();
        await page.click('#journal-pause');
        const top = await read(page, '#journal-rows tr:first-child td');
        await service.move('deposit', 'jo', '1');
        await says(page, '#journal-note', 'Paused: 1 more since.');
        assert.equal(await read(page, '#journal-rows tr:first-child td'), top);
        await page.click('#journal-pause');
        await says(page, '#journal-rows tr:first-child td', String(await service.seq()));
        await service.request('POST', '/v1/ledgers/main/accounts/jo/withdraw',
            { amount: '99999' }, { 'Idempotency-Key': key() });
        await page.selectOption('#journal-kind', 'rejected');
        await says(page, '#journal-rows tr:first-child .what',
            'jo: There is not enough in the account insufficient_funds');
        await soon(async () => {
            const kinds = await page.$$eval('#journal-rows tr', (rows) =>
                rows.map((row) => row.dataset.kind));
            assert.ok(kinds.length > 0 && kinds.every((kind) => kind === 'rejected'), `${kinds}`);
        });
    },

    async 'two thousand transfers together: all read, few rows, right balances'(
        { service, open }) {
        await service.account('fast');
        const page = await open();
        await page.fill('#accounts-prefix', 'fast');
        const before = await count(page, '#read-entries');
        for (let i = 0; i < 40; i++)
            await Promise.all(
                Array.from({ length: 50 }, () => service.move('deposit', 'fast', '1')));
        await says(page, 'tr[data-id="fast"] .balance', '20.00');
        const last = await service.seq();
        await says(page, '#tile-seq', last.toLocaleString('en'));
        await soon(async () => {
            assert.ok(await count(page, '#read-entries') >= before + 2000);
            const seqs = (await table(page, '#journal-rows')).map((row) => Number(row[0]));
            assert.deepEqual(seqs, Array.from({ length: 100 }, (_, i) => last - i));
        });
        assert.equal(await read(page, '#read-gaps'), '0');
        await says(page, '#sum-figure', '0');
    },

    async 'rate and latency are measured and drawn'({ service, open }) {
        await service.account('rate');
        const page = await open();
        await soon(async () => { // while money moves: a quiet moment has no percentiles
            for (let i = 0; i < 10; i++) await service.move('deposit', 'rate', '1');
            assert.match(await read(page, '#tile-p50'), /^[\d.,]+k? ms$/);
        });
        await soon(async () => {
            await service.move('deposit', 'rate', '1');
            assert.match(await page.getAttribute('#chart-rate', 'aria-label'), /committed: \d/);
            for (const at of ['#chart-rate .line.committed', '#chart-latency .line.tail']) {
                const size = await page.$eval(at, (line) => {
                    const { width, height } = line.getBBox();
                    return Math.min(width, height);
                });
                assert.ok(size > 0, at);
            }
        });
    },

    async 'a second ledger has a page of its own'({ service, open }) {
        await service.request('POST', '/v1/ledgers', { name: 'second', strategy: 'sharded' });
        await service.account('main.only', '100');
        await service.request('POST', '/v1/ledgers/second/accounts',
            { id: 'second.only', asset: 'EUR/2' });
        const page = await open();
        await page.selectOption('#ledger-choice', 'second');
        await page.waitForURL(/\?ledger=second/);
        await says(page, '#link', 'live');
        await says(page, 'tr[data-id="second.only"] .balance', '0.00');
        await soon(async () =>
            assert.equal(await page.inputValue('#ledger-choice'), 'second'));
        assert.equal(await read(page, 'tr[data-id="main.only"]'), null);
        await service.request('POST', '/v1/ledgers/second/accounts/second.only/deposit',
            { amount: '150' }, { 'Idempotency-Key': key() });
        await says(page, 'tr[data-id="second.only"] .balance', '1.50');
        await service.move('deposit', 'main.only', '5');
        await page.selectOption('#ledger-choice', 'main');
        await page.waitForURL((url) => !url.search.includes('second'));
        await says(page, '#link', 'live');
        /* Other tests' accounts may fill the first page. */
        await page.fill('#accounts-prefix', 'main.only');
        await says(page, 'tr[data-id="main.only"] .balance', '1.05');
    },
};
