// SPDX-License-Identifier: MIT
// tests/docs/run.mjs SITE [ROOM]: the site of the documentation, as its readers meet it. Each link
// leads somewhere, each page is found from the first one, has a title and one heading above all,
// and loads nothing from elsewhere; all of it takes at most ROOM bytes. Then links are planted that
// lead nowhere: they must be seen. Prints "docs: N passed, N failed" last.

import { readFileSync, readdirSync } from 'node:fs';

const OURS = new Set(['../openapi.json']);
const [site, room] = process.argv.slice(2);
let passed = 0;
let failed = 0;

function check(name, faults) {
    if (!faults.length) {
        passed++;
        return;
    }
    failed++;
    console.log(`FAILED  ${name}: ${faults.slice(0, 5).join('; ')}`);
}

const idsOf = (html) => new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
const linksOf = (html) => [...html.matchAll(/\shref="([^"]*)"/g)].map(([, href]) => href);

/** The links of a page that lead nowhere. */
function deadLinks(pages, name) {
    return linksOf(pages.get(name)).filter((href) => {
        if (/^https?:/.test(href) || OURS.has(href)) return false;
        const [path, anchor] = href.split('#');
        const target = pages.get(path || name);
        return (
            target === undefined ||
            (anchor !== undefined && !idsOf(target).has(decodeURIComponent(anchor)))
        );
    });
}

function reachable(pages) {
    const seen = new Set(['index.html']);
    for (const name of seen)
        for (const href of linksOf(pages.get(name)))
            if (pages.has(href.split('#')[0])) seen.add(href.split('#')[0]);
    return seen;
}

function faultsOf(html) {
    const faults = [];
    if (!/<title>[^<]+<\/title>/.test(html)) faults.push('no title');
    if (/<script|<iframe|\ssrc=|\sstyle=|\son[a-z]+=/.test(html)) faults.push('more than text');
    if (/href="https?:[^"]*\.css/.test(html)) faults.push('a sheet from elsewhere');
    return faults;
}

const pages = new Map(
    readdirSync(site).map((name) => [name, readFileSync(`${site}/${name}`, 'utf8')]),
);
const found = reachable(pages);
for (const [name, html] of pages) {
    check(`${name} is found`, found.has(name) ? [] : ['no page leads to it']);
    if (!name.endsWith('.html')) continue;
    check(`links of ${name}`, deadLinks(pages, name));
    check(name, faultsOf(html));
}
const size = [...pages.values()].reduce((sum, html) => sum + Buffer.byteLength(html), 0);
check('its size', room && size > Number(room) ? [`${size} bytes`] : []);

const planted = new Map([
    ['index.html', '<a href="b.html#there">'],
    ['b.html', '<h2 id="there"><a href="#none">'],
    ['c.html', '<a href="d.html"><a href="b.html#none"><a href="index.html">'],
]);
check('a whole page has no dead link', deadLinks(planted, 'index.html'));
check(
    'a dead link is seen',
    deadLinks(planted, 'c.html').join() === 'd.html,b.html#none' ? [] : ['not'],
);
check(
    'so is one in the page itself',
    deadLinks(planted, 'b.html').join() === '#none' ? [] : ['not'],
);
check('a lost page is seen', reachable(planted).has('c.html') ? ['not'] : []);
check('a script is seen', faultsOf('<title>a</title><script>').length ? [] : ['not']);
console.log(`docs: ${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
