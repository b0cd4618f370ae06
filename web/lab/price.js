// SPDX-License-Identifier: MIT
// What safety costs: the scenario on all workers under every strategy, as fast as it goes, and the
// rates and delays beside each other.

import { element, find } from '../dom.js';
import { showCountOf, showDuration, showNumber } from './numbers.js';
import { run } from './runs.js';
import { Told } from './told.js';

const CROWDS = [10, 100, 1000];
const SVG = 'http://www.w3.org/2000/svg';

let catalogue = null;
let scenario = null;
let turn = 0;

export function startPrice() {
    find('price-measure').addEventListener('click', measure);
}

/** Another scenario: what was measured is not of this one. */
export function offerPrice(newCatalogue, newScenario) {
    catalogue = newCatalogue;
    scenario = newScenario;
    turn++;
    const most = scenario.clients?.max ?? CROWDS.at(-1);
    const crowds = CROWDS.filter((crowd) => crowd <= most);
    find('price-clients').replaceChildren(...(crowds.length ? crowds : [most]).map((crowd) =>
        element('option', { value: crowd }, showNumber(crowd))));
    find('price-clients').value = Math.max(...(crowds.length ? crowds : [most]));
    find('price-table').hidden = true;
    find('price-measure').disabled = false;
    find('price-status').textContent = '';
}

async function measure() {
    const mine = ++turn;
    const clients = Number(find('price-clients').value);
    const rows = scenario.strategies.map((name) => ({ title: catalogue.strategies.get(name).title,
        name, result: null, told: 'waits' }));
    find('price-measure').disabled = true;
    find('price-table').hidden = false;
    for (const row of rows) {
        row.told = 'running …';
        draw(rows);
        find('price-status').textContent = `Running ${row.title} with ${showNumber(clients)} ` +
            'clients …';
        try {
            row.result = await run({ scenario: scenario.name, strategy: row.name, mode: 'parallel',
                clients });
        } catch (error) {
            if (!(error instanceof Told)) throw error;
            row.told = error.message;
        }
        if (mine !== turn) return;
        draw(rows);
    }
    find('price-status').textContent = 'Measured on the machine of this service, in a process of ' +
        'its own with lower priority; other work there makes it slower.';
    find('price-measure').disabled = false;
}

function draw(rows) {
    const best = Math.max(1, ...rows.map(({ result }) => result?.rate ?? 0));
    const worst = Math.max(1, ...rows.map(({ result }) => result?.p99_us ?? 0));
    find('price-rows').replaceChildren(...rows.map(({ title, result, told }) => element('tr', {},
        element('th', { scope: 'row' }, title),
        ...(result ? [
            bar(result.rate / best, showNumber(Math.round(result.rate)), 'rate'),
            bar(result.p99_us / worst, showDuration(result.p99_us), 'delay'),
            element('td', { class: result.broken ? 'price-broken' : 'price-held' },
                outcomeOf(result)),
        ] : [element('td', { colspan: '3', class: 'note' }, told)]))));
}

function outcomeOf(result) {
    const words = [['lost', 'lost', 'lost'], ['made', 'made out of nothing', 'made out of nothing'],
        ['negative', 'balance below zero', 'balances below zero'],
        ['deadlocks', 'deadlock', 'deadlocks'], ['retries', 'retry', 'retries']]
        .filter(([name]) => result[name] > 0)
        .map(([name, one, many]) => showCountOf(result[name], one, many));
    const first = result.broken ? 'broken' : 'held';
    return words.length ? `${first}: ${words.join(', ')}` : first;
}

/** A cell with a bar as long as its share, and the number in words. */
function bar(share, text, kind) {
    const picture = document.createElementNS(SVG, 'svg');
    const fill = document.createElementNS(SVG, 'rect');
    picture.setAttribute('class', `bar ${kind}`);
    picture.setAttribute('aria-hidden', 'true');
    for (const [name, value] of [['width', `${Math.max(0.5, 100 * share)}%`], ['height', '100%']])
        fill.setAttribute(name, value);
    picture.append(fill);
    return element('td', { class: `bar-cell ${kind}` }, picture, element('span', {}, text));
}
