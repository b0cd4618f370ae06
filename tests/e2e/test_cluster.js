// SPDX-License-Identifier: MIT
// The parts of a cluster that was started to be broken: a stand-in for deploy/cluster is asked, and
// the server is really killed, while the page's payments go on.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { read, says, soon, table, violations } from './browser.js';
import { Service } from './service.js';

const figure = async (page, id) => Number((await read(page, `#load-${id}`)).replaceAll(',', ''));

/** With a service whose parts can be killed, as the stand-in has it. */
async function broken(open, test) {
    const state = mkdtempSync(join(tmpdir(), 'teller-e2e-'));
    const service = new Service(['--cluster-control', resolve('tests/service/control_standin')]);
    process.env.CLUSTER = state;
    try {
        await service.start();
        const page = await open({ service, path: '/#servers' });
        await soon(async () => assert.equal((await table(page, '#parts-rows')).length, 5));
        await test(page, service);
    } finally {
        delete process.env.CLUSTER;
        await service.remove();
        rmSync(state, { recursive: true, force: true });
    }
}

export const cluster = {
    'a part is killed, and started again': ({ open }) => broken(open, async (page) => {
        await says(page, '#parts-note', 'Everything runs.');
        await says(page, '[data-part=node2]', /standby in step16 B/);
        await page.focus('#part-kill-teller2');
        await page.keyboard.press('Enter');
        await says(page, '#parts-note', 'Dead: teller2.');
        await says(page, '[data-part=teller2]', /dead/);
        assert.deepEqual(await violations(page), []);
        await page.click('#part-start-teller2');
        await says(page, '#parts-note', 'Everything runs.');
        await page.click('#part-kill-postgres1'); // of the primary; the stand-in does not know it
        await says(page, '#parts-note', /^No part of the cluster is called that/);
        assert.equal(await page.locator('[data-part=node2] button').count(), 1);
    }),

    'nothing acknowledged is lost by it': ({ open }) => broken(open, async (page, service) => {
        await page.click('#load-toggle');
        await soon(async () => assert.ok(await figure(page, 'acknowledged') > 20));
        await service.stop('SIGKILL');
        await page.waitForTimeout(1500);
        const before = await figure(page, 'acknowledged');
        await service.start();
        await soon(async () => assert.ok(await figure(page, 'acknowledged') > before + 20));
        await page.click('#load-toggle');
        await says(page, '#load-toggle', 'Start payments');
        await soon(async () => assert.equal(await figure(page, 'journal'),
            await figure(page, 'acknowledged')));
        assert.equal(await figure(page, 'lost'), 0);
        assert.equal(await figure(page, 'doubled'), 0);
        assert.ok(parseFloat(await read(page, '#load-pause')) >= 1);
        const { items } = await service.ask('GET', '/accounts?prefix=broken-');
        assert.equal(Number(items[0].balance), await figure(page, 'acknowledged'));
        assert.deepEqual(await violations(page), []);
    }),

    async 'of any other service the page asks nothing of the kind'({ open }) {
        const page = await open({ path: '/#servers' });
        await says(page, '#servers-note', /server/);
        assert.ok(!page.seen.some((line) => /v1\/cluster|cluster\.js/.test(line)));
        assert.equal(await page.locator('#parts-rows').count(), 0);
    },
};
