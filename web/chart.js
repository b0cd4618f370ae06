// SPDX-License-Identifier: MIT
// A line chart of the last two minutes, as a picture of lines and text (SVG): its colours and its
// letters are those of the style sheet, in any scheme and on paper.

import { drawing } from './dom.js';

const SECONDS = 120;
const LINES_MAX = 5;    // across, each with its value
const CLOCK_S = 30;     // between two times at the foot, or twice that where there is little room
const CLOCK_REM = 6.5;

/**
 * A chart in `container` with one series for each of {label, name, area} (`name` is the class that
 * the style sheet knows it by; `area`: what is under the line is filled). `show(value)` writes a
 * value of its axis. push(values) adds what is so now; null: it is not known.
 */
export function makeChart(container, series, show) {
    const picture = drawing('svg', { 'aria-hidden': 'true' });
    const samples = []; // {at, values}, oldest first
    const draw = () => {
        if (container.clientWidth > 0)
            drawChart(picture, placeOf(container), { series, samples, show });
    };
    container.append(picture);
    new ResizeObserver(draw).observe(container);
    return {
        push(values) {
            const at = Date.now() / 1000;
            samples.push({ at, values });
            while (samples[0].at < at - SECONDS) samples.shift();
            draw();
            container.setAttribute('aria-label', series.map(({ label }, i) =>
                `${label}: ${values[i] === null ? 'none' : show(values[i])}`).join(', '));
        },
    };
}

/** Where the lines are: in pixels, with room for the values at the left and the times below. */
function placeOf(container) {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return { rem, left: 3.4 * rem, top: 0.6 * rem, right: container.clientWidth - 0.4 * rem,
        bottom: container.clientHeight - 1.5 * rem, width: container.clientWidth,
        height: container.clientHeight };
}

function drawChart(picture, place, { series, samples, show }) {
    const now = samples.at(-1)?.at ?? Date.now() / 1000;
    const highest = Math.max(0, ...samples.flatMap(({ values }) => values));
    const top = Math.max(1, highest * 1.15);
    const x = (at) => place.right - (place.right - place.left) * (now - at) / SECONDS;
    const y = (value) => place.bottom - (place.bottom - place.top) * value / top;
    picture.setAttribute('viewBox', `0 0 ${place.width} ${place.height}`);
    picture.replaceChildren(...values(place, top, y, show), ...times(place, now, x),
        ...series.flatMap(({ name, area }, i) => {
            const runs = runsOf(samples, i).map((run) =>
                run.map(({ at, value }) => [x(at).toFixed(1), y(value).toFixed(1)]));
            return [...area ? [path(`area ${name}`, runs, (run) =>
                `M${run[0][0]},${place.bottom}L${run.join('L')}L${run.at(-1)[0]},${place.bottom}Z`)]
                : [], path(`line ${name}`, runs, (run) => `M${run[0]}h0L${run.join('L')}`)];
        }));
}

function path(name, runs, write) {
    return drawing('path', { class: name, d: runs.map(write).join('') });
}

/** The stretches of a series that are known: where it is not, its line has a gap. */
function runsOf(samples, i) {
    const runs = [[]];
    for (const { at, values } of samples)
        if (values[i] !== null) runs.at(-1).push({ at, value: values[i] });
        else if (runs.at(-1).length) runs.push([]);
    return runs.filter((run) => run.length);
}

/** Lines across at round values. */
function values(place, top, y, show) {
    const step = roundStep(top / LINES_MAX);
    const parts = [];
    for (let value = 0; value <= top; value += step) {
        const at = Math.round(y(value)) + 0.5;
        parts.push(drawing('path', { class: 'grid', d: `M${place.left},${at}H${place.right}` }),
            text(place.left - 0.5 * place.rem, at + 0.28 * place.rem, 'value', show(value)));
    }
    return parts;
}

/** The least of 1, 2 and 5 times a power of ten that is not below. */
function roundStep(least) {
    const power = 10 ** Math.floor(Math.log10(least));
    return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least);
}

/** The times of day below, at full half minutes. */
function times(place, now, x) {
    const half = (place.right - place.left) * CLOCK_S / SECONDS;
    const step = half < CLOCK_REM * place.rem ? 2 * CLOCK_S : CLOCK_S;
    const room = CLOCK_REM * place.rem / 2;
    const parts = [];
    for (let at = Math.floor(now / step) * step; x(at) >= place.left; at -= step)
        if (x(at) <= place.width - room)
            parts.push(text(x(at), place.height - 0.2 * place.rem, 'clock',
                new Date(at * 1000).toTimeString().slice(0, 8)));
    return parts;
}

function text(x, y, name, written) {
    const node = drawing('text', { x, y, class: name });
    node.textContent = written;
    return node;
}
