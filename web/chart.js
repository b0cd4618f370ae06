// SPDX-License-Identifier: MIT
// A line chart of the last two minutes, drawn by uPlot (a classic script: the global uPlot). Its
// colours are those of the style sheet, also when the scheme changes.

const SECONDS = 120;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A chart in `container` with one series for each of {label, stroke, fill?, dash?} (names of CSS
 * variables); `show(value)` writes a value of its axis. push(values) adds a second.
 */
export function makeChart(container, series, show) {
    const data = [[], ...series.map(() => [])];
    const now = Math.floor(Date.now() / 1000);
    for (let i = SECONDS; i > 0; i--) {
        data[0].push(now - i);
        for (const values of data.slice(1)) values.push(null);
    }
    let plot = null;
    const draw = () => {
        plot?.destroy();
        plot = new globalThis.uPlot(options(container, series, show), data, container);
    };
    draw();
    new ResizeObserver(() => plot.setSize(size(container))).observe(container);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    return {
        push(values) {
            data[0].push(Date.now() / 1000);
            values.forEach((value, i) => data[i + 1].push(value));
            for (const column of data) column.shift();
            plot.setData(data);
            container.setAttribute('aria-label', series.map(({ label }, i) =>
                `${label}: ${values[i] === null ? 'none' : show(values[i])}`).join(', '));
        },
    };
}

function size(container) {
    return { width: Math.max(120, container.clientWidth), height: container.clientHeight };
}

function options(container, series, show) {
    const grid = { stroke: colour('--line'), width: 1 };
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const axis = { stroke: colour('--quiet'), font: `${0.75 * rem}px system-ui, sans-serif`, grid,
        ticks: { show: false } };
    return {
        ...size(container),
        padding: [0.6 * rem, 1.8 * rem, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (plot, low, high) => [0, Math.max(1, (high ?? 0) * 1.15)] } },
        axes: [
            { ...axis, size: 1.6 * rem, space: 4.4 * rem, grid: { show: false },
                values: (plot, ticks) => ticks.map(clock) },
            { ...axis, size: 3.2 * rem, space: 2.1 * rem,
                values: (plot, ticks) => ticks.map(show) },
        ],
        series: [{}, ...series.map(({ label, stroke, fill, dash }) => ({
            label, dash, width: 1.75, stroke: colour(stroke), points: { show: false },
            fill: fill && colour(fill), spanGaps: false,
        }))],
    };
}

function clock(seconds) {
    return new Date(seconds * 1000).toTimeString().slice(0, 8);
}
