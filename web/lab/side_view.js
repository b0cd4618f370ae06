// SPDX-License-Identifier: MIT
// One side of the lab as it looks: a strategy, what came of it, its lanes and its code.

import { element } from '../dom.js';
import { drawCycle } from './cycle.js';
import { describe, makeLanes } from './lanes.js';
import { showCountOf, showNumber, showText } from './numbers.js';
import { paint } from './paint.js';
import { placesOf } from './places.js';
import { makePlayer } from './player.js';
import { makeSource } from './source.js';

const HEAD = 2; // rows above the current one that stay in view

/** The elements of a side; `act` has a function for each button, `onStep` is told each step. */
export class SideView {
    constructor(id, word, act, onStep) {
        const button = (name, text) => {
            const node = element('button', { type: 'button', id: `${id}-${name}`, hidden: '' },
                text);
            node.addEventListener('click', act[name]);
            return node;
        };
        this.id = id;
        this.onStep = onStep;
        this.title = element('h2', { id: `${id}-title`, class: 'quiet' }, word);
        this.select = element('select', { id: `${id}-strategy` });
        this.select.addEventListener('change', act.choose);
        this.why = element('p', { class: 'why', id: `${id}-why` });
        this.shrink = button('shrink', 'Shrink');
        this.more = button('more', '');
        this.status = element('p', { class: 'status-line', id: `${id}-status`, role: 'status' });
        this.picture = element('div', { class: 'picture', id: `${id}-picture` });
        this.player = makePlayer(id, (at) => this.show(at));
        this.go = element('div', { class: 'go', id: `${id}-go` });
        this.trace = null;
        this.node = element('section', { class: 'card side', id, 'aria-labelledby': `${id}-title` },
            this.title, element('div', { class: 'inline strategy' },
                element('label', { for: `${id}-strategy` }, word), this.select),
            this.why, element('div', { class: 'actions' }, this.status, this.shrink, this.more),
            this.picture, this.go);
        this.node.dataset.state = 'waiting';
    }

    /** The strategies to choose from: [{name, title, breaks}]. */
    offer(strategies, chosen) {
        this.select.replaceChildren(...strategies.map(({ name, title }) =>
            element('option', { value: name }, title)));
        this.select.value = chosen;
    }

    /** What is known of the strategy before it runs. */
    introduce({ title, why, go, files, kind }) {
        const language = kind === 'sql' ? 'In SQL' : 'In Go';
        this.files = files;
        this.title.textContent = title;
        this.why.textContent = why;
        this.go.replaceChildren(...(go ? [element('h3', {}, language), element('pre',
            { class: 'code plain', tabindex: '0', role: 'group',
                'aria-label': `${title}: ${language}` }, ...paint(go, true))] : []));
    }

    say(text, state = '') {
        this.status.textContent = text;
        this.status.dataset.state = state;
    }

    /** It ended without a result; what it wrote itself stands where the lanes would. */
    tell(sentence, said) {
        this.say(sentence, 'told');
        if (!said) return;
        this.clear();
        this.picture.append(element('pre', { class: 'wire', tabindex: '0', role: 'group',
            'aria-label': 'What the run wrote' }, said));
    }

    /** Nothing ran: what is shown is not of this strategy. */
    clear() {
        this.trace = null;
        this.player.pause();
        this.picture.replaceChildren();
        this.node.dataset.state = 'waiting';
    }

    /** Draw a trace, as it is after step `at`. */
    draw(trace, sources, at) {
        this.trace = trace;
        this.places = placesOf(trace.steps, sources);
        this.lanes = makeLanes(trace, (step) => this.player.go(step));
        this.source = makeSource(sources, `${this.title.textContent}, the code that runs`);
        this.narration = element('p', { class: 'narration', id: `${this.id}-now`,
            'aria-live': 'polite' });
        this.scroll = element('div', { class: 'scroll lanes-scroll', tabindex: '0', role: 'group',
            id: `${this.id}-lanes`, 'aria-label': `${this.title.textContent}, lanes: ` +
                'arrow keys step, Space plays' }, this.lanes.node);
        this.player.keys(this.scroll);
        this.node.dataset.state = trace.broken ? 'broken' : 'held';
        this.picture.replaceChildren(...verdictOf(trace),
            ...(trace.deadlock?.length ? [drawCycle(trace)] : []),
            ...leakedOf(trace), this.player.node, this.narration,
            element('div', { class: 'beside' }, this.scroll, this.source.node));
        this.player.load(trace.steps.length, at);
    }

    show(at) {
        const step = this.trace?.steps[at - 1];
        if (!this.trace) return;
        this.lanes.show(at);
        this.narration.textContent = this.narrate(step, at);
        this.narration.classList.toggle('wrong', step?.wrong === true);
        const { file, line } = this.places[at - 1] ?? { file: this.files[0], line: 0 };
        this.source.show(file, line, step?.wrong === true);
        this.follow(at);
        this.onStep(at);
    }

    narrate(step, at) {
        const count = this.trace.steps.length;
        if (!step) return `Before the first of ${showCountOf(count, 'step', 'steps')}.`;
        const name = this.trace.lanes.find(({ lane }) => lane === step.lane)?.name ?? '';
        return `Step ${at} of ${count}, lane ${step.lane} (${name}): ${describe(step)}` +
            `${step.switch ? ', after a switch' : ''}.` +
            `${step.wrong ? ' Here it goes wrong.' : ''}`;
    }

    /** Keep the current row in view, without moving the page. */
    follow(at) {
        const rows = this.scroll.querySelectorAll('tbody tr');
        const above = rows[Math.max(0, at - 1 - HEAD)];
        const head = this.scroll.querySelector('thead').offsetHeight;
        const row = rows[at - 1];
        if (!row) this.scroll.scrollTop = 0;
        else if (row.offsetTop + row.offsetHeight > this.scroll.scrollTop +
            this.scroll.clientHeight) {
            this.scroll.scrollTop = row.offsetTop + row.offsetHeight - this.scroll.clientHeight;
        } else if (above.offsetTop - head < this.scroll.scrollTop) {
            this.scroll.scrollTop = above.offsetTop - head;
        }
    }
}

function verdictOf({ broken, verdict, expected, actual, code, switches, points }) {
    const schedule = switches === 0
        ? [element('b', {}, 'no switch'), ': each runs until it must wait']
        : [element('code', {}, code), ` (${showCountOf(switches, 'switch', 'switches')} at ` +
            `${showCountOf(points, 'point', 'points')})`];
    return [
        element('p', { class: 'verdict', 'data-state': broken ? 'wrong' : 'right' },
            showText(verdict)),
        element('dl', { class: 'facts' },
            ...fact('Must hold', expected), ...fact('Happened', actual),
            element('div', {}, element('dt', {}, 'Schedule'), element('dd', {}, ...schedule))),
    ];
}

function fact(name, text) {
    return text ? [element('div', {}, element('dt', {}, name), element('dd', {},
        showText(text)))] : [];
}

function leakedOf({ leaked, lanes }) {
    if (!leaked?.length) return [];
    const name = (lane) => lanes.find((each) => each.lane === lane)?.name ?? 'a coroutine';
    return [element('p', { class: 'leaked' }, `${showNumber(leaked.length)} left behind: ` +
        `${leaked.map(({ lane, why }) => `${name(lane)} (${lane}) waits in ${why}`).join('; ')}.`)];
}
