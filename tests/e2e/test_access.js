// SPDX-License-Identifier: MIT
// For all, and only for those who may: accessibility, narrow windows, the keyboard, tokens.

import assert from 'node:assert/strict';

import { says, soon, violations } from './browser.js';
import { Service } from './service.js';
import { fill } from './test_money.js';
import { TWO, tell } from './test_servers.js';

/** Bring every part of the page into view that can be. */
async function unfold(page) {
    await fill(page, 'withdraw', { from: 'ax', amount: '500' });
    await page.click('#move-send');
    await says(page, '#answer-list', /^422/);
}

/** Every view of the dashboard: its address, and what it says when it has been drawn. */
const VIEWS = [['#', '#answer-list', /^422/], ['#accounts', '#accounts-note', /Balances change/],
    ['#account=ax', '#statement-note', /shown/], ['#entries', '#journal-note', /^The last/],
    ['#entry=2', '#entry-title', /^Entry 2: /], ['#holds', '#holds-note', /holds? in /],
    ['#ledgers', '#ledgers-note', /ledger/],
    ['#servers', '#servers-note', /^2 servers/], ['#machinery', '#machinery-strategy', /owner/],
    ['#api', '#api-note', /operations/]];

async function everyView(page, look) {
    for (const [address, at, text] of VIEWS) {
        await page.evaluate((hash) => (location.hash = hash), address);
        await says(page, at, text);
        await look(address);
    }
}

/** Press Tab until the element has the focus, as a person would. */
export async function tabTo(page, selector) {
    for (let i = 0; i < 80; i++) {
        await page.keyboard.press('Tab');
        const [there, outline, html] = await page.evaluate((at) => {
            const focus = document.activeElement;
            const seen = focus.type === 'radio' ? focus.nextElementSibling : focus;
            return [focus.matches(at), getComputedStyle(seen).outlineStyle, focus.outerHTML];
        }, selector);
        if (html.startsWith('<body')) continue; // past the last one: it is the browser's
        assert.notEqual(outline, 'none', `the focus cannot be seen: ${html.slice(0, 80)}`);
        if (there) return;
    }
    assert.fail(`Tab does not lead to ${selector}`);
}

