// SPDX-License-Identifier: MIT
// A client of teller, for browsers and Node.js from 18 on; it needs fetch alone.
//
//     const bank = new Teller('http://127.0.0.1:8080', token);
//     await bank.openAccount('main', { id: 'alice', asset: 'USD/2' });
//     await bank.deposit('main', 'alice', { amount: '100' }, { key: 'invoice-17' });
//
// What moves money has a key: yours, or one made for the call. Whatever happens to the network or
// to the service, the call is made again with that key until its answer is there, or `patience` is
// over: so a payment is made once. When a program may end before its answer is there, choose the
// key, write it down first, and make the same call again after the restart.
//
// Amounts are strings of digits, in the asset's smallest unit: BigInt reads them, Number may not.

import { escape, type How } from './how.js';
import { Operations, type Schemas } from './operations.js';
import { readEvents } from './stream.js';

export type { Schemas } from './operations.js';
export type Entry = Schemas['Entry'];

/** The service refused: `code` says why, and never changes its meaning. */
export class Problem extends Error {
    readonly code: string;
    constructor(readonly status: number, readonly problem: Partial<Schemas['Problem']>) {
        super(problem.detail ?? problem.title ?? `status ${status}`);
        this.code = problem.code ?? '';
    }
}

/** There was no answer for as long as `patience`, or the service's certificate is not trusted;
 *  nothing that moves money was carried out. */
export class Unreachable extends Error {}

/** It was sent, and nobody said what became of it. The same call with the same `key` settles it. */
export class OutcomeUnknown extends Unreachable {
    constructor(message: string, readonly key: string | undefined) {
        super(message);
    }
}

/** Not answered, or not yet: to be sent again. `sent`: it may have been carried out. `hopeless`:
 *  another try would end alike. */
class Again extends Error {
    constructor(why: string, readonly sent: boolean, readonly afterMs?: number,
        readonly hopeless = false) {
        super(why);
    }
}

export interface Settings {
    /** Of one answer, in milliseconds. */
    timeout?: number;
    /** Of a call with all its repetitions, in milliseconds. */
    patience?: number;
    fetch?: typeof fetch;
}

const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
const SILENCE_MS = 40000; // the service sends a heartbeat into a stream every 15 seconds

export class Teller extends Operations {
    private readonly timeout: number;
    private readonly patience: number;
    private readonly fetch: typeof fetch;

    constructor(private readonly url: string, private readonly token?: string,
        settings: Settings = {}) {
        super();
        this.timeout = settings.timeout ?? 60000;
        this.patience = settings.patience ?? 120000;
        this.fetch = settings.fetch ?? globalThis.fetch.bind(globalThis);
    }

    /** Every item of a list: for await (const account of bank.pages((page) =>
     *  bank.listAccounts('main', { prefix: 'shop:', page }))). */
    async *pages<T>(list: (page?: string) => Promise<{ items: T[]; next: string | null }>):
    AsyncGenerator<T> {
        let page: string | undefined;
        do {
            const answer = await list(page);
            yield* answer.items;
            page = answer.next ?? undefined;
        } while (page !== undefined);
    }

    /** The journal as it grows, until `signal`: each entry once, without a gap, however often the
     *  connection is lost. `after`: the last position that the caller has; else from now on.
     *  `stale`: of whatever server follows the ledger. */
    async *events(ledger: string, options: { after?: number; stale?: boolean;
        signal?: AbortSignal } = {}): AsyncGenerator<Entry> {
        let { after } = options;
        let pause = PAUSE_MS;
        while (!options.signal?.aborted) {
            const silence = new AbortController();
            const end = () => silence.abort();
            options.signal?.addEventListener('abort', end);
            let timer = setTimeout(end, SILENCE_MS);
            try {
                const stream = await this.stream(ledger, after, options.stale, silence);
                for await (const event of readEvents(stream)) {
                    clearTimeout(timer);
                    timer = setTimeout(end, SILENCE_MS);
                    const data = JSON.parse(event.data) as Entry;
                    after = data.seq;
                    pause = PAUSE_MS;
                    // All that is not an entry says where the stream is.
                    if (event.type === 'message') yield data;
                }
            } catch (error) {
                if (error instanceof Problem) throw error;
                const distrust = distrustOf(error);
                if (distrust) throw new Unreachable(distrust);
            } finally {
                clearTimeout(timer);
                silence.abort();
                options.signal?.removeEventListener('abort', end);
            }
            if (!options.signal?.aborted) await rest(pause * (0.5 + Math.random()));
            pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
    }

    private async stream(ledger: string, after: number | undefined, stale: boolean | undefined,
        silence: AbortController) {
        const headers = this.headers({ Accept: 'text/event-stream' });
        if (after !== undefined) headers.set('Last-Event-ID', String(after));
        if (stale) headers.set('Prefer', 'stale');
        const answer = await this.fetch(`${this.url}/v1/ledgers/${escape(ledger)}/events`,
            { headers, signal: silence.signal });
        if ([429, 502, 503, 504].includes(answer.status)) throw new Again('not now', false);
        if (!answer.ok || !answer.body) throw new Problem(answer.status, await problemOf(answer));
        return answer.body;
    }

    private headers(more: Record<string, string>): Headers {
        const headers = new Headers({ Accept: 'application/json', ...more });
        if (this.token) headers.set('Authorization', `Bearer ${this.token}`);
        return headers;
    }

    /** A call, until its answer is there. */
    protected async call<T>(method: string, path: string, how: How): Promise<T> {
        const { options, query = {}, repeatable = true } = how;
        const headers = this.headers({});
        const key = how.keyed ? options.key ?? await newKey() : undefined;
        if (method === 'POST') headers.set('Content-Type', 'application/json');
        if (key !== undefined) headers.set('Idempotency-Key', `"${key}"`);
        const { wait, stale, least } = options;
        const prefer = [stale && 'stale', wait !== undefined && `wait=${wait}`].filter(Boolean);
        if (prefer.length) headers.set('Prefer', prefer.join(', '));
        if (least !== undefined) headers.set('If-Ledger-Seq', String(least));
        const text = new URLSearchParams(query).toString();
        const request = { method, headers,
            body: method === 'POST' ? JSON.stringify(how.body ?? {}) : undefined };
        const url = this.url + path + (text && `?${text}`);
        const end = Date.now() + this.patience;
        let maybeDone = false;
        for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
            try {
                return await this.attempt(url, request, options.signal) as T;
            } catch (error) {
                if (!(error instanceof Again)) throw error;
                maybeDone ||= error.sent && method !== 'GET';
                const afterMs = error.afterMs ?? pause * (0.5 + Math.random());
                const givesUp = error.hopeless || Date.now() + afterMs > end ||
                    (error.sent && !repeatable);
                if (givesUp && maybeDone) throw new OutcomeUnknown(error.message, key);
                if (givesUp) throw new Unreachable(error.message);
                await rest(afterMs);
            }
        }
    }

