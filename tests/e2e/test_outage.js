// SPDX-License-Identifier: MIT
// The page says when it is cut off, and catches up without a gap.

import assert from 'node:assert/strict';

import { count, read, says, soon, table, violations } from './browser.js';
import { relay } from './proxy.js';
import { Service, wait } from './service.js';

/** The tail is gapless and ends where the journal ends; the page has counted no gap or repeat. */
async function caughtUp(page, service) {
    await says(page, '#position', (await service.seq()).toLocaleString('en'));
    await says(page, '#link', 'live');
    /* The table is drawn a few times a second, after the position. */
    await soon(async () => {
        const seqs = (await table(page, '#journal-rows')).map((row) => Number(row[0]));
        assert.equal(seqs[0], await service.seq());
        seqs.forEach((seq, i) => assert.equal(seq, seqs[0] - i));
    });
    assert.equal(await read(page, '#read-gaps'), '0');
    assert.equal(await read(page, '#read-repeats'), '0');
}

/** The position less the entries that were read: where the page began; it never changes. */
async function unread(page) {
    const [position, entries] = await page.$$eval('#position, #read-entries',
        (all) => all.map((each) => Number(each.textContent.replaceAll(',', ''))));
    return position - entries;
}

export const outage = {
    async 'twenty lost connections under traffic: no gap, no repeat'({ service, open }) {
        await service.account('cut');
        const network = await relay(service.url);
        try {
            const page = await open({ url: network.url });
            await page.fill('#accounts-prefix', 'cut');
            const before = await unread(page);
            let connections = 1;
            for (let i = 0; i < 20; i++) {
                await Promise.all(
                    Array.from({ length: 20 }, () => service.move('deposit', 'cut', '1')));
                network.cut();
                await page.waitForTimeout(Math.random() * 200);
                /* Some cuts come while it connects, but some streams are to run before the next. */
                if (i % 3 === 0) {
                    await soon(async () =>
                        assert.ok(await count(page, '#read-connections') > connections));
                    connections = await count(page, '#read-connections');
                }
            }
            await says(page, 'tr[data-id="cut"] .balance', '4.00');
            await caughtUp(page, service);
            await soon(async () => assert.equal(await unread(page), before));
        } finally {
            network.close();
        }
    },

    async 'a service that hangs is called stale, then live again'({ service, open }) {
        await service.account('hang', '100');
        const page = await open();
        service.signal('SIGSTOP');
        try {
            await says(page, '#banner-text', /^No answer for \d+ s\. .* as of seq [\d,]+\.$/);
            await says(page, '#link', 'stale');
        } finally {
            service.signal('SIGCONT');
        }
        await says(page, '#link', 'live');
        await soon(async () => assert.equal(await page.isVisible('#banner'), false));
        await service.move('deposit', 'hang', '1');
        await caughtUp(page, service);
    },

    async 'a view that was not opened before opens while the service hangs'({ service, open }) {
        await service.account('later', '100');
        const page = await open();
        await page.waitForFunction(() => performance.getEntriesByType('resource')
            .some(({ name }) => name.endsWith('/machinery.js'))); // which is loaded ahead last
        await page.waitForLoadState('load');
        service.signal('SIGSTOP');
        try {
            for (const [address, part] of [['#account=later', '#statement'], ['#entry=2', '#entry'],
                ['#holds', '#holds'], ['#ledgers', '#ledgers'], ['#machinery', '#machinery']]) {
                await page.evaluate((hash) => (location.hash = hash), address);
                await soon(async () => assert.ok(await page.isVisible(part), address));
                assert.equal(await page.isVisible('#unloaded'), false, address);
            }
        } finally {
            service.signal('SIGCONT');
        }
        await says(page, '#machinery-strategy', 'owner');
        await page.goBack();
        await says(page, '#ledgers-note', /ledger/);
    },

    async 'code that does not come is told, and comes with the service'({ service, open }) {
        const page = await open({ path: '/lab/none', live: false }); // of the service, and empty
        await page.route('**/ledgers.js', (route) => route.abort()); // nor is it loaded ahead
        await page.goto(`${service.url}/#token=${service.token}`);
        await says(page, '#link', 'live');
        await service.stop('SIGKILL');
        await page.evaluate(() => (location.hash = '#ledgers'));
        await says(page, '#unloaded-title', 'This view could not be loaded');
        await soon(async () => assert.ok(await page.isVisible('#unloaded')));
        assert.deepEqual(await violations(page), []);
        await page.click('.places a[data-view=overview]');
        await soon(async () => assert.ok(await page.isVisible('.tiles')));
        await page.goBack();
        await soon(async () => assert.ok(await page.isVisible('#unloaded-again')));
        await page.unroute('**/ledgers.js');
        await service.start();
        await says(page, '#ledgers-note', /ledger/);
        await soon(async () => assert.equal(await page.isVisible('#unloaded'), false));
    },

    async 'killed, started again: the page says so, and misses nothing'({ service, open }) {
        await service.account('phoenix', '10000');
        const page = await open();
        await page.fill('#accounts-prefix', 'phoenix');
        await says(page, 'tr[data-id="phoenix"] .balance', '100.00');
        const seq = await service.seq();
        await says(page, '#position', seq.toLocaleString('en'));
        await service.stop('SIGKILL');
        await says(page, '#banner-text', new RegExp(
            `^Disconnected\\. .* as of seq ${seq.toLocaleString('en')}\\.`));
        await says(page, 'tr[data-id="phoenix"] .balance', '100.00');
        await service.start();
        for (let i = 0; i < 150; i++) await service.move('withdraw', 'phoenix', '1');
        await says(page, 'tr[data-id="phoenix"] .balance', '98.50');
        await caughtUp(page, service);
        await soon(async () => assert.equal(await page.isVisible('#banner'), false));
        await says(page, '#sum-figure', '0');
    },

    async 'another ledger at the same address: the page starts over'({ open }) {
        const service = new Service(['--auth', 'off']);
        try {
            await service.start();
            await service.account('old', '100');
            const page = await open({ service, token: null });
            await says(page, 'tr[data-id="old"] .balance', '1.00');
            await service.stop();
            service.forget();
            await service.start();
            await says(page, '#accounts-note', /^No account here yet/);
            await says(page, '#position', '0');
            await service.account('new', '200');
            await says(page, 'tr[data-id="new"] .balance', '2.00');
            await caughtUp(page, service);
        } finally {
            await service.remove();
        }
    },

    async 'pages that knock while it starts and stops are answered, or not'({ service }) {
        let knocking = true;
        const knock = async () => {
            while (knocking) {
                await fetch(`${service.url}/metrics`).then((answer) => answer.text(), () => {});
                await wait(1);
            }
        };
        const knockers = Array.from({ length: 8 }, knock);
        try {
            for (let i = 0; i < 5; i++) {
                assert.equal(await service.stop(), 0);
                await service.start();
            }
        } finally {
            knocking = false;
            await Promise.all(knockers);
        }
    },

    async 'a service that is not there yet'({ service, open }) {
        const page = await open();
        assert.equal(await service.stop(), 0);
        await says(page, '#link', 'disconnected');
        await page.waitForTimeout(3000);
        await service.start();
        await page.click('#banner-retry').catch(() => {}); // or it has found it by itself
        await caughtUp(page, service);
    },
};
