// SPDX-License-Identifier: MIT
// A deadlock as what it is: a circle of coroutines, each of which holds what the one before it
// waits for.

import { element } from '../dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHTS = { two: 150, more: 250 };
const BEND = { two: 83, more: 1.7 };
const RISE = 88; // from the middle of the circle to its top
const BOX_HEIGHT = 30;

/** In pixels; in a box, `name` characters have room. On a phone the picture is drawn narrower, so
 *  that what is written in it is no smaller there. */
const SIZES = { wide: { width: 420, radius: 130, box: 150, name: 22 },
    narrow: { width: 280, radius: 76, box: 126, name: 19 } };
let size = SIZES.wide;

/** A figure of the cycle, and the same in words. */
export function drawCycle({ lanes, deadlock }) {
    size = matchMedia('(max-width: 40rem)').matches ? SIZES.narrow : SIZES.wide;
    const nameOf = (lane) => lanes.find((each) => each.lane === lane)?.name ?? `lane ${lane}`;
    const names = deadlock.map(({ lane }) => `${lane} · ${nameOf(lane)}`);
    const sentence = deadlock.map(({ holds, waits_for: wants }, i) =>
        `${names[i]} holds ${holds} and waits for ${wants}`).join('; ');
    const height = deadlock.length === 2 ? HEIGHTS.two : HEIGHTS.more;
    const picture = svg('svg', { viewBox: `0 0 ${size.width} ${height}`, class: 'cycle',
        role: 'img', 'aria-label': sentence });
    const places = deadlock.map((each, i) => place(i, deadlock.length, height));
    deadlock.forEach((each, i) => {
        // Who holds what this one waits for: the arrow goes there.
        const next = deadlock.findIndex(({ holds }) => holds === each.waits_for);
        if (next >= 0)
            picture.append(...arrow(places[i], places[next], height, each.waits_for));
    });
    places.forEach((at, i) => picture.append(...box(at, names[i], `holds ${deadlock[i].holds}`)));
    return element('figure', { class: 'deadlock' },
        element('figcaption', {}, `Deadlock: ${sentence}.`), picture);
}

function place(i, count, height) {
    const angle = Math.PI * (count === 2 ? 1 + 2 * i / count : 1.5 + 2 * i / count);
    return { x: Math.round(size.width / 2 + size.radius * Math.cos(angle)),
        y: Math.round(height / 2 + RISE * Math.sin(angle)) };
}

function svg(tag, attributes, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
}

function box({ x, y }, name, holds) {
    return [
        svg('rect', { x: x - size.box / 2, y: y - BOX_HEIGHT / 2 - 6, width: size.box,
            height: BOX_HEIGHT + 12, rx: 8, class: 'cycle-box' }),
        svg('text', { x, y: y - 3, class: 'cycle-name' }, shorten(name)),
        svg('text', { x, y: y + 13, class: 'cycle-holds' }, holds),
    ];
}

function shorten(name) {
    return name.length > size.name ? `${name.slice(0, size.name - 1)}…` : name;
}

/** A bow from one box to another, with a point at its end, and what is waited for beside it. */
function arrow(from, to, height, wants) {
    const middle = bow(from, to, height);
    const start = edge(from, middle);
    const end = edge(to, middle);
    const angle = Math.atan2(end.y - middle.y, end.x - middle.x);
    const point = [0.4, -0.4].map((turn) => `${Math.round(end.x - 11 * Math.cos(angle + turn))},` +
        `${Math.round(end.y - 11 * Math.sin(angle + turn))}`);
    return [
        svg('path', { d: `M${start.x},${start.y} Q${middle.x},${middle.y} ${end.x},${end.y}`,
            class: 'cycle-arrow' }),
        svg('polygon', { points: `${end.x},${end.y} ${point.join(' ')}`, class: 'cycle-point' }),
        svg('text', { x: Math.round((start.x + 2 * middle.x + end.x) / 4),
            y: Math.round((start.y + 2 * middle.y + end.y) / 4) + (middle.y > from.y ? 16 : -8),
            class: 'cycle-wants' }, `waits for ${wants}`),
    ];
}

/** The point towards which the way bends: outward from the circle; between two, to either side. */
function bow(from, to, height) {
    const half = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    if (height === HEIGHTS.two)
        return { x: half.x, y: half.y + BEND.two * Math.sign(to.x - from.x) };
    return { x: size.width / 2 + BEND.more * (half.x - size.width / 2),
        y: height / 2 + BEND.more * (half.y - height / 2) };
}

/** Where the line from a box's middle to `towards` leaves the box. */
function edge(at, towards) {
    const dx = towards.x - at.x;
    const dy = towards.y - at.y;
    const scale = Math.min((size.box / 2 + 3) / Math.abs(dx || 1),
        (BOX_HEIGHT / 2 + 9) / Math.abs(dy || 1));
    return { x: Math.round(at.x + dx * scale), y: Math.round(at.y + dy * scale) };
}
