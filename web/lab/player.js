// SPDX-License-Identifier: MIT
// Going through a trace: to its ends, a step on or back, by itself, or with the slider.

import { element } from '../dom.js';
import { icon } from './icons.js';

const STEP_MS = 700;

/**
 * {node, show(at), load(count, at), keys(node)}: `onStep(at)` is called whenever the step changes,
 * 0 (before the first) to `count`. `keys` lets another element take the same keys.
 */
export function makePlayer(id, onStep) {
    const player = new Player(onStep);
    const button = (name, label, press) => {
        const node = element('button', { type: 'button', id: `${id}-${name}`, 'aria-label': label,
            title: label }, icon(name));
        node.addEventListener('click', press);
        return node;
    };
    player.slider = element('input', { type: 'range', id: `${id}-scrub`, min: '0', max: '0',
        value: '0', 'aria-label': 'Step' });
    player.slider.addEventListener('input', () => player.go(Number(player.slider.value)));
    player.button = button('play', 'Play', () => player.toggle());
    player.node = element('div', { class: 'player', role: 'group', 'aria-label': 'Steps' },
        button('first', 'To the start', () => player.go(0)),
        button('back', 'One step back', () => player.go(player.at - 1)),
        player.button,
        button('step', 'One step on', () => player.go(player.at + 1)),
        button('last', 'To the end', () => player.go(player.count)),
        player.slider);
    return player;
}

class Player {
    constructor(onStep) {
        this.onStep = onStep;
        this.count = 0;
        this.at = 0;
        this.timer = null;
    }

    /** A new trace of `count` steps, shown after step `at`. */
    load(count, at) {
        this.pause();
        this.count = count;
        this.slider.max = count;
        this.move(at);
    }

    /** A person chose a step: whatever plays stops. */
    go(at) {
        this.pause();
        this.move(at);
    }

    move(at) {
        this.at = Math.max(0, Math.min(this.count, at));
        this.slider.value = this.at;
        this.slider.setAttribute('aria-valuetext', `step ${this.at} of ${this.count}`);
        this.onStep(this.at);
    }

    toggle() {
        if (this.timer) this.pause();
        else this.play();
    }

    play() {
        if (this.at === this.count) this.move(0);
        this.label('Pause');
        this.timer = setInterval(() => {
            this.move(this.at + 1);
            if (this.at === this.count) this.pause();
        }, STEP_MS);
    }

    pause() {
        clearInterval(this.timer);
        this.timer = null;
        this.label('Play');
    }

    label(word) {
        this.button.replaceChildren(icon(word.toLowerCase()));
        this.button.setAttribute('aria-label', word);
        this.button.title = word;
    }

    /** The arrows, Home, End and Space do the same in `node` as in the player. */
    keys(node) {
        const moves = {
            ArrowDown: () => this.go(this.at + 1), ArrowRight: () => this.go(this.at + 1),
            ArrowUp: () => this.go(this.at - 1), ArrowLeft: () => this.go(this.at - 1),
            Home: () => this.go(0), End: () => this.go(this.count), ' ': () => this.toggle(),
        };
        node.addEventListener('keydown', (event) => {
            if (event.ctrlKey || event.altKey || event.metaKey || !moves[event.key]) return;
            event.preventDefault();
            moves[event.key]();
        });
    }
}
