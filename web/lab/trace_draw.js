// SPDX-License-Identifier: MIT
// The lanes as a picture. What is narrower than a pixel is drawn once a pixel, and arrows only
// while there are few: a picture has a bound, whatever the recording has.

import { drawing } from '../dom.js';
import { firstAfter, hueOf } from './trace_read.js';

const LANE = 34, HEAD = 16, ARROWS = 300;

/** `view` is {from, to}, `here` the slice that is looked at; look(slice) tells of the pointer. */
export function drawTrace(trace, view, width, here, look) {
    const scale = width / (view.to - view.from);
    const x = (at) => (at - view.from) * scale;
    const top = (lane) => lane * (LANE + HEAD) + HEAD;
    const picture = drawing('svg', { viewBox: `0 0 ${width} ${top(trace.lanes.length)}`,
        height: top(trace.lanes.length), 'aria-hidden': 'true' });
    trace.lanes.forEach((lane, i) => {
        const label = drawing('text', { x: 4, y: top(i) - 4 });
        label.textContent = lane.name;
        picture.append(label, drawing('rect', { class: 'lane', x: 0, y: top(i), width,
            height: LANE }), ...drawSlices(lane, view, x, top(i), here, look));
    });
    const seen = trace.arrows.filter(({ from, to }) => to.at >= view.from && from.at <= view.to);
    if (seen.length <= ARROWS)
        picture.append(...seen.map(({ from, to }) => drawing('path', {
            d: `M${x(from.at)} ${top(from.lane) + LANE}L${x(to.at)} ${top(to.lane)}` })));
    return picture;
}

function drawSlices({ slices }, view, x, y, here, look) {
    const drawn = { asleep: [], slice: [] };
    // Sleep hides no slice, however short that is: it takes no pixel from one, and lies below.
    // Whole pixels, none of them twice: the pointer is always on the bar that is seen there.
    const right = { asleep: 0, slice: 0 };
    for (const slice of slices.slice(firstAfter(slices, view.from))) {
        if (slice.from >= view.to) break;
        const from = Math.floor(Math.max(0, x(slice.from)));
        const to = Math.max(from + 1, Math.round(Math.min(x(view.to), x(slice.to))));
        const sort = slice.asleep ? 'asleep' : 'slice';
        if (to <= right[sort] && slice !== here) continue;
        const left = to <= right[sort] ? from : Math.max(from, right[sort]);
        const kind = slice.asleep ? sort : `${sort} hue-${hueOf(slice.name)}`;
        const bar = drawing('rect', { class: slice === here ? `${kind} here` : kind, x: left, y,
            width: to - left, height: LANE });
        bar.addEventListener('pointerenter', () => look(slice));
        bar.addEventListener('click', () => look(slice));
        drawn[sort].push(bar);
        right[sort] = Math.max(right[sort], to);
    }
    return [...drawn.asleep, ...drawn.slice];
}
