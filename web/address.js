// SPDX-License-Identifier: MIT
// What is opened has an address behind the page's own: #accounts, #account=ID, #entry=SEQ, with
// more parameters where a view has some (#account=ID&from=2026-11-01). It can be copied, reloaded,
// and left with the browser's Back.

const openers = new Map(); // name -> function of the value and of all parameters
let overview = () => {};

/** `open(value, parameters)` shows what #name=value means. */
export function addressOf(name, open) {
    openers.set(name, open);
}

/** The link to it, for an anchor's href. */
export function linkTo(name, value = '', more = {}) {
    const rest = new URLSearchParams(more);
    const first = value === '' ? name : String(new URLSearchParams({ [name]: value }));
    return `#${first}${rest.size ? `&${rest}` : ''}`;
}

/** Show what an address means, as if a person had followed it. */
export function go(name, value, more) {
    location.hash = linkTo(name, value, more);
}

/** Back to where a person came from, or, after a link from elsewhere, to the view `otherwise`. */
export function leave(otherwise) {
    if (came) history.back();
    else go(otherwise);
}

/** Begin: show what the address says now, and whenever it changes. Without one, `show()`. */
export function startAddress(show) {
    overview = show;
    addEventListener('hashchange', follow);
    addEventListener('popstate', follow);
    follow();
}

let shown = null;
let came = false; // from another view of this page

function follow() {
    if (location.hash === shown) return;
    came = shown !== null;
    shown = location.hash;
    const parameters = new URLSearchParams(shown.slice(1));
    for (const [name, value] of parameters)
        if (openers.has(name)) {
            openers.get(name)(value, parameters);
            return;
        }
    if (shown === '') overview();
    else if (!came) overview(); // the address of nothing that this page knows
}
