// SPDX-License-Identifier: MIT
// The race lab: puts the parts together; start reading here. A scenario, two strategies beside each
// other, and for each the schedule that is shown. All of it stands in the address.

import { element, find, showPlace } from '../dom.js';
import { startToken } from '../token.js';
import { offered, readCatalogue } from './catalogue.js';
import { readPlace, writePlace } from './place.js';
import { offerPrice, startPrice } from './price.js';
import { NO_SWITCH, Side } from './side.js';
import { Told } from './told.js';
import { startVisit } from './visit.js';

const FIRST = { scenario: 'double-withdraw', a: 'unsafe', b: 'mutex' };

let catalogue = null;
let scenario = null;
let settled = false; // the address may follow what is shown

const sides = { a: new Side('a', 'Strategy', follow), b: new Side('b', 'Beside it', follow) };

function start() {
    showPlace();
    find('sides').replaceChildren(sides.a.view.node, sides.b.view.node);
    startToken(load);
    startPrice();
    find('scenario').addEventListener('change', () => choose(find('scenario').value));
    find('find').addEventListener('click', () => Promise.all([sides.a.find(), sides.b.find()]));
    find('copy').addEventListener('click', copy);
    find('again').addEventListener('click', load);
    addEventListener('hashchange', () => catalogue && restore());
    load();
}

async function load() {
    find('told').hidden = true;
    try {
        catalogue = await readCatalogue();
    } catch (error) {
        if (!(error instanceof Told)) throw error;
        find('told').hidden = false;
        find('told-text').textContent = error.message;
        return;
    }
    find('lab').hidden = false;
    find('scenario').replaceChildren(...[...catalogue.scenarios.values()].map(({ name, title }) =>
        element('option', { value: name }, title)));
    startVisit({ ...sides, choose });
    await restore();
}

/** Show what the address says; what it does not say, or says wrongly, is as for a first visit. */
async function restore() {
    const place = readPlace();
    settled = false;
    const known = catalogue.scenarios.has(place.scenario);
    const name = known ? place.scenario : catalogue.scenarios.has(FIRST.scenario)
        ? FIRST.scenario : catalogue.scenarios.keys().next().value;
    offer(name, [place.a.strategy, FIRST.a], [place.b.strategy, FIRST.b, 'owner']);
    await Promise.all(Object.entries(sides).map(([id, side]) =>
        side.strategy.name === place[id].strategy && place[id].code !== null
            ? side.replay(place[id].code, place[id].step) : side.replay(NO_SWITCH, null)));
    settled = true;
    follow();
}

function offer(name, a, b) {
    scenario = catalogue.scenarios.get(name);
    find('scenario').value = name;
    find('holds').textContent = scenario.holds;
    const left = offered(scenario, a.filter(Boolean));
    sides.a.offer(catalogue, scenario, left);
    sides.b.offer(catalogue, scenario, offered(scenario, b.filter(Boolean), left));
    offerPrice(catalogue, scenario);
}

/**
 * Another scenario, with these strategies if it has them. `keep`: a side that shows just that
 * already is left as it is.
 */
async function choose(name, a = FIRST.a, b = FIRST.b, { keep = false } = {}) {
    if (keep && scenario.name === name) {
        const wanted = { a, b };
        await Promise.all(Object.entries(sides).map(([id, side]) =>
            side.strategy.name !== wanted[id] && scenario.strategies.includes(wanted[id])
                ? side.choose(wanted[id]) : null));
        return;
    }
    offer(name, [a], [b, 'owner']);
    await Promise.all([sides.a.replay(NO_SWITCH, null), sides.b.replay(NO_SWITCH, null)]);
}

/** Let the address say what is shown. */
function follow() {
    if (!settled) return;
    find('copy').textContent = 'Copy link';
    const of = ({ strategy, code, step }) => ({ strategy: strategy.name, code, step });
    writePlace({ scenario: scenario.name, a: of(sides.a), b: of(sides.b) });
}

/** The link to the clipboard; where a page may not do that, it is shown to be copied by hand. */
async function copy() {
    try {
        await navigator.clipboard.writeText(location.href);
        find('copy').textContent = 'Copied ✓';
        find('copied').textContent = 'Copied: the link shows exactly this in any browser.';
    } catch {
        const link = find('copy-link');
        link.hidden = false;
        link.value = location.href;
        link.select();
        find('copied').textContent = 'The link stands below, to be copied.';
    }
}

start();
