// SPDX-License-Identifier: MIT
// Where the time of an answer went: Server-Timing, and what is left of the time that the page
// waited, as a bar with its stages named.

import { drawing, element } from './dom.js';

const WIDTH = 1000;
const LEAST = 8; // so that a stage of a microsecond is still seen

/** What each stage is, to a person. */
const MEANINGS = {
    parse: 'reading the request',
    queue: 'waiting for its turn at the accounts',
    decide: 'deciding, alone with the accounts',
    commit: 'until it was durable in PostgreSQL',
    read: 'reading the ledger',
    ledger: 'asking the ledger',
    answer: 'writing the answer',
    network: 'in the browser, and on the way there and back',
};

/** "parse;dur=0.02, commit;dur=1.1" is [{name: 'parse', ms: 0.02}, ...]; what has no duration is
 *  left out. */
export function readTiming(header) {
    return [...(header ?? '').matchAll(/([!#$%&'*+.^_`|~\w-]+)\s*;\s*dur=([\d.]+)/g)]
        .map(([, name, ms]) => ({ name, ms: Number(ms) }));
}

/** 0.0123 is "12 µs", 1.234 is "1.23 ms", 61 is "61 ms", 61000 is "61 s". */
export function showMs(ms) {
    if (ms < 0.01) return `${(ms * 1000).toFixed(1)} µs`;
    if (ms < 1) return `${Math.round(ms * 1000)} µs`;
    if (ms >= 10000) return `${Math.round(ms / 1000)} s`;
    return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;
}

/** The bar of an answer; an empty text if nothing is known. `waited` is what the page waited. */
export function drawTiming(stages, waited) {
    if (stages.length === 0) return '';
    const inside = stages.reduce((sum, { ms }) => sum + ms, 0);
    const parts = [...stages, { name: 'network', ms: Math.max(0, waited - inside) }];
    return element('figure', { class: 'timing' },
        element('figcaption', {}, `Where ${showMs(waited)} went: ${showMs(inside)} in the service`),
        drawBar(parts),
        element('ul', {}, ...parts.map(({ name, ms }) =>
            element('li', { 'data-stage': name, title: MEANINGS[name] ?? name },
                element('span', { class: 'swatch-box', 'aria-hidden': 'true' }),
                `${name} `, element('b', {}, showMs(ms))))));
}

/** Side by side, each at least visible; the longest gives what that takes. */
function drawBar(parts) {
    const sum = parts.reduce((total, { ms }) => total + ms, 0) || 1;
    const widths = parts.map(({ ms }) => Math.max(LEAST, Math.round(WIDTH * ms / sum)));
    const longest = widths.indexOf(Math.max(...widths));
    widths[longest] -= widths.reduce((total, width) => total + width, 0) - WIDTH;
    const bar = drawing('svg', { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: 'none',
        class: 'timing-bar', 'aria-hidden': 'true' });
    let x = 0;
    parts.forEach(({ name }, i) => {
        bar.append(drawing('rect', { 'data-stage': name, x, y: 0, width: widths[i], height: 10 }));
        x += widths[i];
    });
    return bar;
}
