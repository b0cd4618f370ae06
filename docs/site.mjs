// SPDX-License-Identifier: MIT
// docs/site.mjs OUT [MAN]: the site, in the folder OUT, with the manual pages of the folder MAN, if
// that is given. Markdown becomes HTML by cmark-gfm, manual pages by mandoc; here it is put into
// pages, and its links are made to lead to them. Run from the root. The same sources give the same
// bytes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';

// [kind, [page, its title, its source]]: the order is that of the menu.
const SITE = [
    [
        'Tutorial',
        [
            ['tutorial', 'A first bank', 'README.md'],
            ['examples', 'Goroutines for C', 'coro/examples/README.md'],
        ],
    ],
    [
        'How-to',
        [
            ['operations', 'Run it', 'server/OPERATIONS.md'],
            ['deploy', 'On several machines', 'deploy/README.md'],
            ['proxies', 'Behind a proxy', 'server/proxies/README.md'],
            ['clients', 'Clients', 'clients/README.md'],
            ['packaging', 'Packages', 'packaging/README.md'],
            ['monitoring', 'Monitoring', 'server/monitoring/README.md'],
            ['loadtest', 'Load tester', 'loadtest/README.md'],
            ['simulation', 'How large', 'loadtest/simulation/README.md'],
            ['contributing', 'Contribute', 'CONTRIBUTING.md'],
        ],
    ],
    [
        'Reference',
        [
            ['server', 'Checks and limits', 'server/README.md'],
            ['sql', 'Schema', 'sql/README.md'],
            ['news', 'News', 'NEWS.md'],
        ],
    ],
    [
        'Explanation',
        [
            ['ledger', 'Ledger', 'ledger/README.md'],
            ['coro', 'Coroutines', 'coro/README.md'],
            ['lab', 'Lab', 'lab/README.md'],
            ['web', 'Dashboard', 'web/README.md'],
            ['tests', 'Tests', 'tests/README.md'],
        ],
    ],
];
const HOME = ['index', 'Overview', 'docs/index.md'];

const [out, man] = process.argv.slice(2);
const pages = new Map(
    [HOME, ...SITE.flatMap(([, rows]) => rows)].map(([name, , source]) => [source, name]),
);

const plain = (html) => html.replace(/<[^>]*>/g, '').replace(/&[a-z]+;/g, '');
const slug = (html) =>
    plain(html)
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-');

/** As the readers of Markdown elsewhere do it: a heading is called by its words. */
function nameHeadings(html) {
    const used = new Map();
    return html.replace(/<(h[1-6])>(.*?)<\/\1>/gs, (whole, tag, text) => {
        const id = slug(text),
            again = used.get(id) ?? 0;
        used.set(id, again + 1);
        return `<${tag} id="${again ? `${id}-${again}` : id}">${text}</${tag}>`;
    });
}

/** Where a link of a source leads to in the site; null: to something that is not in it. */
function targetOf(source, href) {
    if (/^(https?:|#)/.test(href)) return href;
    const [path, anchor] = href.split('#');
    const to = posix.normalize(posix.join(posix.dirname(source), path));
    // It stands beside the site, served or installed.
    if (to === 'server/api/openapi.json') return '../openapi.json';
    const page = pages.get(to) ?? pages.get(posix.join(to, 'README.md'));
    return page ? `${page}.html${anchor ? `#${anchor}` : ''}` : null;
}

function relink(source, html) {
    return html
        .replace(/<a href="([^"]*)">(.*?)<\/a>/gs, (whole, href, text) => {
            const target = targetOf(source, href);
            return target ? `<a href="${target}">${text}</a>` : text;
        })
        .replace(/<p><img [^>]*><\/p>\n?/g, '')
        .replace(/<img [^>]*alt="([^"]*)"[^>]*>/g, '$1');
}

function fromMarkdown(source) {
    const html = execFileSync(
        'cmark-gfm',
        ['--extension', 'table', '--extension', 'autolink', source],
        { encoding: 'utf8' },
    );
    return relink(source, nameHeadings(html))
        .replaceAll('<table>', '<div class="scroll"><table>')
        .replaceAll('</table>', '</table></div>');
}

function fromManual(file) {
    return execFileSync(
        'mandoc',
        ['-T', 'html', '-O', 'fragment,man=%N.%S.html', `${man}/${file}`],
        { encoding: 'utf8' },
    );
}

function itemOf([name, title], current) {
    const mark = name === current ? ' aria-current="page"' : '';
    return `<li><a href="${name}.html"${mark}>${title}</a></li>`;
}

function menuOf(kinds, current) {
    return kinds
        .map(([kind, rows]) => {
            const items = rows.map((row) => itemOf(row, current)).join('\n');
            return `<h2>${kind}</h2>\n<ul>\n${items}\n</ul>`;
        })
        .join('\n');
}

function write(kinds, [name, title], body) {
    writeFileSync(
        `${out}/${name}.html`,
        `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · teller</title>
<link rel="stylesheet" href="docs.css">
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header><a href="index.html">teller: documentation</a>
<a class="to-pages" href="#pages">All pages</a></header>
<div class="site">
<nav class="pages" id="pages" aria-label="Pages">
${menuOf(kinds, name)}
</nav>
<main id="content">
${body}</main>
</div>
</body>
</html>
`,
    );
}

const manuals = man
    ? readdirSync(man)
          .filter((name) => /\.[13]$/.test(name))
          .sort()
    : [];
const kinds = manuals.length ? [...SITE, ['Manual', manuals.map((name) => [name, name])]] : SITE;
const known = new Set(manuals.map((name) => `${name}.html`));

mkdirSync(out, { recursive: true });
writeFileSync(`${out}/docs.css`, readFileSync('docs/docs.css'));
for (const page of [HOME, ...SITE.flatMap(([, rows]) => rows)])
    write(kinds, page, fromMarkdown(page[2]));
for (const name of manuals) {
    // Pages of other packages are not here.
    const body = fromManual(name).replace(/ style="[^"]*"/g, '').replace(
        /<a class="Xr" href="([^"]*)">(.*?)<\/a>/gs,
        (whole, href, text) => (known.has(href) ? whole : text),
    );
    write(kinds, [name, name], body);
}
