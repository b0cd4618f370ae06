// SPDX-License-Identifier: MIT
// The views of the dashboard: which parts of the page are seen together. A part names its views in
// data-in; the address (address.js) says which view is open. A part that is not seen costs nothing.

import { announce, find, showPlace } from './dom.js';

const TITLES = { overview: 'Overview', accounts: 'Accounts', account: 'Account', entries: 'Entries',
    entry: 'Entry', holds: 'Holds', ledgers: 'Ledgers', servers: 'Servers',
    machinery: 'Machinery', api: 'API' };

/** Under which entry of the navigation the others stand. */
const UNDER = { account: 'accounts', entry: 'entries' };

const starters = new Map(); // view -> {load, start} of its code, until it was started
const focused = new Map();  // view -> what had the focus when it was left
let current = null;

/** When a view is first seen, `load()` brings its code, and `start(code)` is called, once. */
export function whenFirstSeen(view, load, start) {
    starters.set(view, { load, start });
}

function begin(view) {
    const starter = starters.get(view);
    if (starter)
        withCode(starter.load, (code) => {
            if (starters.delete(view)) starter.start(code);
        });
}

const again = new Set(); // what could not be loaded is asked for again by these

/** Call `use` with the code that `load()` brings. If it does not come, that is said in the place of
 *  the view, and it can be asked for again. */
export async function withCode(load, use) {
    const view = current;
    const retry = async () => {
        let code = null;
        try {
            code = await load();
        } catch {
            if (view === current) sayUnloaded(retry);
            return;
        }
        if (view === current) clearUnloaded(retry);
        use(code);
    };
    await retry();
}

function sayUnloaded(retry) {
    if (again.size === 0) announce(find('unloaded-title').textContent);
    again.add(retry);
    find('unloaded').hidden = false;
    find('main').classList.add('unloaded');
}

/** Of the parts of a view one came, or none is of interest any more: it says so of what is left. */
function clearUnloaded(...retries) {
    if (again.size === 0) return;
    for (const retry of retries.length ? retries : [...again])
        again.delete(retry);
    if (again.size > 0) return;
    find('unloaded').hidden = true;
    find('main').classList.remove('unloaded');
}

/** Ask again for what could not be loaded, if there is anything. */
export function retryView() {
    for (const retry of [...again])
        retry();
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
    clearUnloaded();
    const first = current === null;
    focused.set(current, document.activeElement);
    current = view;
    document.documentElement.dataset.view = view; // the style sheet shows the parts of it
    for (const link of document.querySelectorAll('.places a[data-view]'))
        if (link.dataset.view === (UNDER[view] ?? view)) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
    showPlace();
    begin(view);
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
