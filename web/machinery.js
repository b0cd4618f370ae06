// SPDX-License-Identifier: MIT
// The machinery of the ledger, live: what waits for its turn, what is being committed, what the
// coroutines wait on. Asked for once a second, and only while somebody can see it.

import { LEDGER, request } from './api.js';
import { drawing, element, find, write } from './dom.js';
import { showCount } from './money.js';
import { showMs } from './timing.js';

const EVERY_MS = 1000;
const GROUPS = 24;
const BAR = { height: 64, width: 22, gap: 4 };

/** What coroutines wait on, in words for people; what is not here is told as it is. */
const REASONS = {
    'channel receive': 'a message',
    'channel send': 'room in a channel',
    descriptor: 'the network',
    eventcount: 'a count',
    mutex: 'a mutex',
    select: 'any of several',
    sleep: 'time',
};

let seen = false;
let previous = null; // {at, commit} of the answer before
let codeOf = null;

export function startMachinery() {
    new IntersectionObserver(([{ isIntersecting }]) => {
        seen = isIntersecting;
        if (seen) look();
    }).observe(find('machinery'));
    find('machinery-code').addEventListener('toggle', showCode);
    setInterval(look, EVERY_MS);
}

let looking = false;

async function look() {
    if (!seen || looking || document.hidden) return;
    looking = true;
    try {
        const answer = await request('GET', `${LEDGER}/machinery`);
        if (answer.status === 200) draw(answer.body);
        else write('machinery-note', `The service does not tell: ${answer.status}.`);
    } catch {
        write('machinery-note', 'No answer; these figures are old.');
    } finally {
        looking = false;
    }
}

function draw({ strategy, queue, locks, commit, coroutines }) {
    write('machinery-note', '');
    write('machinery-strategy', strategy.name);
    write('machinery-how', strategy.how);
    drawTurns(queue, locks);
    drawCommits(commit);
    drawSizes(commit.sizes);
    drawCoroutines(coroutines);
    codeOf = strategy;
    write('machinery-code-title', `The code of ${strategy.name}`);
}

/* --- turns ----------------------------------------------------------------------------------- */

function drawTurns(queue, locks) {
    const { waiting } = queue ?? locks;
    const whole = queue ? queue.capacity : locks.count;
    write('machinery-turns-title', queue ? "The owner's queue" : 'The mutexes');
    write('machinery-turns', queue
        ? `${showCount(waiting)} of ${showCount(whole)} places taken`
        : `${showCount(locks.held)} of ${showCount(whole)} held, ${showCount(waiting)} waiting`);
    const share = (queue ? waiting : locks.held) / whole;
    find('machinery-meter').setAttribute('width', String(Math.round(1000 * Math.min(1, share))));
    const busiest = locks?.busiest ?? [];
    find('machinery-busiest').hidden = queue !== null;
    write('machinery-busiest', busiest.length === 0 ? 'Nobody waits for a mutex.'
        : `Busiest: ${busiest.map((one) => `${one.lock} (${one.waiting} wait)`).join(', ')}`);
}

/* --- commits --------------------------------------------------------------------------------- */

function drawCommits(commit) {
    const at = performance.now();
    const before = previous?.commit;
    const batches = before ? commit.batches - before.batches : 0;
    write('machinery-waiting', `${showCount(commit.waiting_entries)} entries`);
    write('machinery-last', commit.batches === 0 ? 'none yet'
        : `${showCount(commit.last_entries)} in ${showMs(commit.last_us / 1000)}`);
    if (before && batches >= 0) {
        const seconds = (at - previous.at) / 1000;
        write('machinery-rate', `${showCount(batches / seconds)} a second`);
        write('machinery-mean', batches === 0 ? '–'
            : `${showCount((commit.entries - before.entries) / batches)} in ` +
                showMs((commit.took_us - before.took_us) / batches / 1000));
    }
    previous = { at, commit };
}

/** A column for each size, as high as its share of the most frequent one. */
function drawSizes(sizes) {
    const most = Math.max(1, ...sizes.map(({ batches }) => batches));
    const step = BAR.width + BAR.gap;
    const told = sizes.filter(({ batches }) => batches > 0)
        .map(({ upto, batches }) => `${showCount(batches)} of up to ${showCount(upto)}`);
    const picture = find('machinery-sizes');
    picture.setAttribute('viewBox', `0 0 ${Math.max(8, sizes.length) * step} ${BAR.height + 16}`);
    picture.setAttribute('aria-label', `Batches by entries: ${told.join(', ') || 'none'}`);
    picture.replaceChildren(...sizes.flatMap(({ upto, batches }, i) => {
        const height = batches === 0 ? 0 : Math.max(2, Math.round(BAR.height * batches / most));
        const label = drawing('text', { x: i * step + BAR.width / 2, y: BAR.height + 13 });
        label.textContent = upto < 1024 ? String(upto) : `${upto / 1024}k`;
        return [drawing('rect', { x: i * step, y: BAR.height - height, width: BAR.width, height }),
            label];
    }));
}

/* --- coroutines ------------------------------------------------------------------------------ */

function drawCoroutines({ alive, running, ready, waits }) {
    write('machinery-coroutines', `${showCount(alive)} alive, in the whole service: ` +
        `${showCount(running)} running, ${showCount(ready)} ready`);
    const rows = waits.slice(0, GROUPS).map(({ name, on, count, longest_ms: longest }) =>
        element('tr', {}, element('th', { scope: 'row' }, name.replaceAll('_', ' ')),
            element('td', {}, REASONS[on] ?? on),
            element('td', { class: 'number' }, showCount(count)),
            element('td', { class: 'number roomy' }, showMs(longest))));
    const more = waits.slice(GROUPS).reduce((sum, { count }) => sum + count, 0);
    if (more > 0)
        rows.push(element('tr', {}, element('th', { scope: 'row' }, 'others'), element('td'),
            element('td', { class: 'number' }, showCount(more)),
            element('td', { class: 'roomy' })));
    find('machinery-waits').replaceChildren(...rows);
}

/* --- its code -------------------------------------------------------------------------------- */

/** Fetched when somebody wants to read it, once. */
async function showCode() {
    const code = find('machinery-source');
    if (!find('machinery-code').open || !codeOf || code.dataset.of === codeOf.name) return;
    try {
        const response = await fetch(codeOf.code.slice(1));
        code.textContent = response.ok ? await response.text() : `${response.status}`;
        code.dataset.of = codeOf.name;
    } catch {
        code.textContent = 'No answer. Close it and open it again.';
    }
}
