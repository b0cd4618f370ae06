// SPDX-License-Identifier: MIT
// Requests that were sent and not answered. Each is kept in the browser's storage under its own key
// from before it is sent until its outcome is known, so that another request, another tab or a
// crash of the page takes nothing away. No token is kept, and nothing but what was sent.

import { LEDGER } from './api.js';

const PREFIX = 'teller.pending.';

/** {path, key, body, at}: keep it. */
export function keep({ path, key, body }) {
    const at = new Date().toISOString();
    localStorage.setItem(PREFIX + key, JSON.stringify({ path, key, body, at }));
}

export function forget(key) {
    localStorage.removeItem(PREFIX + key);
}

/** Those of the ledger in view, oldest first. What cannot be read as one is left out. */
export function pending() {
    const found = [];
    for (let i = 0; i < localStorage.length; i++) {
        const name = localStorage.key(i);
        if (!name.startsWith(PREFIX)) continue;
        try {
            const request = JSON.parse(localStorage.getItem(name));
            if (request.path.startsWith(`${LEDGER}/`)) found.push(request);
        } catch {
            localStorage.removeItem(name);
        }
    }
    return found.sort((a, b) => (a.at < b.at ? -1 : 1));
}

/** Call `changed` when another tab has kept or forgotten one. */
export function watchPending(changed) {
    addEventListener('storage', ({ key }) => {
        if (key === null || key.startsWith(PREFIX)) changed();
    });
}
