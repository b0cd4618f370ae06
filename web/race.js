// SPDX-License-Identifier: MIT
// The project's story in one button: 100 in an account, two withdrawals of 80 at the same moment,
// under four strategies. Two of them lose money, and so run in the lab; the two that this service
// offers run on real ledgers.

import { element, find } from './dom.js';
import { showNumber } from './lab/numbers.js';
import { raceInLab } from './race_lab.js';
import { raceOnLedger } from './race_ledger.js';

const SVG = 'http://www.w3.org/2000/svg';
const HAVE = 100;
const LEAST = -60; // when both are paid

/** `race(rounds, onRound)` calls onRound({paid, left, href?}) for one round or for several. */
const RACERS = [
    { name: 'unsafe', where: 'in the lab', race: raceInLab },
    { name: 'atomic', where: 'in the lab', race: raceInLab },
    { name: 'owner', where: 'real ledger', race: raceOnLedger, ledger: 'races-owner' },
    { name: 'sharded', where: 'real ledger', race: raceOnLedger, ledger: 'races-sharded' },
].map((racer) => ({ ...racer, rounds: 0, twice: 0, exact: 0, left: null, told: '', href: null }));

/** Race that often, unless it is being raced. */
export async function race(rounds) {
    const buttons = [find('race-once'), find('race-many')];
    if (buttons[0].disabled) return;
    for (const button of buttons) button.disabled = true;
    find('race-steps').replaceChildren();
    await Promise.all([inTurn(RACERS.filter(({ ledger }) => !ledger), rounds),
        inTurn(RACERS.filter(({ ledger }) => ledger), rounds)]);
    for (const button of buttons) button.disabled = false;
    judge();
}

/** Those that use the same thing run one after the other. */
async function inTurn(racers, rounds) {
    for (const racer of racers) {
        racer.told = 'racing …';
        draw();
        try {
            await racer.race(racer, rounds, (round) => count(racer, round));
            racer.told = '';
        } catch (error) {
            racer.told = error.message;
        }
        draw();
    }
}

/** `steps` are what was sent and answered in the last round, for those that want to know. */
function count(racer, { rounds = 1, twice, exact, left, href = null, steps = [] }) {
    racer.rounds += rounds;
    racer.twice += twice;
    racer.exact += exact;
    racer.left = left;
    racer.href = href;
    if (steps.length) drawSteps(racer.name, steps);
    draw();
}

function draw() {
    find('race-picture').hidden = false;
    find('race-rows').replaceChildren(...RACERS.map((racer) => element('tr', {
        'data-name': racer.name, 'data-state': stateOf(racer) },
        element('th', { scope: 'row' }, racer.name, element('small', {}, racer.where)),
        element('td', {}, ...(racer.left === null ? [] : [bar(racer.left)]),
            element('span', { class: 'race-result' }, resultOf(racer)), ...linkOf(racer)),
        element('td', { class: 'number' }, racer.left === null ? '–'
            : `${showNumber(racer.left)}.00`))));
}

function stateOf({ told, rounds, twice, exact }) {
    if (told) return 'waiting';
    if (twice > 0) return 'wrong';
    return rounds > 0 && exact === rounds ? 'right' : 'waiting';
}

function resultOf({ told, rounds, twice, exact }) {
    if (told) return told;
    if (twice > 0) return `paid twice in ${twice} of ${rounds}`;
    return rounds ? `paid once in ${exact} of ${rounds}` : '';
}

function linkOf({ href }) {
    return href ? [' ', element('a', { href }, 'see how')] : [];
}

/** What is left of 100: to the right of nothing, or to its left. */
function bar(left) {
    const picture = document.createElementNS(SVG, 'svg');
    const span = HAVE - LEAST;
    picture.setAttribute('viewBox', `0 0 ${span} 10`);
    picture.setAttribute('preserveAspectRatio', 'none');
    picture.setAttribute('class', 'race-bar');
    picture.setAttribute('aria-hidden', 'true');
    for (const [name, x, width] of [['all', -LEAST, HAVE], ['left', Math.min(0, left) - LEAST,
        Math.abs(left)], ['zero', -LEAST - 0.5, 1]]) {
        const part = document.createElementNS(SVG, 'rect');
        part.setAttribute('class', name);
        part.setAttribute('x', x);
        part.setAttribute('width', width);
        part.setAttribute('height', 10);
        picture.append(part);
    }
    return picture;
}

function drawSteps(name, steps) {
    const id = `race-steps-${name}`;
    find(id)?.remove();
    find('race-steps').append(element('li', { id }, `${name}: `,
        element('ol', { class: 'steps' }, ...steps)));
}

/** The sentence under the picture is about the real ledgers: they are what promises. */
function judge() {
    const real = RACERS.filter(({ ledger }) => ledger);
    const rounds = real.reduce((sum, racer) => sum + racer.rounds, 0);
    const exact = real.reduce((sum, racer) => sum + racer.exact, 0);
    const verdict = find('race-verdict');
    verdict.hidden = rounds === 0;
    verdict.dataset.state = exact === rounds ? 'right' : 'wrong';
    verdict.textContent = `Exactly one paid, in ${exact} of ${rounds} races on real ledgers.`;
}
