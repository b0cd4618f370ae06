// SPDX-License-Identifier: MIT
// The page of tokens: a secret is shown once, works, and ends; for all.

import assert from 'node:assert/strict';

import { LOOKS, read, says, soon, violations } from './browser.js';

const openTokens = (open, options = {}) => open({ path: '/tokens.html', live: false, ...options });

/** The status that a secret gets for a path. */
async function statusOf(service, secret, path) {
    const headers = { Authorization: `Bearer ${secret}` };
    return (await fetch(service.url + path, { headers })).status;
}

/** Create one by the form; resolves to its secret. */
async function create(page, fields) {
    for (const [name, value] of Object.entries(fields))
        if (name === 'scope') await page.selectOption('#create-scope', value);
        else await page.fill(`#create-${name}`, value);
    await page.click('#create-send');
    await page.waitForSelector('#secret[open]');
    return read(page, '#secret-text');
}

const rowOf = (page, name) => page.locator('#tokens-rows tr', { hasText: name });

export const tokens = {
    async 'a secret is shown once, is bound, rotates and ends'({ service, open }) {
        await service.account('shop:1', '100');
        await service.account('bank:1', '100');
        const page = await openTokens(open);
        const secret = await create(page, { name: 'till of the shop', scope: 'write',
            prefixes: 'shop: till:', ledgers: 'main', days: '30', rate: '50' });
        assert.match(secret, /^teller_[0-9A-Za-z]{49}$/);
        const accounts = '/v1/ledgers/main/accounts';
        assert.equal(await statusOf(service, secret, `${accounts}/shop:1`), 200);
        assert.equal(await statusOf(service, secret, `${accounts}/bank:1`), 403);
        await page.click('#secret-close');
        await soon(async () => assert.equal(await read(page, '#secret-text'), ''));
        assert.ok(!(await page.content()).includes(secret));
        const row = rowOf(page, 'till of the shop');
        await soon(async () => assert.match(await row.textContent(),
            /move money.*ledgers main; accounts shop:…, till:….*50.*valid/));

        await row.getByRole('button', { name: /^Rotate/ }).click();
        await page.selectOption('#act-keep', '0');
        await page.click('#act-send');
        await page.waitForSelector('#secret[open]');
        const other = await read(page, '#secret-text');
        assert.notEqual(other, secret);
        assert.equal(await statusOf(service, secret, `${accounts}/shop:1`), 401);
        assert.equal(await statusOf(service, other, `${accounts}/shop:1`), 200);
        await page.keyboard.press('Escape');

        await row.getByRole('button', { name: /^Revoke/ }).click();
        await page.click('#act-send');
        await soon(async () => assert.equal(await row.count(), 0));
        assert.equal(await statusOf(service, other, `${accounts}/shop:1`), 401);
        await page.check('#tokens-all');
        await soon(async () => assert.match(await row.textContent(), /revoked/));
        await says(page, '#acts-rows', /rotated.*revokedtill of the shop \(\d+\)admin.token \(1\)/);
    },

    async 'what is refused is told, and nothing is created'({ service, open }) {
        const page = await openTokens(open);
        await page.fill('#create-ledgers', 'no/ledger');
        await page.click('#create-send');
        await says(page, '#create-answer', /ledgers.*must be an array/);
        assert.equal(await page.$('#secret[open]'), null);
        const { body } = await service.request('POST', '/v1/tokens', { scope: 'read' });
        const reader = await openTokens(open, { token: body.token });
        await says(reader, '#tokens-note', /403 forbidden/);
    },

    async 'on a phone all of a token is in view'({ open }) {
        const page = await openTokens(open, { width: 320 });
        await says(page, '#tokens-note', /shown/);
        await soon(async () => assert.ok(await page.isVisible('#acts-rows td')));
        for (const scroll of await page.$$('.scroll.few')) {
            const over = await scroll.evaluate(({ scrollWidth, clientWidth }) =>
                scrollWidth - clientWidth);
            assert.ok(over <= 0, `${over} pixels are cut`);
        }
        const name = page.locator('#tokens-rows th').first();
        assert.equal(await name.evaluate((cell) => cell.firstChild &&
            getComputedStyle(cell).display !== 'none' && cell.getBoundingClientRect().width > 150),
        true);
    },

    async 'axe finds nothing on it, and it fits'({ open }) {
        for (const [scheme, width] of LOOKS) {
            const page = await openTokens(open, { scheme, width });
            await says(page, '#tokens-note', /shown/);
            assert.deepEqual(await violations(page), [], `${scheme}, ${width}`);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
            await create(page, { name: `seen ${scheme} at ${width}` });
            assert.deepEqual(await violations(page), [], `secret, ${scheme}, ${width}`);
            await page.click('#secret-close');
            await page.locator('#tokens-rows button').first().click();
            assert.deepEqual(await violations(page), [], `rotate, ${scheme}, ${width}`);
        }
    },
};
