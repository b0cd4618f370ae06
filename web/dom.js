// SPDX-License-Identifier: MIT
// The few ways in which the page touches the document. Text is only ever set as text, so nothing
// that the ledger holds can become markup.

export const find = (id) => document.getElementById(id);

/** An element with attributes and children (elements or strings). */
export function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same of a picture: <svg> and its parts. */
export function drawing(tag, attributes = {}, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
}

/** Have `parent` hold these children, in this order. What was there and keeps its order is not
 *  touched: neither the focus nor a press of the mouse that has yet to be let go is lost. */
export function arrange(parent, wanted) {
    const stays = new Set(wanted);
    for (const child of [...parent.children]) if (!stays.has(child)) child.remove();
    wanted.forEach((child, i) => {
        if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
    });
}

/** Set the text of an element, touching the document only if it changes. */
export function write(id, text) {
    const node = find(id);
    if (node.textContent !== text) node.textContent = text;
}

/** A part of the page has been read for the first time; until then the style sheet keeps what
 *  follows it from jumping. */
export function settle(id) {
    find(id).removeAttribute('aria-busy');
}

/** On a narrow window the row of places is wider than it: the current one is brought into view. */
export function showPlace() {
    const link = document.querySelector('.places [aria-current]');
    const row = link?.parentElement;
    if (row) row.scrollLeft = link.offsetLeft + (link.clientWidth - row.clientWidth) / 2;
}

const REFRESH_MS = 250; // the document changes at most four times a second
const ANNOUNCE_MS = 1000; // and a screen reader hears at most one thing a second

const dirty = new Set();
let refreshing = null;

/** Call `draw` soon, once, however often it is asked for until then. */
export function refresh(draw) {
    dirty.add(draw);
    refreshing ??= setTimeout(() => {
        refreshing = null;
        const draws = [...dirty];
        dirty.clear();
        for (const each of draws) each();
    }, REFRESH_MS);
}

let announcement = null;

/** Tell a screen reader, politely. Of several within a second the last is told. */
export function announce(text) {
    if (announcement === null)
        setTimeout(() => {
            write('announcer', announcement);
            announcement = null;
        }, ANNOUNCE_MS);
    announcement = text;
}
