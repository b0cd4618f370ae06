// SPDX-License-Identifier: MIT
// A trace as lanes: time runs down, a column for each coroutine, a row for each step. The thread
// of execution is the strong line that goes from lane to lane. A table, so that a screen reader
// can walk through it, too.

import { element } from '../dom.js';
import { showBalances, showCountOf, showNumber, showText } from './numbers.js';
import { statesOf } from './states.js';

const GLYPHS = {
    start: '▸', read: '○', check: '?', write: '●', lock: '■', unlock: '□', wait: '…', send: '→',
    receive: '←', park: '‖', wake: '▹', retry: '↻', answer: '✓', end: '▪',
};
const SHARE = 84; // percent of the width that the lanes have together
const STATE_WORDS = { running: '', ready: 'ready', parked: 'parked', ended: 'ended',
    unborn: 'not started' };

/**
 * The lanes of a trace: {node, show(at)}. `show` marks step `at` (from 1) as the one that was made
 * last. `pick(at)` is called when a person points at a step.
 */
export function makeLanes(trace, pick) {
    const states = statesOf(trace);
    const heads = trace.lanes.map(({ lane, name }) => makeHead(`${lane} · ${name}`,
        Math.floor(SHARE / trace.lanes.length)));
    const truth = element('span', { class: 'belief' });
    const rows = trace.steps.map((step, i) => makeRow(trace, states, i));
    rows.forEach((row, i) => row.addEventListener('click', () => pick(i + 1)));
    const node = element('table', { class: 'lanes' },
        element('caption', { class: 'quiet' },
            `${showCountOf(trace.lanes.length, 'coroutine', 'coroutines')}, ` +
            `${showCountOf(trace.steps.length, 'step', 'steps')}, in the order of time`),
        element('thead', {}, element('tr', {},
            element('th', { scope: 'col', class: 'step' }, 'Step'),
            ...heads.map(({ cell }) => cell),
            ...(trace.accounts.length ? [element('th', { scope: 'col', class: 'truth' },
                element('span', { class: 'lane-name' }, 'Truth'), truth)] : []))),
        element('tbody', {}, ...rows));
    return { node, show: (at) => show(trace, states, heads, truth, rows, at) };
}

function makeHead(name, share) {
    const belief = element('span', { class: 'belief' });
    return { belief, cell: element('th', { scope: 'col', width: `${share}%` },
        element('span', { class: 'lane-name' }, name), belief) };
}

function makeRow(trace, states, i) {
    const step = trace.steps[i];
    const before = i ? column(trace, trace.steps[i - 1].lane) : null;
    const at = column(trace, step.lane);
    const row = element('tr', { 'data-step': i + 1 },
        element('th', { scope: 'row', class: 'step' }, String(i + 1)),
        ...states[i].map((state, c) => makeCell(step, state, c === at, hop(before, at, c))),
        ...(trace.accounts.length
            ? [element('td', { class: 'truth number' }, ...truthOf(trace, i))] : []));
    if (step.switch) row.classList.add('switch');
    if (step.switch) row.firstChild.append(element('span', { class: 'mark', title: 'a switch' },
        ' ⇄'));
    if (step.wrong) row.classList.add('wrong');
    return row;
}

const column = ({ lanes }, number) => lanes.findIndex(({ lane }) => lane === number);

/** Which part of the way from lane to lane goes through the head of column c. */
function hop(from, to, c) {
    if (from === null || from === to) return '';
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    if (c < low || c > high) return '';
    if (c === low) return 'hop-right';
    return c === high ? 'hop-left' : 'hop-through';
}

function makeCell(step, { state, holds }, acts, way) {
    const cell = element('td', { class: `lane ${way}`, 'data-state': state });
    if (holds) cell.classList.add('holds');
    if (!acts) {
        cell.append(element('span', { class: 'quiet' }, STATE_WORDS[state]));
        return cell;
    }
    cell.classList.add(`verb-${step.verb}`);
    cell.append(element('span', { class: 'glyph', 'aria-hidden': 'true' },
        step.wrong ? '✕' : GLYPHS[step.verb] ?? '•'));
    cell.append(element('span', { class: 'text' }, describe(step)));
    const stale = staleOf(step);
    if (stale) cell.append(element('span', { class: 'stale' }, stale));
    return cell;
}

/**
 * A step in words, of what it is on: "reads 100" of alice is "reads alice 100", "checks: it may"
 * "checks alice: it may", "locks" and "waits to send on" have it behind them.
 */
export function describe({ text, on, value }) {
    if (!on || text.includes(on)) return showText(text);
    const behind = (value ?? null) === null && !text.includes(':');
    return showText(behind ? `${text} ${on}` : text.replace(/^\w+/, (verb) => `${verb} ${on}`));
}

/** Where the lane is mistaken about a balance, after its step: in words. */
function staleOf({ believes = {}, truth = {} }) {
    const wrong = Object.keys(believes).filter((name) =>
        name in truth && believes[name] !== truth[name]);
    if (!wrong.length) return '';
    return wrong.map((name) => `believes ${name} ${showNumber(believes[name])}`).join(', ');
}

/** The balances after step i; of several, those that it changed (the head has all of them). */
function truthOf({ steps, accounts }, i) {
    const before = i ? steps[i - 1].truth : {};
    const news = Object.entries(steps[i].truth).filter(([name, value]) =>
        accounts.length === 1 || before[name] !== value);
    return news.flatMap(([name, value], n) => {
        const text = accounts.length > 1 ? `${name} ${showNumber(value)}` : showNumber(value);
        const node = element('span', value < 0 ? { class: 'negative' } : {}, text);
        return n ? [element('br'), node] : [node];
    });
}

function show(trace, states, heads, truth, rows, at) {
    rows.forEach((row, i) => {
        row.dataset.time = i + 1 < at ? 'past' : i + 1 > at ? 'future' : 'now';
        if (i + 1 === at) row.setAttribute('aria-current', 'step');
        else row.removeAttribute('aria-current');
    });
    const real = at ? trace.steps[at - 1].truth : startOf(trace);
    truth.textContent = showBalances(real, '\n');
    heads.forEach(({ belief }, c) => {
        const believed = at ? states[at - 1][c].believes : {};
        const mistaken = Object.keys(believed).some((name) =>
            name in real && believed[name] !== real[name]);
        belief.textContent = beliefOf(believed, trace);
        belief.classList.toggle('mistaken', mistaken);
    });
}

function beliefOf(believed, { accounts }) {
    if (Object.keys(believed).length) return `believes ${showBalances(believed)}`;
    return accounts.length ? 'knows nothing yet' : '';
}

function startOf({ accounts }) {
    return Object.fromEntries(accounts.map(({ name, start }) => [name, start]));
}
