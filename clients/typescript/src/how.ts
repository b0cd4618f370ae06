// SPDX-License-Identifier: MIT
// What the operations say to the one who makes the requests.

export interface Options {
    /** Ends the call; what was sent may be carried out nevertheless. */
    signal?: AbortSignal;
    /** Seconds that the service waits before it says that the outcome is not known yet. */
    wait?: number;
}

export interface Reading extends Options {
    /** What a server follows of another's ledger will do. */
    stale?: boolean;
    /** Nothing older than this position will do. */
    least?: number;
}

export interface Keyed extends Options {
    /** The same request with the same key is carried out once, for ever. Made up when not given. */
    key?: string;
}

export interface How {
    body?: unknown;
    query?: Record<string, string>;
    keyed?: boolean;
    repeatable?: boolean;
    options: Keyed & Reading;
}

/** A part of a path, escaped. */
export function escape(part: string | number): string {
    return encodeURIComponent(part);
}

/** The members that are there, as text. */
export function pick(from: object, names: string[]): Record<string, string> {
    const given = from as Record<string, unknown>;
    return Object.fromEntries(names.filter((name) => given[name] !== undefined)
        .map((name) => [name, String(given[name])]));
}
