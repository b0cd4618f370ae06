// SPDX-License-Identifier: MIT
// What restricts money, or takes it back: holds, reversals and freezing, through the page.

import assert from 'node:assert/strict';

import { says } from './browser.js';
import { key } from './service.js';
import { fill } from './test_money.js';

const cell = (id, name) => `tr[data-id="${id}"] .${name}`;
const entry = (kind) => `#journal-rows tr[data-kind=${kind}] .what`;

/** Send what the form says, and return the body of the answer. */
async function done(page) {
    await page.click('#move-send');
    await page.waitForSelector('#answer-again:enabled');
    await says(page, '#answer-list', /^201 Done, seq \d+/);
    return JSON.parse(await page.textContent('#answer-body'));
}

async function settle(page, verb, seq) {
    await page.click(`.choice label:has(input[value=${verb}])`);
    await page.fill('#move-entry', String(seq));
    return done(page);
}

export const holds = {
    async 'a hold is made, captured, and its capture reversed'({ service, open }) {
        const page = await open();
        await service.account('hold.a', '10000');
        await service.account('hold.b');
        await page.fill('#accounts-prefix', 'hold.');
        await fill(page, 'hold', { from: 'hold.a', to: 'hold.b', amount: '60' });
        const { id: hold } = await done(page);
        await says(page, cell('hold.a', 'held'), '60.00');
        await says(page, cell('hold.a', 'available'), '40.00');
        await says(page, entry('hold'), 'hold.a → hold.b');
        const { settled_by: capture } = await settle(page, 'capture', hold);
        await says(page, cell('hold.b', 'balance'), '60.00');
        await says(page, cell('hold.a', 'held'), '–');
        await says(page, entry('capture'), `hold.a → hold.b, hold ${hold}`);
        await settle(page, 'reverse', capture);
        await says(page, cell('hold.a', 'balance'), '100.00');
        await says(page, entry('reversal'), `hold.b → hold.a, reverses ${capture}`);
        await page.click('#answer-again');
        await says(page, '#answer-verdict', /identical byte for byte/);
    },

    async 'a statement says what is held and available, as it is now'({ service, open }) {
        await service.account('held.a', '10000');
        await service.account('held.b', '500');
        const page = await open({ path: '/#account=held.a' });
        await says(page, '#statement-facts', /Available100\.00/);
        const hold = (from, to, amount) => service.ask('POST', '/holds', { from, to, amount },
            { 'Idempotency-Key': key() });
        const { id } = await hold('held.a', 'held.b', '6000');
        await hold('held.b', 'world:USD.2', '100');
        await says(page, '#statement-facts', /Available40\.00Held60\.00/);
        await service.move('withdraw', 'held.a', '1000');
        await says(page, '#statement-facts', /^Balance90\.00 USDAvailable30\.00Held60\.00/);
        await page.click('#statement-facts a');
        await says(page, '#holds-note', /^1 open hold of held\.a in /);
        await page.click('#holds-all');
        await says(page, '#holds-note', /^\d+ open holds in /);
        await page.goBack();
        await page.goBack();
        await service.ask('POST', `/holds/${id}/release`, {}, { 'Idempotency-Key': key() });
        await says(page, '#statement-facts', /^Balance90\.00 USDAvailable90\.00Asset/);
    },

    async 'a hold is released'({ service, open }) {
        const page = await open();
        await service.account('let.a', '10000');
        await service.account('let.b');
        await page.fill('#accounts-prefix', 'let.');
        await fill(page, 'hold', { from: 'let.a', to: 'let.b', amount: '100' });
        const { id: hold } = await done(page);
        await says(page, cell('let.a', 'available'), '0.00');
        await settle(page, 'release', hold);
        await says(page, cell('let.a', 'available'), '100.00');
        await says(page, entry('release'), `hold ${hold}`);
    },

    async 'an account is frozen and unfrozen from its statement'({ service, open }) {
        const page = await open();
        await service.account('ice', '10000');
        await page.fill('#accounts-prefix', 'ice');
        await page.click('tr[data-id=ice] a');
        await page.click('#statement-freeze');
        await says(page, '#statement-freeze', 'Unfreeze');
        assert.equal((await service.ask('GET', '/accounts/ice')).frozen, true);
        await says(page, entry('freeze'), 'ice');
        await page.waitForSelector('tr.frozen[data-id=ice]', { state: 'attached' });
        await page.click('#statement-freeze');
        await says(page, '#statement-freeze', 'Freeze');
        assert.equal((await service.ask('GET', '/accounts/ice')).frozen, false);
    },
};
