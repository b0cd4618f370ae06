// SPDX-License-Identifier: MIT
// The picture of the README: a few accounts, a minute of real traffic, an answer and a race.

import { says } from './browser.js';
import { key } from './service.js';
import { fill } from './test_money.js';

const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];
const TRAFFIC_MS = 110000;
const CLIENTS = 12;

/** Anyone but `other`. */
function pick(other) {
    const those = PEOPLE.filter((id) => id !== other);
    return those[Math.floor(Math.random() * those.length)];
}

/** Transfers between random people until `end`, in a rate that breathes a little. */
async function traffic(service, end) {
    while (performance.now() < end) {
        const from = pick();
        const to = pick(from);
        const amount = String(1 + Math.floor(Math.random() * 9000));
        await service.request('POST', '/v1/ledgers/main/transfers', { from, to, amount },
            { 'Idempotency-Key': key() });
        const breath = 1 + Math.sin(performance.now() / 7000);
        await new Promise((resolve) => setTimeout(resolve, breath * 12 * Math.random()));
    }
}

export async function screenshot(service, browser, path) {
    for (const id of PEOPLE) await service.account(id, '250000');
    await service.ask('POST', '/accounts', { id: 'vault', asset: 'BTC/8', floor: null });
    await service.move('deposit', 'vault', '1250000000');
    const page = await browser.open(service, { width: 1160, height: 1600 });
    const end = performance.now() + TRAFFIC_MS;
    const running = Array.from({ length: CLIENTS }, () => traffic(service, end));
    await fill(page, 'deposit', { to: 'alice', amount: '12.50' });
    await page.click('#move-send');
    await says(page, '#answer-list', /^201/);
    await page.click('#answer-again');
    await says(page, '#answer-verdict', /identical/);
    await page.click('#race-once');
    await says(page, '#race-verdict', /^Exactly one paid/);
    await page.evaluate(() => {
        document.activeElement.blur();
        scrollTo(0, 0);
    });
    await page.mouse.move(0, 0);
    await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS - 8000));
    await page.screenshot({ path });
    await Promise.all(running);
    console.log(path);
}
