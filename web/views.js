// SPDX-License-Identifier: MIT
// The views of the dashboard: which parts of the page are seen together. A part names its views in
// data-in; the address (address.js) says which view is open. A part that is not seen costs nothing.

import { announce, find } from './dom.js';

const TITLES = { overview: 'Overview', accounts: 'Accounts', account: 'Account', entries: 'Entries',
    entry: 'Entry', holds: 'Holds', ledgers: 'Ledgers', machinery: 'Machinery', api: 'API' };

/** Under which entry of the navigation the others stand. */
const UNDER = { account: 'accounts', entry: 'entries' };

const starters = new Map(); // view -> function that is called when it is first seen
const focused = new Map();  // view -> what had the focus when it was left
let current = null;

/** `start()` is called once, when a view is seen for the first time; it may load code. */
export function whenFirstSeen(view, start) {
    starters.set(view, start);
}

/** Is it the view that is open? */
export function isView(view) {
    return current === view;
}

/** Show a view; `name` is what it shows, of those that show one thing of many. */
export function showView(view, name = '') {
    const title = [TITLES[view], name].filter(Boolean).join(' ');
    document.title = `${title} – teller`;
    if (view === current) return;
    const first = current === null;
    focused.set(current, document.activeElement);
    current = view;
    document.body.dataset.view = view;
    for (const part of document.querySelectorAll('[data-in]'))
        part.hidden = !part.dataset.in.split(' ').includes(view);
    for (const link of document.querySelectorAll('.places a[data-view]'))
        if (link.dataset.view === (UNDER[view] ?? view)) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    starters.get(view)?.();
    starters.delete(view);
    if (first) return;
    scrollTo(0, 0);
    place(focused.get(view));
    announce(title);
}

/** The focus goes where it was when the view was left, or to its beginning. */
function place(before) {
    if (before?.isConnected && before !== document.body && before.checkVisibility?.()) {
        before.focus();
        return;
    }
    const link = document.activeElement?.closest('.places');
    if (!link) find('main').focus({ preventScroll: true });
}
