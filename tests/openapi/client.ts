// SPDX-License-Identifier: MIT
// Compiled against the types that are generated from the API's description, never run: each line is
// something that a client must be able to say. A line that must not compile is marked so.

import type { components, paths } from './openapi.js';

type Schemas = components['schemas'];
type Body<Path extends keyof paths> = paths[Path] extends {
    post: { requestBody?: { content: { 'application/json': infer T } } };
} ? T : never;

export const account: Body<'/v1/ledgers/{ledger}/accounts'> = {
    id: 'alice', asset: 'USD/2', floor: null,
    metadata: { owner: 'Alice', tags: ['a', 'b'], limits: { daily: 5000 } },
};

export const transfer: Body<'/v1/ledgers/{ledger}/transfers'> = {
    from: 'alice', to: 'bob', amount: '100', metadata: { invoice: 17 },
};

export const postings: Body<'/v1/ledgers/{ledger}/transfers'> = {
    postings: [{ from: 'alice', to: 'bob', amount: 1 }], metadata: null,
};

export const batch: Body<'/v1/ledgers/{ledger}/transfers/batch'> = {
    atomic: true,
    transfers: [{ from: 'alice', to: 'bob', amount: '1', key: 'one', metadata: { note: 'x' } }],
};

export const hold: Body<'/v1/ledgers/{ledger}/holds'> = {
    from: 'alice', to: 'bob', amount: '5', expires_in: 60, metadata: { order: 'A-1' },
};

export const deposit: Body<'/v1/ledgers/{ledger}/accounts/{account}/deposit'> = {
    amount: '100', metadata: { source: 'wire' },
};

export const capture: Body<'/v1/ledgers/{ledger}/holds/{id}/capture'> = {
    metadata: { shipped: true },
};

/** What comes back can be read without a cast. */
export function describe(answer: Schemas['Account'], page: Schemas['TransferList']): string {
    const note = answer.metadata?.['note'];
    const first = page.items[0];
    const money = first && 'postings' in first ? first.postings[0]?.amount : undefined;
    return `${answer.balance} ${String(note)} ${money ?? ''} ${page.next ?? ''}`;
}

// @ts-expect-error: an account has an asset
export const without: Schemas['OpenAccount'] = { id: 'alice' };
