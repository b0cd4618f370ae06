// SPDX-License-Identifier: MIT
// What the service measures of itself, read once a second from /metrics (Prometheus's text
// format): rates are differences of counters, percentiles come from differences of histograms.

const EVERY_MS = 1000;
const TIMEOUT_MS = 3000;

/** Poll forever: `onSample(figures)` with figures, or null when there was no answer. What is
 *  measured for each ledger is that of `ledger` alone; transfers and latency are of the whole
 *  service. */
export async function watch(ledger, onSample) {
    let previous = null;
    for (;;) {
        const began = performance.now();
        const current = await sample(ledger);
        onSample(current && figures(previous, current), current);
        previous = current ?? previous;
        await new Promise((resolve) =>
            setTimeout(resolve, Math.max(50, EVERY_MS - (performance.now() - began))));
    }
}

async function sample(ledger) {
    try {
        const response = await fetch('/metrics', {
            cache: 'no-store', priority: 'low', signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (!response.ok) return null;
        return { at: performance.now(), ...read(await response.text(), ledger) };
    } catch {
        return null;
    }
}

/** {values: name or outcome -> number, buckets: upper bound -> count, ledgers: how many}. What has
 *  the label of another ledger is left out. */
export function read(text, ledger) {
    const values = {};
    const buckets = new Map();
    const ledgers = new Set();
    for (const line of text.split('\n')) {
        const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)/.exec(line);
        if (!match) continue;
        const [, name, labels = '', number] = match;
        const of = /ledger="([^"]*)"/.exec(labels)?.[1];
        if (of !== undefined) ledgers.add(of);
        if (of !== undefined && of !== ledger) continue;
        if (name === 'teller_request_duration_seconds_bucket') {
            const bound = Number(/le="([^"]*)"/.exec(labels)[1].replace('+Inf', 'Infinity'));
            buckets.set(bound, (buckets.get(bound) ?? 0) + Number(number));
        } else {
            const outcome = /outcome="([^"]*)"/.exec(labels)?.[1];
            const called = outcome ? `${name}.${outcome}` : name;
            values[called] = (values[called] ?? 0) + Number(number);
        }
    }
    return { values, buckets, ledgers: ledgers.size };
}

function figures(previous, current) {
    const total = (outcome) => current.values[`teller_transfers_total.${outcome}`] ?? 0;
    const rate = (outcome) => {
        if (!previous) return null;
        const before = previous.values[`teller_transfers_total.${outcome}`] ?? 0;
        const seconds = (current.at - previous.at) / 1000;
        return Math.max(0, total(outcome) - (before > total(outcome) ? 0 : before)) / seconds;
    };
    const latency = previous ? difference(previous.buckets, current.buckets) : [];
    return {
        committed: rate('committed'),
        rejected: rate('rejected'),
        totals: { committed: total('committed'), rejected: total('rejected'),
            replayed: total('replayed') },
        p50: percentile(latency, 0.5),
        p99: percentile(latency, 0.99),
        lastSeq: current.values.teller_last_seq ?? null,
        epoch: current.values.teller_epoch ?? null,
        pending: current.values.teller_pending_entries ?? null,
        accounts: current.values.teller_accounts ?? null,
        ledgers: current.ledgers,
    };
}

/** The histogram of what came between two samples: [upper bound, cumulative count], rising. */
function difference(before, after) {
    const bounds = [...after.keys()].sort((a, b) => a - b);
    const restarted = bounds.some((bound) => (before.get(bound) ?? 0) > after.get(bound));
    return bounds.map((bound) =>
        [bound, after.get(bound) - (restarted ? 0 : before.get(bound) ?? 0)]);
}

/** In milliseconds, linear within its bucket; null if nothing was measured. */
export function percentile(histogram, fraction) {
    const total = histogram.at(-1)?.[1] ?? 0;
    if (total === 0) return null;
    let low = 0;
    let below = 0;
    for (const [bound, count] of histogram) {
        if (count >= fraction * total) {
            if (bound === Infinity) return low * 1000;
            const within = (fraction * total - below) / (count - below);
            return (low + (bound - low) * within) * 1000;
        }
        low = bound;
        below = count;
    }
    return low * 1000;
}
