// SPDX-License-Identifier: MIT
// Buttons that copy what an element says: <button data-copy="ID">. Where the browser does not let
// the page copy, the text is selected instead.

import { announce, find } from './dom.js';

const SAID_MS = 2000;

export function startCopy() {
    document.addEventListener('click', ({ target }) => {
        const button = target.closest?.('[data-copy]');
        if (button) copy(button, find(button.dataset.copy));
    });
}

async function copy(button, from) {
    button.dataset.word ??= button.textContent;
    try {
        await navigator.clipboard.writeText(from.textContent);
        button.textContent = 'Copied';
    } catch {
        getSelection().selectAllChildren(from);
        button.textContent = 'Selected';
    }
    announce(button.textContent);
    setTimeout(() => (button.textContent = button.dataset.word), SAID_MS);
}
