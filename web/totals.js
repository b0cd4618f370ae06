// SPDX-License-Identifier: MIT
// The sum over all accounts, for each asset: double entry makes it 0, at every position. The page
// reads all accounts once, page by page, each page as of its own position; entries that arrive
// meanwhile are applied where they are newer. Once the journal has been read up to the newest of
// these positions, every balance is as of the same one, and from there each entry moves the sums.

import { LEDGER, request } from './api.js';
import { find, refresh, write } from './dom.js';
import { assetOfWorld, codeOf, showAmount, showCount } from './money.js';

const PAGE = 1000;
const ACCOUNTS_MAX = 20000;

let balances = new Map(); // id -> {balance, seq, asset}; asset: null while it is not known
let sums = null;          // asset -> sum, once all balances are as of one position
let settledAt = Infinity; // the position from which that holds
let tooMany = false;
let sweeping = false;

export async function sweepTotals() {
    if (sweeping) return;
    sweeping = true;
    balances = new Map();
    sums = null;
    settledAt = Infinity;
    tooMany = false;
    try {
        let newest = 0;
        for (let after = ''; after !== null && !tooMany;) {
            const query = new URLSearchParams({ limit: PAGE, ...(after && { after }) });
            const answer = await request('GET', `${LEDGER}/accounts?${query}`);
            if (answer.status !== 200) return;
            for (const account of answer.body.items) merge(account);
            newest = Math.max(newest, answer.seq);
            after = answer.body.next;
            tooMany = balances.size > ACCOUNTS_MAX;
        }
        settledAt = newest;
    } catch {
        // No answer: the next connection sweeps again.
    } finally {
        sweeping = false;
        refresh(draw);
    }
}

/** True if it is to be swept (again). */
export function totalsMissing() {
    return !sweeping && settledAt === Infinity && !tooMany;
}

/** The asset of an account, if it is among those that were read; else null. */
export function assetInTotals(id) {
    return balances.get(id)?.asset ?? null;
}

function merge({ id, asset, balance, seq }) {
    const known = balances.get(id);
    if (known && known.seq >= seq) known.asset = asset;
    else balances.set(id, { balance: BigInt(balance), seq, asset });
}

export function applyToTotals(entry) {
    if (tooMany) return;
    if (entry.account?.id && !balances.has(entry.account.id))
        balances.set(entry.account.id,
            { balance: 0n, seq: entry.seq, asset: entry.account.asset });
    for (const [id, text] of Object.entries(entry.balances ?? {})) {
        const known = balances.get(id);
        if (known && known.seq >= entry.seq) continue;
        const balance = BigInt(text);
        const asset = known?.asset ?? assetOfWorld(id);
        if (sums && asset)
            sums.set(asset, (sums.get(asset) ?? 0n) + balance - (known?.balance ?? 0n));
        if (known) Object.assign(known, { balance, seq: entry.seq, asset });
        else balances.set(id, { balance, seq: entry.seq, asset });
    }
    if (balances.size > 2 * ACCOUNTS_MAX) tooMany = true;
    refresh(draw);
}

/** The journal has been applied up to `position`. */
export function settleTotals(position) {
    if (sums || position < settledAt || tooMany) return;
    sums = new Map();
    for (const { balance, asset } of balances.values())
        if (asset) sums.set(asset, (sums.get(asset) ?? 0n) + balance);
    refresh(draw);
}

function draw() {
    const tile = find('tile-sum');
    if (tooMany || !sums) {
        tile.dataset.state = 'waiting';
        write('sum-figure', '–');
        write('sum-note', tooMany ? `over ${showCount(ACCOUNTS_MAX)} accounts: ask the audit`
            : 'adding up');
        return;
    }
    const wrong = [...sums].filter(([, sum]) => sum !== 0n);
    tile.dataset.state = wrong.length ? 'wrong' : 'right';
    const amounts = wrong.map(([asset, sum]) =>
        `${showAmount(String(sum), asset)} ${codeOf(asset)}`);
    write('sum-figure', amounts.join(', ') || '0');
    const assets = [...sums.keys()].sort();
    const named = assets.length > 3 ? `${assets.length} assets` : assets.map(codeOf).join(', ');
    write('sum-note', `${showCount(balances.size)} accounts${named && ` in ${named}`}`);
}
