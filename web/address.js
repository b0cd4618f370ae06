// SPDX-License-Identifier: MIT
// What is opened has an address: #account=ID or #entry=SEQ behind the page's own. It can be copied,
// reloaded, and left with the browser's Back.

const openers = new Map(); // name -> function of the value
let close = () => {};

/** `open(value)` shows what #name=value means. */
export function addressOf(name, open) {
    openers.set(name, open);
}

/** The link to it, for an anchor's href. */
export function linkTo(name, value) {
    return `#${new URLSearchParams({ [name]: value })}`;
}

/** Show what an address means, as if a person had followed it. */
export function go(name, value) {
    location.hash = linkTo(name, value);
}

/** Nothing is open any more. */
export function leave() {
    if (location.hash) history.pushState(null, '', location.pathname + location.search);
}

/** Begin: show what the address says now, and whenever it changes. `shut()` closes what is open. */
export function startAddress(shut) {
    close = shut;
    addEventListener('hashchange', follow);
    addEventListener('popstate', follow);
    follow();
}

let shown = '';

function follow() {
    if (location.hash === shown) return;
    shown = location.hash;
    for (const [name, value] of new URLSearchParams(location.hash.slice(1)))
        if (openers.has(name)) {
            openers.get(name)(value);
            return;
        }
    close();
}
