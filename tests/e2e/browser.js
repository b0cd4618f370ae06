// SPDX-License-Identifier: MIT
// Debian's Chromium without a screen, and pages that note whatever a page must not do: break its
// Content-Security-Policy, throw, or ask another host.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const modules = createRequire(new URL('../../build/', import.meta.url));
const { chromium } = modules('playwright-core');
const axe = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const PATIENCE_MS = 30000; // on a machine that is slow, and stands still for seconds

/** How every page is looked at: [scheme, width]. */
export const LOOKS = [320, 768, 1280].flatMap((width) =>
    ['light', 'dark'].map((scheme) => [scheme, width]));

/** `flags` are more of Chromium's. */
export async function launch(flags = []) {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags],
    });
    return { open: (service, options) => open(browser, service, options),
        close: () => browser.close() };
}

/** A page in a browser profile of its own. `url` and `token` default to those of the service;
 *  `live: false` where `path` is not the dashboard's. */
async function open(browser, service, { url = service.url, token = service.token, path = '/',
    width = 1280, height = 900, scheme = 'light', live = true, motion = 'reduce' } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme,
        reducedMotion: motion });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.sins = [];
    page.seen = []; // for the report of a failure
    page.said = []; // on the console
    page.on('console', (message) => page.said.push(message.text()));
    page.on('console', (message) => {
        page.seen.push(message.text());
        if (/^Pattern attribute/.test(message.text())) page.sins.push(message.text());
    });
    page.on('response', (response) => page.seen.push(`${response.url()} ${response.status()}`));
    page.on('requestfailed', (request) =>
        page.seen.push(`${request.url()} ${request.failure()?.errorText}`));
    await page.exposeBinding('noteSin', (source, text) => page.sins.push(text));
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) =>
        globalThis.noteSin(`CSP: ${event.violatedDirective} ${event.blockedURI}`)));
    page.on('pageerror', (error) => page.sins.push(`error: ${error.stack}`));
    page.on('request', (request) => {
        if (new URL(request.url()).origin !== new URL(url).origin)
            page.sins.push(`asks ${request.url()}`);
    });
    const join = path.includes('#') ? '&' : '#';
    await page.goto(token ? `${url}${path}${join}token=${token}` : `${url}${path}`);
    if (live) await says(page, '#link', 'live');
    return page;
}

/** Wait until an element's text is `text`, or matches it. */
export async function says(page, selector, text, patience = PATIENCE_MS) {
    const want = text instanceof RegExp ? text.source : text;
    try {
        await page.waitForFunction(([at, wanted, pattern]) => {
            const found = document.querySelector(at)?.textContent.trim();
            return pattern ? new RegExp(wanted).test(found ?? '') : found === wanted;
        }, [selector, want, text instanceof RegExp], { timeout: patience, polling: 50 });
    } catch {
        throw new Error(`${selector} says "${await read(page, selector)}", not "${want}"`);
    }
}

/**
 * Wait until an assertion about the page holds; what it throws last is the failure. For whatever
 * follows a wait for something else: the page draws its parts each in its own time.
 */
export async function soon(assertion, patience = PATIENCE_MS) {
    for (const end = Date.now() + patience; ;) {
        try {
            return await assertion();
        } catch (error) {
            if (Date.now() > end) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** The text of an element; null if there is none. */
export async function read(page, selector) {
    return page.evaluate((at) => document.querySelector(at)?.textContent.trim() ?? null, selector);
}

/** A count that is shown with separators. */
export async function count(page, selector) {
    return Number((await read(page, selector)).replaceAll(',', ''));
}

/** The cells of a table's rows. */
export async function table(page, selector) {
    return page.$$eval(`${selector} tr`, (rows) =>
        rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
}

/** The accessibility violations of the page as it is, a line each; of `rules` alone, or of all. */
export async function violations(page, rules = null) {
    if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(axe);
    const { violations: found } = await page.evaluate((only) =>
        globalThis.axe.run(document, { ...only ? { runOnly: only }
            : { rules: { 'target-size': { enabled: true } } }, // a finger hits one thing at a time
        resultTypes: ['violations'] }), rules);
    return found.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}
