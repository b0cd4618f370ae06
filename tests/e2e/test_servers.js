// SPDX-License-Identifier: MIT
// The view of servers: the one that there is, as it is; more of them, as the service would tell it.

import assert from 'node:assert/strict';

import { read, says, soon, table, violations } from './browser.js';

/** What GET /v1/servers says of two servers, of which one has not been heard for a while. */
export const TWO = { servers: [
    { server: 3, database: 'default', url: 'http://10.0.0.3:8080', this: true,
        entered_at: '2026-11-26T09:00:00.5Z', beat_age_ms: 120, entries_per_second: 1234,
        ledgers: [{ ledger: 'main', database: 'default', epoch: 4, state: 'running' }] },
    { server: 4, database: 'default', url: 'http://10.0.0.4:8080', this: false,
        entered_at: '2026-11-26T09:30:00.25Z', beat_age_ms: 1700, entries_per_second: 0,
        ledgers: [{ ledger: 'savings', database: 'default', epoch: 7, state: 'running' }] }],
free: [{ ledger: 'old', database: 'default', epoch: 2, state: 'opening' }] };

/** The same two with another database, in which the first one has the other's number. */
const APART = { servers: [...TWO.servers,
    { ...TWO.servers[0], server: 4, database: 'west', entries_per_second: 56,
        ledgers: [{ ledger: 'trips', database: 'west', epoch: 1, state: 'running' }] },
    { ...TWO.servers[1], server: 5, database: 'west', beat_age_ms: 80, ledgers: [] }],
free: [] };

/** Answer for the service: `state.told` to whoever asks for servers; owners are asked for. */
export async function tell(page, state) {
    const json = (route, status, body) =>
        route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
    await page.route('**/v1/servers', (route) => json(route, 200, state.told));
    await page.route('**/v1/ledgers/*/owner', (route) => {
        state.asked = [new URL(route.request().url()).pathname, route.request().postDataJSON()];
        return json(route, ...state.answer);
    });
}

export const servers = {
    async 'the only server is shown, and what a second one would bring'({ service, open }) {
        const page = await open();
        await page.click('.places a[data-view=servers]');
        await says(page, '#servers-note', /^1 server, \d+ ledgers?\.$/);
        await says(page, '#servers-rows th', /answers this page.*http:/);
        await says(page, '#servers-rows .beat', 'live');
        assert.match(await read(page, '#servers-alone'), /This is the only one/);
        assert.ok(await page.isVisible('#servers-alone'));
        await says(page, '#placed-rows', /main.*Server \d+running/);
        assert.equal(await page.locator('#placed-rows button').count(), 0);
        await service.request('POST', '/v1/ledgers', { name: 'placed.later' });
        await says(page, '#placed-rows', /placed\.later/); // by itself
    },

    async 'a ledger is moved to another server, after a question'({ open }) {
        const page = await open();
        const state = { told: TWO, answer: [202, { ledger: 'main', owner: 3, wanted: 4 }] };
        await tell(page, state);
        await page.evaluate(() => (location.hash = '#servers'));
        await says(page, '#servers-note', '2 servers, 3 ledgers, 1 of them without a server.');
        assert.equal(await page.isVisible('#servers-alone'), false);
        await says(page, '#beat-default-3', 'live');
        await says(page, '#beat-default-4', 'silent for 1.7 s');
        await page.focus('[data-ledger=main]');
        await page.keyboard.press('Enter');
        assert.deepEqual(await page.$$eval('#place-server option', (options) =>
            options.map(({ textContent }) => textContent)), ['Server 4, http://10.0.0.4:8080']);
        assert.deepEqual(await violations(page), []);
        state.answer = [403, { code: 'forbidden', detail: '' }];
        await page.click('#place-send');
        await says(page, '#place-error', /^This token may not do that/);
        state.answer = [202, { ledger: 'main', owner: 3, wanted: 4 }];
        state.told = structuredClone(TWO);
        state.told.servers[1].ledgers.unshift(...state.told.servers[0].ledgers.splice(0));
        await page.click('#place-send');
        assert.deepEqual(state.asked, ['/v1/ledgers/main/owner', { server: 4 }]);
        await soon(async () => {
            const rows = await table(page, '#placed-rows');
            assert.deepEqual(rows.map(([name, server]) => [name, server]), [
                ['mainin view', 'Server 4running'], ['savings', 'Server 4running'],
                ['old', 'none yetopening']]);
        });
        assert.equal(await page.evaluate(() => document.activeElement.dataset.ledger), 'main');
        assert.deepEqual(await violations(page), []);
    },

    async 'of several databases each has its own numbers'({ open }) {
        const page = await open();
        const state = { told: APART, answer: [202, { ledger: 'trips', owner: 4, wanted: 5 }] };
        await tell(page, state);
        await page.evaluate(() => (location.hash = '#servers'));
        await says(page, '#servers-note', '2 servers, 3 ledgers.');
        assert.deepEqual((await table(page, '#servers-rows')).map((row) => row.slice(0, 4)), [
            ['Server 3answers this pagehttp://10.0.0.3:8080database default', 'live', '1', '1,234'],
            ['Server 4http://10.0.0.4:8080database default', 'silent for 1.7 s', '1', '0'],
            ['Server 4answers this pagehttp://10.0.0.3:8080database west', 'live', '1', '56'],
            ['Server 5http://10.0.0.4:8080database west', 'live', '0', '0']]);
        await page.click('[data-ledger=trips]');
        assert.deepEqual(await page.$$eval('#place-server option', (options) =>
            options.map(({ textContent }) => textContent)), ['Server 5, http://10.0.0.4:8080']);
        await page.click('#place-send');
        await soon(async () => assert.deepEqual(state.asked,
            ['/v1/ledgers/trips/owner', { server: 5 }]));
        assert.deepEqual(await violations(page), []);
    },

    async 'one that is leaving takes nothing any more'({ open }) {
        const page = await open();
        const state = { told: structuredClone(TWO) };
        Object.assign(state.told.servers[1], { beat_age_ms: 80, leaving: true });
        await tell(page, state);
        await page.evaluate(() => (location.hash = '#servers'));
        await says(page, '#beat-default-3', 'live');
        await says(page, '#beat-default-4', 'leaving');
        assert.deepEqual(await page.$$eval('#placed-rows button', (buttons) =>
            buttons.map(({ dataset }) => dataset.ledger)), ['savings', 'old']);
        assert.deepEqual(await violations(page), []);
    },

    async 'nobody looks: the servers are not asked for'({ open }) {
        const page = await open({ path: '/#servers' });
        await says(page, '#servers-note', /server/);
        await page.click('.places a[data-view=overview]');
        await soon(async () => assert.ok(await page.isVisible('.tiles')));
        let asked = 0;
        page.on('request', (request) => (asked += request.url().endsWith('/v1/servers')));
        await page.waitForTimeout(4500);
        assert.equal(asked, 0);
    },
};
