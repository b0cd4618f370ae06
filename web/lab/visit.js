// SPDX-License-Identifier: MIT
// The first visit: five steps, each a sentence and one button that does it.

import { element, find } from '../dom.js';

const SEEN_KEY = 'teller.lab.visited';
const ACCOUNT = 'double-withdraw';

/** Each: what it is called, what to know before, what it does, and what was to be seen. */
const STEPS = [
    {
        title: 'Lose money',
        before: 'An account holds 100. Two coroutines each read it, see that 80 can be taken, ' +
            'and write what is left. Run that under one schedule after another, until the bank ' +
            'pays twice.',
        act: async (lab) => {
            await lab.choose(ACCOUNT, 'unsafe', 'mutex');
            await lab.a.find();
        },
        after: 'Both were paid: 160 left an account of 100. Nothing crashed, and nothing was ' +
            'logged.',
    },
    {
        title: 'Find the schedule',
        before: 'Most of its switches have nothing to do with it. Shrink the schedule to those ' +
            'without which the money is safe, and step through what remains.',
        act: async (lab) => {
            await lab.choose(ACCOUNT, 'unsafe', 'mutex', { keep: true });
            await lab.a.shrink();
        },
        after: 'One coroutine was stopped between its look and its write. What it believed was ' +
            'no longer true when it acted on it.',
    },
    {
        title: 'A mutex',
        before: 'Put the look and the write under one lock. Whoever comes second waits, then ' +
            'looks at what is really there. Try ten thousand schedules on it.',
        act: async (lab) => {
            await lab.choose(ACCOUNT, 'unsafe', 'mutex', { keep: true });
            await lab.b.find();
        },
        after: 'A schedule can still stop a coroutine in the middle, but nobody else gets in.',
    },
    {
        title: 'An owner and a channel',
        before: 'Or share nothing. One coroutine has the accounts to itself; the others send it ' +
            'what they want done, and wait for the answer. This is what the service itself does: ' +
            'the code beside the lanes is its own.',
        act: async (lab) => {
            await lab.choose(ACCOUNT, 'unsafe', 'owner', { keep: true });
            await lab.b.find();
        },
        after: 'The messages come in some order, and whatever order that is, they are decided ' +
            'one by one.',
    },
    {
        title: 'What a database does',
        before: 'The same mistake can be made in SQL: SELECT, decide, UPDATE. On one side that, ' +
            'on the other a row lock (SELECT … FOR UPDATE), over real connections.',
        act: async (lab) => {
            await lab.choose(ACCOUNT, 'sql-naive', 'sql-for-update');
            await Promise.all([lab.a.find(), lab.b.find()]);
        },
        after: 'A database keeps its own promises, not yours: a check belongs under the lock, or ' +
            'into the statement that writes.',
    },
];

const NO_RESULT = 'This time it came to no result; the sentence below says why.';

let current = 0;
let lab = null;

/** `newLab` can choose(scenario, a, b), and has the sides a and b. */
export function startVisit(newLab) {
    lab = newLab;
    find('visit-act').addEventListener('click', act);
    find('visit-close').addEventListener('click', () => open(false));
    find('visit-open').addEventListener('click', () => open(true));
    find('visit-steps').replaceChildren(...STEPS.map(({ title }, i) => {
        const button = element('button', { type: 'button', id: `visit-${i + 1}` },
            element('span', { class: 'number' }, String(i + 1)), ` ${title}`);
        button.addEventListener('click', () => go(i, ''));
        return element('li', {}, button);
    }));
    open(localStorage.getItem(SEEN_KEY) === null, false);
    go(0, '');
}

function open(is, remember = true) {
    find('visit').hidden = !is;
    find('visit-open').hidden = is;
    if (!remember) return;
    if (is) {
        localStorage.removeItem(SEEN_KEY);
        find('visit-act').focus();
    } else {
        localStorage.setItem(SEEN_KEY, 'yes');
        find('visit-open').focus();
    }
}

function go(step, seen) {
    current = step;
    const done = step === STEPS.length;
    find('visit-saw').textContent = seen;
    find('visit-saw').hidden = !seen;
    find('visit-text').textContent = done
        ? 'That was the visit. Now choose scenarios and strategies of your own.'
        : STEPS[step].before;
    find('visit-act').textContent = done ? 'Begin again' : STEPS[step].title;
    [...find('visit-steps').children].forEach((item, i) => {
        item.classList.toggle('done', i < step);
        if (i === step) item.firstChild.setAttribute('aria-current', 'step');
        else item.firstChild.removeAttribute('aria-current');
    });
}

async function act() {
    if (current === STEPS.length) {
        go(0, '');
        return;
    }
    const step = current;
    find('visit-act').disabled = true;
    await STEPS[step].act(lab);
    find('visit-act').disabled = false;
    find('visit-act').focus();
    const failed = [lab.a, lab.b].some((side) => side.view.status.dataset.state === 'told');
    go(step + 1, failed ? NO_RESULT : STEPS[step].after);
}
