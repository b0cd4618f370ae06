// SPDX-License-Identifier: MIT
// Numbers and lists as a person reads them.

/** 10000 as "10,000", -60 as "−60". */
export function showNumber(value) {
    return Number(value).toLocaleString('en-US').replace('-', '\u2212');
}

/** 1 "switch", 2 "switches". */
export function showCountOf(count, one, many) {
    return `${showNumber(count)} ${count === 1 ? one : many}`;
}

/** {alice: 20, bob: 0} as "alice 20, bob 0". */
export function showBalances(balances, between = ', ') {
    return Object.entries(balances ?? {}).map(([name, value]) => `${name} ${showNumber(value)}`)
        .join(between);
}

/** A sentence of the service's, with the sign that numbers have here. */
export function showText(text) {
    return text.replace(/(?<![\w-])-(?=\d)/g, '\u2212');
}

/** Microseconds as "850 µs", "1.4 ms", "2.1 s". */
export function showDuration(us) {
    if (us < 1000) return `${us} µs`;
    const ms = us / 1000;
    if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
    return `${(ms / 1000).toFixed(1)} s`;
}