export const access = {
    ...Object.fromEntries([1280, 768, 320].map((width) => [
        `axe finds nothing in any view, light and dark, at ${width} pixels`,
        async ({ service, open }) => {
            await service.account('ax', '12345');
            for (let i = 0; i < 3; i++) await service.move('deposit', 'ax', '1');
            const page = await open({ width });
            await tell(page, { told: TWO });
            await unfold(page);
            await everyView(page, async (address) => {
                assert.deepEqual(await violations(page), [], address);
                await page.emulateMedia({ colorScheme: 'dark' });
                assert.deepEqual(await violations(page, ['color-contrast']), [], `${address} dark`);
                await page.emulateMedia({ colorScheme: 'light' });
                assert.equal(await page.evaluate(() => document.documentElement.scrollWidth),
                    width, address);
            });
        }])),

    async 'axe finds nothing while it asks for a token, or is cut off'({ service, open }) {
        const asking = await open({ token: null, live: false });
        await asking.waitForSelector('#token-dialog[open]');
        assert.deepEqual(await violations(asking), []);
        const cutOff = await open();
        await service.stop();
        await says(cutOff, '#link', 'disconnected');
        assert.deepEqual(await violations(cutOff), []);
        await service.start();
    },

    async 'at 320 pixels nothing is wider than the window'({ service, open }) {
        await service.account('ax');
        await service.account('n'.repeat(64), '99999999999999999999999999');
        const page = await open({ width: 320 });
        await unfold(page);
        const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
        assert.equal(await wide(), 320);
        await page.fill('#accounts-prefix', 'nnn');
        await page.click(`tr[data-id="${'n'.repeat(64)}"] a`);
        await says(page, '#statement-note', /shown/);
        assert.equal(await wide(), 320);
    },

    async 'a deposit with the keyboard alone'({ service, open }) {
        await service.account('keys');
        const page = await open();
        await tabTo(page, 'input[value=deposit]');
        await tabTo(page, '#move-to');
        await page.keyboard.type('keys');
        await tabTo(page, '#move-amount');
        await page.keyboard.type('1.50');
        await page.keyboard.press('Escape'); // the list of suggestions
        await page.keyboard.press('Enter');
        await says(page, '#answer-list', /^201/);
        await tabTo(page, '#answer-again');
        await page.keyboard.press('Space');
        await says(page, '#answer-verdict', /identical/);
        assert.equal(await service.balance('keys'), '150');
    },

    async 'from an empty ledger to a captured hold with the keyboard alone'({ service, open }) {
        await service.request('POST', '/v1/ledgers', { name: 'keyed' });
        const page = await open({ path: '/?ledger=keyed' });
        const type = async (at, text, key) => {
            await tabTo(page, at);
            await page.keyboard.type(text);
            if (key) await page.keyboard.press(key);
        };
        const press = async (at) => {
            await tabTo(page, at);
            await page.keyboard.press('Enter');
        };
        await press('#welcome a');
        for (const id of ['me', 'you']) {
            await tabTo(page, '#open-id');
            await page.keyboard.press('ControlOrMeta+A');
            await page.keyboard.type(id);
            await page.keyboard.press('Enter');
            await says(page, '#open-answer', `${id} is open`);
        }
        await press('#accounts-rows tr[data-id=me] a');
        await says(page, '#statement-title', 'me');
        await type('#move-amount', '10', 'Enter');
        await says(page, '#receipt-what', '10.00 USD deposited to me');
        await tabTo(page, 'input[name=verb]');
        for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
        await type('#move-to', 'you', 'Escape'); // the list of suggestions
        await tabTo(page, '#move-amount');
        await page.keyboard.press('ControlOrMeta+A');
        await page.keyboard.type('4');
        await page.keyboard.press('Enter');
        await says(page, '#receipt-what', '4.00 USD reserved in me for you');
        await press('#skip');
        await page.keyboard.press('/');
        await page.keyboard.type('hold');
        await says(page, '#search-list', /ViewHolds/);
        await page.keyboard.press('Enter');
        await press('#holds-rows [data-verb=capture]');
        await page.keyboard.press('Enter'); // the form has the focus, and says what it will do
        await says(page, '#receipt-what', /^4\.00 USD paid to you, out of hold \d+$/);
        await says(page, '#holds-note', /^0 open holds/);
        await press('.places a[data-view=overview]');
        await press('#proof-open');
        await says(page, '#proof-sum', /^0, over 3 accounts/);
        await page.keyboard.press('Escape');
        await soon(async () => assert.equal(
            await page.evaluate(() => document.activeElement.id), 'proof-open'));
    },

    async 'the token leaves the address immediately, and stays in the tab'({ service, open }) {
        const page = await open();
        await soon(() => assert.equal(page.url(), `${service.url}/`));
        assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
        await page.reload();
        await says(page, '#link', 'live');
    },

    async 'without a token it asks for one; a wrong one is told'({ service, open }) {
        const page = await open({ token: null, live: false });
        await page.waitForSelector('#token-dialog[open]');
        await page.fill('#token-input', 'wrong');
        await page.keyboard.press('Enter');
        await says(page, '#token-error', /refuses the token/);
        await page.fill('#token-input', service.token);
        await page.keyboard.press('Enter');
        await says(page, '#link', 'live');
        await soon(async () => assert.equal(await page.isVisible('#token-dialog'), false));
    },

    async "a browser's own EventSource logs in with a cookie"({ service, open }) {
        const page = await open();
        const follow = (token) => page.evaluate(async (token) => {
            const method = token ? 'POST' : 'DELETE';
            const headers = token ? { Authorization: `Bearer ${token}` } : {};
            const { status } = await fetch('/v1/session', { method, headers });
            if (status !== 204) return `login: ${status}`;
            return new Promise((resolve) => {
                const source = new EventSource('/v1/ledgers/main/events?after=0');
                const end = (how) => {
                    source.close();
                    resolve(how);
                };
                source.onmessage = ({ lastEventId }) => end(lastEventId);
                source.onerror = () => end('refused');
            });
        }, token);
        await service.account('followed', '100');
        assert.equal(await follow(service.token), '1');
        assert.equal(await follow(null), 'refused');
    },

    async 'its answers carry a strict policy'({ service }) {
        const { headers } = await fetch(`${service.url}/`);
        const policy = headers.get('content-security-policy');
        assert.match(policy, /default-src 'none'/);
        assert.doesNotMatch(policy, /unsafe|\*/);
        const ofDocuments = ['/', '/tokens.html', '/lab', '/docs/', '/icon.svg'];
        for (const path of [...ofDocuments, '/main.js', '/style.css']) {
            const { headers: one } = await fetch(service.url + path);
            assert.equal(one.get('x-content-type-options'), 'nosniff', path);
            assert.equal(one.get('content-security-policy'),
                ofDocuments.includes(path) ? policy : null, path);
        }
    },

    async 'with --auth off it works without a token'({ open }) {
        const service = new Service(['--auth', 'off']);
        try {
            await service.start();
            await service.account('free', '700');
            const page = await open({ service, token: null });
            await says(page, 'tr[data-id="free"] .balance', '7.00');
            await says(page, '#sum-figure', '0');
        } finally {
            await service.remove();
        }
    },
};
