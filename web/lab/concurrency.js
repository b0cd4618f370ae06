// SPDX-License-Identifier: MIT
// The teaching page: what a Go tutorial teaches, each with programs that can be run from here.

import { element, find, showPlace } from '../dom.js';
import { startToken } from '../token.js';
import { readCatalogue } from './catalogue.js';
import { LESSONS } from './lessons.js';
import { paint } from './paint.js';
import { run } from './runs.js';
import { Told } from './told.js';

let examples = new Map();

function start() {
    showPlace();
    startToken(load);
    draw();
    load();
}

async function load() {
    find('told').hidden = true;
    try {
        ({ examples } = await readCatalogue());
    } catch (error) {
        if (!(error instanceof Told)) throw error;
        find('told').hidden = false;
        find('told').textContent = `${error.message} Its programs are not shown here.`;
    }
    draw();
}

function draw() {
    find('contents').replaceChildren(...LESSONS.map(({ id, title }) =>
        element('li', {}, element('a', { href: `#${id}` }, title))));
    find('lessons').replaceChildren(...LESSONS.map(drawLesson));
    // A link to a subject is followed when there is something there.
    if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function drawLesson({ id, title, text, where, examples: names }) {
    return element('section', { class: 'card lesson', id, 'aria-labelledby': `${id}-title` },
        element('h2', { id: `${id}-title` }, title),
        element('p', {}, text),
        element('p', { class: 'where' }, where),
        ...names.filter((name) => examples.has(name)).map((name) =>
            drawExample(id, examples.get(name))));
}

function drawExample(lesson, { name, title, go, code }) {
    const id = `${lesson}-${name}`;
    const parts = partsOf(code);
    const status = element('p', { class: 'note', role: 'status' });
    const output = element('pre', { class: 'wire output', tabindex: '0', role: 'group',
        'aria-label': `What ${name} prints`, hidden: '' });
    const button = element('button', { type: 'button', id: `${id}-run`,
        'aria-label': `Run ${name}` }, 'Run');
    button.addEventListener('click', () => runExample(name, button, status, output));
    return element('div', { class: 'example', role: 'group', 'aria-labelledby': id },
        element('h3', { id }, title),
        ...parts.about.map((text) => element('p', { class: 'about' }, text)),
        element('div', { class: 'pair' },
            element('div', {}, ...listing('In Go', go ?? parts.go, `${name}, in Go`, true),
                element('div', { class: 'actions' }, button, status), output),
            element('div', {},
                ...listing(`coro/examples/${name}.c`, parts.program, `${name}, in C`, false))));
}

function listing(head, text, label, isGo) {
    if (!text) return [];
    return [element('h4', {}, head), element('pre', { class: 'code plain', tabindex: '0',
        role: 'group', 'aria-label': label }, ...paint(text.trimEnd(), isGo))];
}

/**
 * A program in its parts: what the comment at its head says, the Go lines in it (those that are
 * indented), and the program itself.
 */
function partsOf(code) {
    const head = /^(?:\/\*.*\*\/\n)?\/\*\n([\s\S]*?)\*\/\n/.exec(code);
    if (!head) return { about: [], go: '', program: code };
    const lines = head[1].split('\n').map((line) => line.replace(/^ \* ?/, ''));
    const isGo = (line) => line.startsWith('    ');
    return {
        about: lines.map((line) => (isGo(line) ? '' : line)).join('\n').trim().split(/\n\n+/)
            .map((text) => text.replaceAll('\n', ' ')).filter((text) => text),
        go: lines.filter(isGo).map((line) => line.slice(4)).join('\n'),
        program: code.slice(head[0].length),
    };
}

async function runExample(name, button, status, output) {
    button.disabled = true;
    status.textContent = 'Running …';
    try {
        const result = await run({ example: name });
        output.hidden = false;
        output.textContent = [result.output, result.said].filter(Boolean).join('\n');
        status.textContent = endOf(result.exit);
    } catch (error) {
        if (!(error instanceof Told)) throw error;
        output.hidden = !error.said;
        output.textContent = error.said;
        status.textContent = error.message;
    }
    button.disabled = false;
    button.focus();
}

function endOf(exit) {
    if (exit === 0) return 'It ended with status 0.';
    if (exit === 1) return 'It ended with status 1: it left coroutines behind.';
    if (exit === 2) return 'It ended with status 2: all coroutines waited for each other.';
    return `It ended with status ${exit}.`;
}

start();
