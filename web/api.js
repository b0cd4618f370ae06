// SPDX-License-Identifier: MIT
// The HTTP API: the token, one request, and keys for requests that move money.

import { sentenceOf } from './refusals.js';

/** The ledger that the page shows: ?ledger=NAME in its address, or main. */
export const LEDGER_NAME = new URLSearchParams(globalThis.location?.search).get('ledger') ?? 'main';
export const LEDGER = `/v1/ledgers/${encodeURIComponent(LEDGER_NAME)}`;

const TOKEN_KEY = 'teller.token';
const TIMEOUT_MS = 35000; // longer than the service itself waits before it says "unknown"

let askForToken = () => {};

/** Take a token out of the address (#token=...), where it must not stay, and keep it. */
export function takeToken() {
    const hash = location.hash.slice(1);
    const token = new URLSearchParams(hash).get('token');
    if (!token) return;
    setToken(token);
    const rest = hash.split('&').filter((part) => !part.startsWith('token=')).join('&');
    history.replaceState(null, '', location.pathname + location.search + (rest && `#${rest}`));
}

export function setToken(token) {
    sessionStorage.setItem(TOKEN_KEY, token);
}

/** `ask(had)` is called whenever the service refuses the token, or (had: false) the lack of one. */
export function whenRefused(ask) {
    askForToken = ask;
}

/** The headers that every request carries; without a token, none (the service may need none). */
export function authorization() {
    const token = sessionStorage.getItem(TOKEN_KEY);
    return token ? { Authorization: `Bearer ${token}` } : {};
}

export function refused() {
    askForToken(sessionStorage.getItem(TOKEN_KEY) !== null);
}

/**
 * Send a request. Resolves to an answer of any status: {status, seq, retryAfter, replayed, timing,
 * text, body, ms}; rejects only if there is no answer. `text` is the body as it came, `body` what
 * it means, `timing` where its time went (timing.js).
 */
export async function request(method, path, { body, key, signal, prefer } = {}) {
    const headers = authorization();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (prefer) headers.Prefer = prefer;
    if (key) headers['Idempotency-Key'] = `"${key.replace(/[\\"]/g, '\\$&')}"`;
    const began = performance.now();
    const patience = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(path, {
        method, headers, body, cache: 'no-store',
        signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    const text = await response.text();
    if (response.status === 401) refused();
    return {
        status: response.status,
        seq: Number(response.headers.get('Ledger-Seq')),
        retryAfter: Number(response.headers.get('Retry-After')),
        replayed: response.headers.get('Idempotency-Replayed') === 'true',
        timing: response.headers.get('Server-Timing'),
        text,
        body: parse(text),
        ms: performance.now() - began,
    };
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/** The state of a ledger in words. */
export const stateInWords = (state) => (state === 'closed' ? 'at rest' : state);

/** A path with the account's id in it. */
export function accountPath(id, rest = '') {
    return `${LEDGER}/accounts/${encodeURIComponent(id)}${rest}`;
}

/** A new Idempotency-Key: a UUID of version 7, so that keys sort by the time they were made. */
export function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    new DataView(bytes.buffer).setBigUint64(0, BigInt(Date.now()) << 16n);
    crypto.getRandomValues(bytes.subarray(6));
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}

/** What went wrong, in a line: a sentence, with what the service says of it, status and code. */
export function problemOf(answer) {
    const { code, detail } = answer.body ?? {};
    const sentence = sentenceOf(code, answer.body);
    const more = detail && detail !== sentence ? `: ${detail}` : '';
    return `${sentence}${more} (${answer.status}${code ? ` ${code}` : ''})`;
}
