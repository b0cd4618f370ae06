// SPDX-License-Identifier: MIT
// The race lab: money is lost, and it is seen how; a link shows the same to anyone; what goes wrong
// between the page and the service is told in plain sentences.

import assert from 'node:assert/strict';

import { LOOKS, read, says, soon, violations } from './browser.js';
import { tabTo } from './test_access.js';

const CATALOGUE = '**/v1/lab/scenarios';
const RUNS = '**/v1/lab/runs';
const PATIENCE_MS = 300000; // an experiment gets what other work leaves of the machine

const json = (status, body, headers = {}) => ({ status, headers,
    contentType: 'application/json', body: JSON.stringify(body) });

/** The lab's page, when both sides show a run. */
export async function openLab(open, options = {}) {
    const page = await open({ path: '/lab', live: false, ...options });
    await settled(page);
    return page;
}

export async function settled(page) {
    await page.waitForSelector('#b-picture .verdict', { timeout: PATIENCE_MS });
    await soon(async () => assert.equal(await page.$$eval('.side[aria-busy]', (all) => all.length),
        0), PATIENCE_MS);
}

/** Another scenario and strategies, as a person chooses them. */
export async function choose(page, scenario, a, b) {
    await page.selectOption('#scenario', scenario);
    await settled(page);
    await page.selectOption('#a-strategy', a);
    await page.selectOption('#b-strategy', b);
    await settled(page);
}

/** The lab's page, whose requests for `pattern` are answered with `answer`. */
async function openAnswered({ service, open }, pattern, answer, path = '/lab') {
    const page = await open({ path: '/lab/none', live: false }); // of the service, and empty
    await page.route(pattern, (route) => route.fulfill(answer));
    await page.goto(`${service.url}${path}#token=${service.token}`);
    return page;
}

const picture = async (page, side) => (await page.$(`#${side}-picture`)).screenshot();