    /** One request, one answer. fetch() does not tell whether anything was sent: it may be. */
    private async once(url: string, request: RequestInit, signal?: AbortSignal) {
        const late = new AbortController();
        const end = () => late.abort();
        const timer = setTimeout(end, this.timeout);
        signal?.addEventListener('abort', end);
        try {
            signal?.throwIfAborted();
            const answer = await this.fetch(url, { ...request, signal: late.signal });
            const text = await answer.text();
            return { answer, value: text ? JSON.parse(text) as unknown : undefined };
        } catch (error) {
            signal?.throwIfAborted();
            const distrust = distrustOf(error);
            throw new Again(distrust || String(error), !distrust, undefined, distrust !== '');
        } finally {
            clearTimeout(timer);
            signal?.removeEventListener('abort', end);
        }
    }

    private async attempt(url: string, request: RequestInit, signal?: AbortSignal) {
        const { answer, value } = await this.once(url, request, signal);
        if (answer.ok) return value;
        const problem = (value ?? {}) as Partial<Schemas['Problem']>;
        const why = `${answer.status} ${problem.code ?? ''}`;
        // Not executed, and never will be.
        if (answer.status === 429 || answer.status === 503)
            throw new Again(why, false, retryAfter(answer));
        if (answer.status === 502 || problem.code === 'key_in_flight')
            throw new Again(why, true, retryAfter(answer));
        if (answer.status === 504) {
            if (problem.settle) await this.settled(problem.settle, signal);
            throw new Again(why, true, 0);
        }
        throw new Problem(answer.status, problem);
    }

    /** Wait until the service can tell what became of a key. */
    private async settled(settle: string, signal?: AbortSignal) {
        const { answer } = await this.once(new URL(settle, `${this.url}/`).href,
            { headers: this.headers({}) }, signal);
        if ([409, 429, 503].includes(answer.status))
            throw new Again('its outcome is not known yet', true, retryAfter(answer));
    }
}

/** Node.js 18 has what browsers have of cryptography in a module only. */
async function newKey(): Promise<string> {
    const module = 'node:crypto';
    const source = globalThis.crypto ?? (await import(module)).webcrypto;
    return source.randomUUID();
}

async function problemOf(answer: Response): Promise<Partial<Schemas['Problem']>> {
    try {
        return await answer.json() as Schemas['Problem'];
    } catch {
        return {};
    }
}

/** Why the service is not trusted; '' if it is, or in a browser, which does not tell. Node.js has
 *  the names of OpenSSL's verdicts on a certificate, and one of its own. */
function distrustOf(error: unknown): string {
    const cause = (error as { cause?: { code?: unknown; message?: unknown } } | null)?.cause;
    const verdicts = /^(ERR_TLS_CERT|CERT|CRL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|INVALID|HOSTNAME)_/;
    return verdicts.test(String(cause?.code)) ? `${cause?.code}: ${cause?.message}` : '';
}

function retryAfter(answer: Response): number | undefined {
    const text = answer.headers.get('Retry-After') ?? '';
    return /^\d+$/.test(text) ? Number(text) * 1000 : undefined;
}

function rest(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
