// SPDX-License-Identifier: MIT
// The dashboard in a real browser against the real program.
//   node tests/e2e/run.js [NAME]...          tests whose name contains a NAME, or all
//   node tests/e2e/run.js --screenshots FOLDER [NAME]...  pictures of every view instead, or of
//                                            these; dashboard.png, lab.png and concurrency.png
//                                            are the README's
// Run from the root, after `make build`. Prints "e2e: N passed, N failed" last.

import { access } from './test_access.js';
import { launch } from './browser.js';
import { cluster } from './test_cluster.js';
import { holds } from './test_holds.js';
import { lab } from './test_lab.js';
import { live } from './test_live.js';
import { machinery } from './test_machinery.js';
import { money } from './test_money.js';
import { outage } from './test_outage.js';
import { parts } from './test_parts.js';
import { screenshot } from './screenshot.js';
import { screenshotLab } from './screenshot_lab.js';
import { servers } from './test_servers.js';
import { Service } from './service.js';
import { tokens } from './test_tokens_page.js';
import { trace } from './test_trace.js';
import { views } from './test_views.js';
import { visit } from './test_visit.js';

const TEST_MS = 900000; // whatever hangs: each wait of a test has a bound of its own
const TESTS = { parts, visit, money, holds, live, outage, access, machinery, tokens, servers,
    cluster, views, lab, trace };

/** Run one test; what its pages must not do counts as a failure, too. */
async function run(name, test, world) {
    const pages = [];
    const open = async (options) => {
        const page = await world.browser.open(options?.service ?? world.service, options);
        pages.push(page);
        return page;
    };
    let timer;
    const late = new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`longer than ${TEST_MS} ms`)), TEST_MS);
    });
    try {
        await Promise.race([test({ ...world, open }), late]);
        const sins = pages.flatMap((page) => page.sins);
        if (sins.length) throw new Error(sins.join('\n'));
        if (!world.service.running) throw new Error('the service has ended');
        console.log(`ok      ${name}`);
        return true;
    } catch (error) {
        const seen = pages.map((page) => page.seen.slice(-12).join('\n'));
        console.log(`FAILED  ${name}\n${error.stack}\nthe pages saw:\n${seen.join('\n--\n')}`);
        return false;
    } finally {
        clearTimeout(timer);
        for (const page of pages) await page.context().close().catch(() => {});
        if (!world.service.running) await world.service.start();
    }
}

async function main(words) {
    const service = new Service();
    const strays = []; // what failed where nobody waited for it
    process.on('unhandledRejection', (error) => strays.push(error));
    const browser = await launch();
    let passed = 0;
    let failed = 0;
    try {
        await service.start();
        if (words[0] === '--screenshots') {
            const isWanted = (name) => words.length < 3 || words.slice(2).includes(name);
            await screenshotLab(service, browser, words[1], isWanted);
            await screenshot(service, browser, words[1], isWanted);
            return 0;
        }
        for (const [group, tests] of Object.entries(TESTS))
            for (const [title, test] of Object.entries(tests)) {
                const name = `${group}: ${title}`;
                if (words.length && !words.some((word) => name.includes(word))) continue;
                if (await run(name, test, { service, browser })) passed++;
                else failed++;
            }
    } catch (error) {
        console.log(error.stack);
        failed++;
    } finally {
        await browser.close();
        await service.remove();
    }
    for (const error of strays) console.log(`FAILED  unnoticed\n${error.stack}`);
    failed += strays.length;
    if (failed) console.log(service.log.split('\n').slice(-20).join('\n'));
    console.log(`e2e: ${passed} passed, ${failed} failed`);
    return failed || !passed ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
