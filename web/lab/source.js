// SPDX-License-Identifier: MIT
// The code that runs: a file of the program, with the line of the step lit.

import { element } from '../dom.js';
import { paintLines } from './paint.js';

const ABOVE = 5; // lines that stand above the lit one

/** {node, show(file, line, wrong)}: `sources` is a map from a file's path to its text. */
export function makeSource(sources, label) {
    const name = element('p', { class: 'file' });
    const code = element('pre', { class: 'code', tabindex: '0', role: 'group',
        'aria-label': label });
    const node = element('div', { class: 'source' }, name, code);
    let shown = null;
    let lines = [];
    let lit = null;

    function open(file) {
        shown = file;
        lines = paintLines((sources.get(file) ?? '').replace(/\n$/, '')).map((parts, i) =>
            element('span', { class: 'line', 'data-line': i + 1 }, ...parts, '\n'));
        code.replaceChildren(...lines);
        code.hidden = !sources.has(file);
        code.scrollTop = 0;
    }

    function show(file, line, wrong) {
        if (file !== shown) open(file);
        lit?.classList.remove('lit', 'wrong');
        lit?.removeAttribute('aria-current');
        lit = lines[line - 1] ?? null;
        lit?.classList.add('lit');
        lit?.classList.toggle('wrong', wrong);
        lit?.setAttribute('aria-current', 'true');
        name.textContent = lit ? `${file}, line ${line}` : file;
        if (lit) code.scrollTop = lines[Math.max(0, line - 1 - ABOVE)].offsetTop;
    }

    return { node, show };
}
