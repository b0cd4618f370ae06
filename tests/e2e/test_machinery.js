// SPDX-License-Identifier: MIT
// The machinery of the ledger, live, and where the time of an answer went.

import assert from 'node:assert/strict';

import { readTiming, showMs } from '../../web/timing.js';
import { count, read, says, soon, table, violations } from './browser.js';
import { fill } from './test_money.js';

const STAGES = ['parse', 'queue', 'decide', 'commit', 'answer', 'network'];

/** Bring it into view, and wait until it has been drawn. */
async function look(page, strategy = 'owner') {
    await page.evaluate(() => (location.hash = '#machinery'));
    await says(page, '#machinery-strategy', strategy);
}

async function pay(page, to, amount) {
    await fill(page, 'deposit', { to, amount });
    await page.click('#move-send');
    await says(page, '#answer-list', /^201/);
}

/** Of the last answer: [[stage, text], ...]. */
async function timing(page) {
    return page.$$eval('#answer-list li:last-child > .timing li', (items) =>
        items.map((item) => [item.dataset.stage, item.textContent.trim()]));
}

const width = (page) => page.evaluate(() => document.documentElement.scrollWidth);

export const machinery = {
    'stages are read and durations shown'() {
        assert.deepEqual(readTiming('parse;dur=0.021, commit;dur=12.5'),
            [{ name: 'parse', ms: 0.021 }, { name: 'commit', ms: 12.5 }]);
        assert.deepEqual(readTiming('parse;desc="no place"'), []);
        assert.deepEqual(readTiming(null), []);
        for (const [ms, text] of [[0.00142, '1.4 µs'], [0.0213, '21 µs'], [1.2345, '1.23 ms'],
            [61.4, '61 ms'],
            [61400, '61 s']])
            assert.equal(showMs(ms), text);
    },

    async 'where the time of a transfer went'({ service, open }) {
        await service.account('timed');
        const page = await open();
        await pay(page, 'timed', '1.00');
        const stages = await timing(page);
        assert.deepEqual(stages.map(([name]) => name), STAGES);
        for (const [name, text] of stages)
            assert.match(text, new RegExp(`^${name} [\\d.]+ (µs|ms)$`));
        assert.equal(await page.$$eval('.timing-bar rect', (parts) => parts.length), STAGES.length);
        const whole = await page.$$eval('.timing-bar rect', (parts) =>
            parts.reduce((sum, part) => sum + Number(part.getAttribute('width')), 0));
        assert.equal(whole, 1000);
        // A replay is looked up, not decided again; a refusal is decided, too.
        await page.click('#answer-again');
        await says(page, '#answer-verdict', /identical/);
        assert.deepEqual((await timing(page)).map(([name]) => name),
            ['parse', 'ledger', 'answer', 'network']);
        await fill(page, 'withdraw', { from: 'timed', amount: '500' });
        await page.click('#move-send');
        await says(page, '#answer-list', /^422/);
        assert.deepEqual((await timing(page)).map(([name]) => name), STAGES);
    },

    async 'it moves with the ledger'({ service, open }) {
        await service.account('turning');
        const page = await open();
        await look(page);
        await says(page, '#machinery-how', /^One coroutine owns all accounts/);
        await says(page, '#machinery-turns', /^\d+ of 1,024 places taken$/);
        await says(page, '#machinery-coroutines', /^\d+ alive, in the whole service: \d+ running/);
        const rows = await table(page, '#machinery-waits');
        assert.ok(rows.some(([name, on]) => name === 'ledger owner' && on === 'a message'),
            JSON.stringify(rows));
        const drawn = () => page.$eval('#machinery-sizes',
            (node) => node.getAttribute('aria-label'));
        const before = await drawn();
        for (let i = 0; i < 5; i++) await service.move('deposit', 'turning', '1');
        await soon(async () => assert.notEqual(await drawn(), before));
        await says(page, '#machinery-last', /^\d+ in [\d.]+ (µs|ms)$/);
        await says(page, '#machinery-rate', /a second$/);
        await says(page, '#machinery-waiting', '0 entries');
    },

    async 'a sharded ledger shows its mutexes'({ service, open }) {
        await service.request('POST', '/v1/ledgers', { name: 'm.sharded', strategy: 'sharded' });
        const page = await open();
        await page.goto(`${service.url}/?ledger=m.sharded`);
        await look(page, 'sharded');
        await says(page, '#machinery-turns', /^\d+ of 256 held, \d+ waiting$/);
        await says(page, '#machinery-busiest', /^(Nobody waits|Busiest: )/);
        await page.click('#machinery-code-title');
        await says(page, '#machinery-source', /sharded_strategy = /);
    },

    async 'its code is read with the keyboard'({ open }) {
        const page = await open();
        await look(page);
        await says(page, '#machinery-code-title', 'The code of owner');
        await page.focus('#machinery-code-title');
        await page.keyboard.press('Enter');
        await says(page, '#machinery-source', /owner_strategy = /);
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'machinery-source');
    },

    async 'nobody looks: nothing is asked'({ open }) {
        const page = await open();
        let requests = 0;
        const asked = () => requests;
        page.on('request', (request) => (requests += request.url().endsWith('/machinery')));
        await new Promise((resolve) => setTimeout(resolve, 1500));
        assert.equal(asked(), 0);
        await look(page);
        await soon(() => assert.ok(asked() > 1));
        await page.click('.places a[data-view=accounts]');
        await soon(async () => assert.ok(await page.isVisible('#open')));
        const then = asked();
        await new Promise((resolve) => setTimeout(resolve, 2500));
        assert.equal(asked(), then);
    },

    async 'axe finds nothing in it, and it fits'({ service, open }) {
        await service.account('shown');
        for (const [scheme, pixels] of [['light', 1280], ['dark', 768], ['light', 320],
            ['dark', 320]]) {
            const page = await open({ scheme, width: pixels });
            await pay(page, 'shown', '1');
            await look(page);
            await page.click('#machinery-code-title');
            await says(page, '#machinery-source', /owner_strategy = /);
            assert.deepEqual(await violations(page), [], `${scheme}, ${pixels}`);
            assert.equal(await width(page), pixels);
            assert.ok(await count(page, '#read-gaps') === 0);
            assert.equal(await read(page, '#machinery-note'), '');
        }
    },
};