export const lab = {
    async 'a first visitor sees money lost within two clicks'({ open }) {
        const page = await open();
        await page.click('.top a[href="lab"]');
        await page.click('#visit-act');
        await says(page, '#a-picture .verdict',
            'Both withdrawals succeeded: 160 left an account of 100.', PATIENCE_MS);
        await says(page, '#a-now', /Here it goes wrong\.$/);
        assert.deepEqual(page.said, []);
    },

    async 'found, shrunk, and by its link the same in another profile, to the pixel'({ open }) {
        const page = await openLab(open, { height: 2600 });
        await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
        await page.click('#find');
        await says(page, '#a-status', /^Found: schedule number \d+ breaks it/, PATIENCE_MS);
        await says(page, '#b-status', '10,000 schedules, none broke it.', PATIENCE_MS);
        await page.click('#a-shrink');
        await says(page, '#a-status', /cut to \d|none can be left out/, PATIENCE_MS);
        const marks = await page.$$eval('#a-lanes .mark', (all) => all.length);
        assert.ok(marks >= 1 && marks <= 3, `${marks} switches`);
        assert.equal(await page.$$eval('#a-lanes tr.wrong', (all) => all.length), 1);
        await page.click('#copy');
        await says(page, '#copied', /^Copied/);
        const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
        const other = await openLab(open, { height: 2600, path: link.pathname + link.hash });
        assert.equal(new URL(other.url()).hash, link.hash);
        for (const side of ['a', 'b']) {
            const [here, there] = [await picture(page, side), await picture(other, side)];
            assert.ok(here.equals(there), `the pictures of ${side} differ`);
        }
        await other.click('#a-shrink'); // of a link: exactly its schedule, and that is shrunk
        await says(other, '#a-status', /none can be left out/, PATIENCE_MS);
        assert.deepEqual([...page.said, ...other.said], []);
    },

    async 'a step on, back, to the ends, by slider and by itself'({ open }) {
        const page = await openLab(open);
        await page.click('#find');
        await says(page, '#a-status', /^Found/, PATIENCE_MS);
        await page.click('#a-first');
        await says(page, '#a-now', /^Before the first of \d+ steps\.$/);
        await page.click('#a-step');
        await says(page, '#a-now', /^Step 1 of /);
        await page.click('#a-step');
        await page.click('#a-back');
        await says(page, '#a-now', /^Step 1 of /);
        await page.click('#a-last');
        const count = await page.$$eval('#a-lanes tbody tr', (rows) => rows.length);
        await says(page, '#a-now', new RegExp(`^Step ${count} of ${count},`));
        await page.fill('#a-scrub', '2');
        await says(page, '#a-now', /^Step 2 of /);
        await page.click('#a-lanes tr[data-step="4"]');
        await says(page, '#a-now', /^Step 4 of /);
        await page.evaluate(() => new Promise((done) => { // paused there, however slow we are
            const [now, play] = ['a-now', 'a-play'].map((id) => document.getElementById(id));
            new MutationObserver((changes, observer) => {
                if (!now.textContent.startsWith('Step 6 of ')) return;
                observer.disconnect();
                play.click();
                done();
            }).observe(now, { childList: true, characterData: true, subtree: true });
            play.click();
        }));
        assert.equal(await page.getAttribute('#a-play', 'aria-label'), 'Play');
    },

    async 'the line that runs is lit, and beliefs stand against the truth'({ open }) {
        const page = await openLab(open);
        await page.click('#find');
        await says(page, '#a-status', /^Found/, PATIENCE_MS);
        const count = await page.$$eval('#a-lanes tbody tr', (rows) => rows.length);
        const lit = new Set();
        for (let i = 1; i <= count; i++) {
            await page.fill('#a-scrub', String(i));
            const line = await page.$$eval('#a-picture .lit', (all) =>
                all.map((each) => each.dataset.line));
            if (line.length) lit.add(line[0]);
        }
        assert.ok(lit.size >= 2, 'the same line all the time');
        assert.match(await read(page, '#a-picture .file'), /^lab\/|^ledger\/|^coro\//);
        const mistaken = await page.$$eval('#a-lanes .belief.mistaken', (all) => all.length);
        assert.ok(mistaken >= 1, 'nobody is mistaken');
        assert.match(await read(page, '#a-why'), /\w+ .*\./);
        assert.match(await read(page, '#a-go'), /^In Go/);
    },

    async 'of the owner, the lines of the real ledger are lit'({ open }) {
        const page = await openLab(open);
        await choose(page, 'double-withdraw', 'unsafe', 'owner');
        const count = await page.$$eval('#b-lanes tbody tr', (rows) => rows.length);
        const lit = new Set();
        for (let i = 1; i <= count; i++) {
            await page.fill('#b-scrub', String(i));
            if (/^ledger\/strategy\/owner\.c, line/.test(await read(page, '#b-picture .file')))
                lit.add(await read(page, '#b-picture .lit'));
        }
        const code = [...lit].join('\n');
        for (const call of ['co_chan_send', 'co_chan_recv', 'co_waitgroup_wait'])
            assert.ok(code.includes(call), `${call} is not lit`);
    },

    async 'all of it with the keyboard alone'({ open }) {
        const page = await openLab(open);
        await tabTo(page, '#find');
        await page.keyboard.press('Enter');
        await says(page, '#a-status', /^Found/, PATIENCE_MS);
        await tabTo(page, '#a-shrink');
        await page.keyboard.press('Enter');
        await says(page, '#a-status', /cut to \d|none can be left out/, PATIENCE_MS);
        await tabTo(page, '#a-first');
        await page.keyboard.press('Enter');
        await tabTo(page, '#a-scrub');
        await page.keyboard.press('ArrowRight');
        await says(page, '#a-now', /^Step 1 of /);
        await tabTo(page, '#a-lanes');
        await page.keyboard.press('ArrowDown');
        await says(page, '#a-now', /^Step 2 of /);
        await page.keyboard.press('Home');
        await says(page, '#a-now', /^Before the first/);
        await page.keyboard.press('Space');
        await says(page, '#a-now', /^Step 2 of /);
        await page.keyboard.press('Space');
        await tabTo(page, '#b-more');
        await page.keyboard.press('Enter');
        await says(page, '#b-status', '20,000 schedules, none broke it.', PATIENCE_MS);
    },

    async 'the guided visit: five steps, each by one button'({ open }) {
        const page = await openLab(open);
        for (const [step, side, status] of [
            [1, 'a', /^Found/], [2, 'a', /cut to \d|none can be left out/],
            [3, 'b', '10,000 schedules, none broke it.'],
            [4, 'b', '10,000 schedules, none broke it.'],
            [5, 'b', '500 schedules, none broke it.']]) {
            assert.equal(await page.getAttribute(`#visit-${step}`, 'aria-current'), 'step');
            await page.click('#visit-act');
            await says(page, `#${side}-status`, status, PATIENCE_MS);
            await page.waitForSelector('#visit-act:not(:disabled)', { timeout: PATIENCE_MS });
        }
        await says(page, '#a-status', /^Found/);
        await says(page, '#visit-text', /^That was the visit/);
        await page.click('#visit-close');
        await page.reload();
        await settled(page);
        assert.equal(await page.isVisible('#visit'), false);
        await page.click('#visit-open');
        assert.equal(await page.isVisible('#visit'), true);
    },

    async 'a deadlock is drawn as a cycle, a leak is named'({ open }) {
        const page = await openLab(open);
        await choose(page, 'opposite-transfers', 'unordered-locks', 'owner');
        await page.click('#find');
        await says(page, '#a-status', /^Found/, PATIENCE_MS);
        assert.equal(await page.$$eval('#a-picture .cycle-box', (all) => all.length), 2);
        await says(page, '#a-picture .deadlock figcaption', /^Deadlock: .* waits for /);
        await choose(page, 'leak', 'leak', 'leak-context');
        await page.click('#find');
        await says(page, '#a-picture .leaked', /^\d+ left behind/, PATIENCE_MS);
        await says(page, '#b-status', /none broke it\.$/, PATIENCE_MS);
    },

    async 'every strategy has a price'({ open }) {
        const page = await openLab(open);
        await page.selectOption('#price-clients', '100');
        await page.click('#price-measure');
        await says(page, '#price-status', /^Measured/, PATIENCE_MS);
        const strategies = await page.$$eval('#a-strategy option', (all) => all.length);
        assert.equal(await page.$$eval('#price-rows .bar.rate', (all) => all.length), strategies);
        assert.equal(await page.$$eval('#price-rows .bar.delay', (all) => all.length), strategies);
    },

    async 'an address that means nothing is a first visit'({ open }) {
        const path = '/lab#scenario=none&a=x&a-code=1.2&b=y&b-step=z';
        const page = await openLab(open, { path });
        await says(page, '#holds', /^Exactly one/);
        assert.match(page.url(), /scenario=double-withdraw&a=unsafe&a-code=0&.*b=mutex/);
        assert.deepEqual(page.said, []);
    },

    async 'lessons run their programs'({ open }) {
        const page = await open({ path: '/lab/concurrency', live: false });
        await page.waitForSelector('#goroutines-hello-run');
        const bare = await page.$$eval('.lesson', (all) =>
            all.filter((each) => !each.querySelector('.example')).map(({ id }) => id));
        assert.deepEqual(bare, []);
        await page.click('#goroutines-hello-run');
        await says(page, '#goroutines .output', /^0 squared is 0/);
        await page.click('#leaks-leak-run');
        await says(page, '#leaks .note', 'It ended with status 1: it left coroutines behind.');
        await page.click('#deadlock-deadlock-run');
        await says(page, '#deadlock .output', /deadlock/);
        assert.deepEqual(page.said, []);
    },

    async 'axe finds nothing in the lab, in light and dark, wide and narrow'({ open }) {
        for (const [scheme, width] of LOOKS) {
            const page = await openLab(open, { scheme, width });
            const look = async (what) =>
                assert.deepEqual(await violations(page), [], `${what}, ${scheme}, ${width}`);
            await look('first visit');
            await page.click('#find');
            await says(page, '#a-status', /^Found/, PATIENCE_MS);
            await says(page, '#b-status', /none broke it/, PATIENCE_MS);
            await look('found');
            await choose(page, 'opposite-transfers', 'unordered-locks', 'owner');
            await page.click('#find');
            await says(page, '#a-status', /^Found/, PATIENCE_MS);
            await look('deadlock');
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
            await page.context().close();
        }
    },

    async 'axe finds nothing in the lessons and beside the bars'({ open }) {
        for (const [scheme, width] of LOOKS) {
            const page = await open({ path: '/lab/concurrency', live: false, scheme, width });
            await page.click('#goroutines-hello-run');
            await says(page, '#goroutines .output', /^0 squared is 0/);
            assert.deepEqual(await violations(page), [], `lessons, ${scheme}, ${width}`);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
            await page.context().close();
        }
        const page = await openLab(open);
        await page.selectOption('#price-clients', '10');
        await page.click('#price-measure');
        await says(page, '#price-status', /^Measured/, PATIENCE_MS);
        assert.deepEqual(await violations(page), []);
    },

    async 'on a phone the truth, the prices and the circle are in view'({ open }) {
        const page = await openLab(open, { width: 320 });
        const isIn = (outer, inner) => page.$eval(outer, (node, at) => {
            const part = node.querySelector(at).getBoundingClientRect();
            const whole = node.getBoundingClientRect();
            return part.left >= whole.left && part.right <= whole.right;
        }, inner);
        assert.ok(await isIn('#a-lanes', 'td.truth'));
        await page.click('#visit-close');
        const [title, button] = await page.$$eval('.top h1, #visit-open', (all) =>
            all.map((each) => each.getBoundingClientRect().top));
        assert.ok(Math.abs(title - button) < 30, 'the button is beside the title');
        await page.selectOption('#price-clients', '10');
        await page.click('#price-measure');
        await page.waitForSelector('#price-rows .bar.delay', { timeout: PATIENCE_MS });
        assert.ok(await isIn('#price-table', '.bar-cell.delay'));
        await choose(page, 'opposite-transfers', 'unordered-locks', 'owner');
        assert.ok(await isIn('#b-lanes', 'td.truth')); // of three lanes, which are wider than that
        await page.click('#find');
        await says(page, '#a-status', /^Found/, PATIENCE_MS);
        const letters = await page.$eval('.cycle-name', (text) =>
            text.getBoundingClientRect().height);
        assert.ok(letters > 10, `letters of ${letters} pixels`);
    },

    async 'in C two minus signs are no comment, in SQL they are one'({ open }) {
        const page = await open({ path: '/lab', live: false });
        const coloured = (text, isGo) => page.evaluate(async ([code, asGo]) => {
            const { paint } = await import('/lab/paint.js');
            return paint(code, asGo).filter(({ className }) => className)
                .map(({ className, textContent }) => `${className} ${textContent}`);
        }, [text, isGo]);
        assert.deepEqual(await coloured('for (i = 9; i-- > 0;)', false),
            ['word for', 'digit 9', 'digit 0']);
        assert.deepEqual(await coloured('COMMIT -- done', true),
            ['word COMMIT', 'comment -- done']);
    },

    async 'a service without a lab says so in a sentence'(world) {
        const answer = json(404, { code: 'not_found', title: 'Not found' });
        const page = await openAnswered(world, CATALOGUE, answer);
        await says(page, '#told-text',
            'This service has no race lab: it is of an earlier version.');
        const other = await openAnswered(world, CATALOGUE, answer, '/lab/concurrency');
        await says(other, '#told', /^This service has no race lab/);
        await says(other, '#goroutines h2', 'Goroutines');
    },

    async 'a busy lab, and a run that was ended, are told in a sentence'(world) {
        for (const [answer, sentence] of [
            [json(429, { code: 'lab_busy' }, { 'Retry-After': '3' }),
                /^The lab is busy: .* Try again in 3 seconds\.$/],
            [json(503, { code: 'lab_unavailable', detail: 'The lab cannot be used just now.' }),
                /^The lab cannot be used just now\. .*\(503 lab_unavailable\)/],
            [json(200, { id: '1', status: 'done', ended: { how: 'crashed', said: '',
                text: 'It crashed: segmentation fault.' } }),
            'It crashed: segmentation fault. The service itself was not touched.'],
            [json(200, { id: '1', status: 'done', ended: { how: 'memory', said: '' } }),
                /^The run asked for more memory than it may have/],
        ]) {
            const page = await openAnswered(world, RUNS, answer);
            await says(page, '#a-status', sentence);
            assert.equal(await page.isVisible('#a-shrink'), false);
            assert.deepEqual(await violations(page), []);
        }
    },
};
