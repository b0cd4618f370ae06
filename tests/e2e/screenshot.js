// SPDX-License-Identifier: MIT
// The pictures of the README: of the dashboard, with a few accounts, a minute of real traffic and a
// receipt; of the lab, with a schedule that was found; of a lesson. And every view of the
// dashboard, with the pages of tokens and of the manual, light and dark, wide and narrow.

import { join } from 'node:path';

import { says } from './browser.js';
import { key } from './service.js';
import { openLab } from './test_lab.js';
import { fill } from './test_money.js';

const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];
const TRAFFIC_MS = 110000;
const CLIENTS = 12;
const PATIENCE_MS = 300000; // an experiment gets what other work leaves of the machine

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

async function lab(service, browser, path) {
    const page = await openLab((options) => browser.open(service, options),
        { width: 1160, height: 1180 });
    await page.click('#visit-close');
    await page.click('#find');
    await says(page, '#b-status', /none broke it/, PATIENCE_MS);
    await page.click('#a-shrink');
    await says(page, '#a-status', /cut to|none can be left out/, PATIENCE_MS);
    await rest(page);
    await page.screenshot({ path });
}

async function lesson(service, browser, path) {
    const page = await browser.open(service, { path: '/lab/concurrency#select', live: false,
        width: 1160, height: 760 });
    await page.click('#select-select_timeout-run');
    await says(page, '#select .output', /./);
    await rest(page);
    await page.evaluate(() => document.getElementById('select').scrollIntoView());
    await page.screenshot({ path });
}

/** Nothing has the focus or the mouse, and the page is at its top. */
async function rest(page) {
    await page.evaluate(() => {
        document.activeElement.blur();
        scrollTo(0, 0);
    });
    await page.mouse.move(0, 0);
}

/** Accounts with money, unless they are there already. */
async function furnish(service) {
    if ((await service.request('GET', '/v1/ledgers/main/accounts/vault')).status === 200) return;
    for (const id of PEOPLE) await service.account(id, '250000');
    await service.ask('POST', '/accounts', { id: 'vault', asset: 'BTC/8', floor: null });
    await service.move('deposit', 'vault', '1250000000');
    for (let i = 0; i < 40; i++)
        await service.ask('POST', '/transfers', { from: PEOPLE[i % 8], to: PEOPLE[(i + 3) % 8],
            amount: String(100 + 37 * i) }, { 'Idempotency-Key': key() });
}

async function dashboard(service, browser, path) {
    await furnish(service);
    const page = await browser.open(service, { width: 1160, height: 1520 });
    const end = performance.now() + TRAFFIC_MS;
    const running = Array.from({ length: CLIENTS }, () => traffic(service, end));
    await fill(page, 'deposit', { to: 'alice', amount: '12.50' });
    await page.click('#move-send');
    await says(page, '#answer-list', /^201/);
    await page.click('#answer-again');
    await says(page, '#answer-verdict', /identical/);
    await rest(page);
    await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS - 8000));
    await page.screenshot({ path });
    await Promise.all(running);
}

/** What is to be seen: a name, its address, and what a person does there. */
const VIEWS = {
    overview: ['/#'],
    accounts: ['/#accounts'],
    account: ['/#account=alice'],
    period: ['/#account=vault', async (page) => {
        await page.fill('#statement-from', '2026-01-01');
        await says(page, '#statement-sums', /^Opening/);
    }],
    entries: ['/#entries'],
    entry: ['/#entry=40'],
    refusal: ['/#', async (page) => {
        await fill(page, 'withdraw', { from: 'alice', amount: '99,999,999' });
        await page.click('#move-send');
        await says(page, '#receipt-what', /Nothing moved/);
    }],
    receipt: ['/#account=alice', async (page) => {
        await fill(page, 'transfer', { from: 'alice', to: 'bob', amount: '0.01' });
        await page.click('#move-send');
        await says(page, '#receipt-facts', /Balance of bob/);
        await page.click('#answer details:has(#answer-curl) > summary');
        await page.click('#answer-how > summary');
    }],
    search: ['/#', async (page) => {
        await page.fill('#search-text', 'a');
        await says(page, '#search-list', /alice/);
    }],
    proof: ['/#', async (page) => {
        await page.click('#proof-open');
        await says(page, '#proof-chain', /at seq/);
    }],
    holds: ['/#holds'],
    ledgers: ['/#ledgers'],
    servers: ['/#servers'],
    machinery: ['/#machinery'],
    race: ['/#machinery', async (page) => {
        await page.click('#race-once');
        await says(page, '#race-verdict', /^Exactly/, PATIENCE_MS);
    }],
    api: ['/#api=deposit'],
    empty: ['/?ledger=empty'],
    nowhere: ['/?ledger=nowhere'],
    tokens: ['/tokens.html'],
    docs: ['/docs/'],
    'docs-server': ['/docs/server.html'],
};

async function views(service, browser, folder, isWanted) {
    await furnish(service);
    for (let i = 1; i < 4; i++)
        await service.ask('POST', '/holds', { from: PEOPLE[i], to: 'alice', amount: `${i}250` },
            { 'Idempotency-Key': key() });
    await service.request('POST', '/v1/ledgers', { name: 'empty', strategy: 'sharded' });
    await service.request('POST', '/v1/tokens', { name: 'till of the shop', scope: 'write',
        ledgers: ['main'], prefixes: ['shop:', 'till:'], rate: 50 });
    for (const [name, [path, act]] of Object.entries(VIEWS).filter(([each]) => isWanted(each)))
        for (const scheme of ['light', 'dark'])
            for (const width of [1280, 320]) {
                const page = await browser.open(service, { path, scheme, width, live: false });
                if (act) await says(page, '#link', 'live');
                await act?.(page);
                await new Promise((resolve) => setTimeout(resolve, 1500));
                if (!['search', 'proof'].includes(name)) await rest(page);
                await page.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`),
                    fullPage: true });
                await page.context().close();
            }
}

/** Into `folder` what is wanted: isWanted(name). Without the picture of the dashboard the others
 *  have accounts, but little that ever moved. */
export async function screenshot(service, browser, folder, isWanted) {
    for (const [name, draw] of Object.entries({ lab, concurrency: lesson, dashboard })) {
        if (!isWanted(name)) continue;
        const path = join(folder, `${name}.png`);
        await draw(service, browser, path);
        console.log(path);
    }
    await views(service, browser, folder, isWanted);
}
