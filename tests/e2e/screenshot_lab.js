// SPDX-License-Identifier: MIT
// Pictures of the race lab and of its lessons, to be looked at: every view, in light and dark, at
// the widths that the tests go through.

import { join } from 'node:path';

import { says } from './browser.js';
import { choose, openLab } from './test_lab.js';

const PATIENCE_MS = 300000; // an experiment gets what other work leaves of the machine
const LOOKS = [['light', 1280], ['dark', 1280], ['light', 768], ['light', 320], ['dark', 320]];

async function find(page) {
    await page.click('#find');
    await says(page, '#a-status', /^Found|none broke it/, PATIENCE_MS);
    await says(page, '#b-status', /^Found|none broke it/, PATIENCE_MS);
}

/** What is to be seen of the lab: a name, and how to come there. */
const VIEWS = {
    'lab-first': async () => {},
    'lab-found': async (page) => {
        await page.click('#visit-close');
        await find(page);
        await page.click('#a-shrink');
        await says(page, '#a-status', /cut to|none can be left out/, PATIENCE_MS);
    },
    'lab-owner': async (page) => {
        await page.click('#visit-close');
        await choose(page, 'double-withdraw', 'compare-and-swap', 'owner');
        await find(page);
    },
    'lab-deadlock': async (page) => {
        await page.click('#visit-close');
        await choose(page, 'opposite-transfers', 'unordered-locks', 'sharded');
        await find(page);
    },
    'lab-leak': async (page) => {
        await page.click('#visit-close');
        await choose(page, 'leak', 'leak', 'leak-context');
        await find(page);
    },
    'lab-price': async (page) => {
        await page.click('#visit-close');
        await page.click('#price-measure');
        await says(page, '#price-status', /^Measured/, PATIENCE_MS);
    },
    'lab-database': async (page) => {
        await page.click('#visit-5');
        await page.click('#visit-act');
        await says(page, '#visit-text', /^That was the visit/, PATIENCE_MS);
    },
};

/** The other pages of the lab: a name, the address, and what a person does there. */
const PAGES = [
    ['lessons', '/lab/concurrency', async (page) => {
        await page.click('#goroutines-hello-run');
        await says(page, '#goroutines .output', /./);
    }],
    ['recorder', '/lab/trace', async (page) => {
        await page.click('#record');
        await says(page, '#told', / slices /);
    }],
];

/** Into `folder` what is wanted: isWanted(name). Width and scheme are in the name of a file. */
export async function screenshotLab(service, browser, folder, isWanted) {
    const open = (options) => browser.open(service, options);
    for (const [scheme, width] of LOOKS) {
        const save = async (page, name) => {
            const path = join(folder, `${name}-${scheme}-${width}.png`);
            await page.mouse.move(0, 0);
            await page.evaluate(() => document.activeElement.blur());
            await page.screenshot({ path, fullPage: true });
            console.log(path);
            await page.context().close();
        };
        for (const [name, come] of Object.entries(VIEWS).filter(([each]) => isWanted(each))) {
            const page = await openLab(open, { scheme, width });
            await come(page);
            await page.evaluate(() => scrollTo(0, 0));
            await save(page, name);
        }
        for (const [name, path, come] of PAGES.filter(([each]) => isWanted(each))) {
            const page = await open({ path, live: false, scheme, width });
            await come(page);
            await save(page, name);
        }
    }
}
