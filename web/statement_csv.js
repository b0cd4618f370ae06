// SPDX-License-Identifier: MIT
// A statement as a file of comma-separated values (RFC 4180), oldest entry first, which a
// spreadsheet opens. Amounts are plain decimals; no text begins as a formula does.

import { element } from './dom.js';
import { scaleOf } from './money.js';

const HEAD = ['seq', 'time', 'kind', 'with', 'amount', 'balance', 'asset', 'key', 'note'];

/** "-123456" of scale 2 is "-1234.56". */
export function plainAmount(units, asset) {
    const scale = scaleOf(asset);
    const digits = units.replace('-', '').padStart(scale + 1, '0');
    const cut = digits.length - scale;
    return (units.startsWith('-') ? '-' : '') + digits.slice(0, cut) +
        (scale ? `.${digits.slice(cut)}` : '');
}

/** A value in quotes; what a spreadsheet would compute is made text by an apostrophe. */
export function csvText(text) {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
}

/** A statement's items, newest first, as the lines of the file. */
export function csvOf(items, { id, asset }) {
    const lines = items.toReversed().map(({ seq, at, kind, postings, amount, balance, key,
        metadata }) => {
        const others = new Set();
        for (const { from, to } of postings ?? []) others.add(from === id ? to : from);
        return [seq, at, kind, csvText([...others].join(' ')), plainAmount(amount, asset),
            plainAmount(balance, asset), csvText(asset), csvText(key ?? ''),
            csvText(metadata?.note ?? '')].join(',');
    });
    return [HEAD.join(','), ...lines, ''].join('\r\n');
}

/** Read all pages, the first at `first`, and offer the file; resolves to its number of entries. */
export async function saveCsv(account, first, readPage) {
    const items = [];
    for (let next = first; next !== 0;) {
        const page = await readPage(next);
        items.push(...page.items);
        if (page.next === null) break;
        next = page.next;
    }
    const file = new Blob([csvOf(items, account)], { type: 'text/csv' });
    const url = URL.createObjectURL(file);
    const { id, from, until } = account;
    const name = ['statement', id, from, until].filter(Boolean).join('-')
        .replace(/[^\p{L}\p{N}._-]+/gu, '_');
    element('a', { href: url, download: `${name}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    return items.length;
}
