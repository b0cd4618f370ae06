// SPDX-License-Identifier: MIT
// The page of the flight recorder: of this service, and of a file.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { firstAfter, readTrace, whoRan } from '../../web/lab/trace_read.js';
import { LOOKS, read, says, soon, violations } from './browser.js';
import { wait } from './service.js';

const show = (open, options) => open({ path: '/lab/trace', live: false, ...options });
const bars = (page) => page.$$eval('#picture rect.slice', (found) => found.length);

/** Money moves until the page has its recording, whenever that began. */
async function record(service, page) {
    await page.click('#record');
    for (let on = true; on; on = await page.isDisabled('#record')) {
        await service.move('deposit', 'recorded', '1');
        await wait(20);
    }
    await says(page, '#told', /^[\d,]+ slices on \d+ workers? in /);
}

/** Of an example, recorded by running it. */
function recordExample(folder, name) {
    const file = join(folder, `${name}.json`);
    execFileSync('build/release/teller', ['lab', '--example', name],
        { env: { ...process.env, CORO_TRACE: file } });
    return file;
}

export const trace = {
    'a recording is read'() {
        const slice = (tid, name, ts, dur, coroutine) => ({ ph: 'X', pid: 1, tid, name, ts, dur,
            args: coroutine && { coroutine, then: 'sleep' } });
        const text = JSON.stringify({ traceEvents: [slice(1, 'b', 5, 2, 2), slice(0, 'a', 0, 4, 1),
            slice(0, 'asleep', 4, 6), { ph: 's', pid: 1, tid: 0, id: 1, ts: 3 },
            { ph: 'f', pid: 1, tid: 1, id: 1, ts: 5 }, { ph: 'X', pid: 2, tid: 1, ts: 0, dur: 4 }],
        otherData: { overwritten: 3 } });
        const read = readTrace(text);
        assert.deepEqual(read.lanes.map(({ slices }) => slices.map(({ name }) => name)),
            [['a', 'asleep'], ['b']]);
        assert.deepEqual(read.arrows, [{ from: { lane: 0, at: 3 }, to: { lane: 1, at: 5 } }]);
        assert.equal(read.end, 10);
        assert.equal(read.overwritten, 3);
        assert.deepEqual(whoRan(read, 1, 6), [{ name: 'a', times: 1, ran: 3, then: 'sleep' },
            { name: 'b', times: 1, ran: 1, then: 'sleep' }]);
        assert.equal(firstAfter(read.lanes[0].slices, 4), 1);
        assert.equal(readTrace('{"x":1}'), null);
        assert.equal(readTrace('no'), null);
    },

    async 'this service, and a closer look'({ service, open }) {
        await service.account('recorded');
        const page = await show(open);
        await record(service, page);
        assert.ok(await bars(page) > 3);
        assert.ok((await read(page, '#most')).includes('ledger owner'));
        const whole = await read(page, '#range');
        await page.focus('#picture');
        await page.keyboard.press('Enter');
        await says(page, '#detail', / #\d+ ran for [\d.]+ (µs|ms|s) at .*, then: /);
        await page.keyboard.press('+');
        await soon(async () => assert.notEqual(await read(page, '#range'), whole));
        await page.keyboard.press('ArrowRight');
        await page.click('#all');
        await says(page, '#range', whole);
        await page.hover('#picture rect.slice');
        await says(page, '#detail', / ran for /);
        assert.deepEqual(page.sins, []);
    },

    async 'a file of an example, and one that is none'({ open }) {
        const folder = mkdtempSync(join(tmpdir(), 'trace-'));
        try {
            const page = await show(open);
            await page.setInputFiles('#file', recordExample(folder, 'fan'));
            await says(page, '#told', /^[\d,]+ slices on \d+ workers? in /);
            for (const name of ['generate', 'square', 'forward'])
                assert.ok((await read(page, '#most')).includes(name), name);
            await page.setInputFiles('#file', 'tests/e2e/run.js');
            await says(page, '#told', 'This is not a recording.');
            assert.equal(await page.$eval('#recording', (node) => node.hidden), true);
        } finally {
            rmSync(folder, { recursive: true });
        }
    },

    ...Object.fromEntries(LOOKS.map(([scheme, width]) => [
        `axe finds nothing in it, and it fits, ${scheme} at ${width} pixels`,
        async ({ service, open }) => {
            await service.account('recorded');
            const page = await show(open, { scheme, width });
            assert.deepEqual(await violations(page), [], 'before a recording');
            await record(service, page);
            assert.deepEqual(await violations(page), []);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
            assert.ok(await page.$eval('.scroll:has(#most)', ({ scrollWidth, clientWidth }) =>
                scrollWidth <= clientWidth), 'the table is cut');
        }])),
};
