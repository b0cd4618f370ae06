// SPDX-License-Identifier: MIT
// The journal as it grows, over Server-Sent Events. EventSource cannot send an Authorization
// header, so the stream is read with fetch. It is resumed after the last entry that was applied,
// which makes it gapless and without repeats across any number of lost connections; both are
// counted all the same.

import { LEDGER, authorization, refused, request } from './api.js';

const SILENCE_MS = 20000; // the service says something every 15 s,
const GREETING_MS = 6000; // and immediately when it is asked
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];

/**
 * Follow the journal after position `after`, forever. `onEntry(entry)` gets each entry once, in
 * order; `onChange(stream)` is called when anything of what is returned changes:
 *   state       "connecting", "live", "disconnected" or "refused"
 *   position    seq of the last entry that was applied
 *   head        the highest seq that is known to exist
 *   entries, gaps, repeats, connections: counted since the page was loaded
 *   retryAt     when it tries again, if it is disconnected (of performance.now())
 *   retry()     try now
 */
export function follow(after, onEntry, onChange) {
    const stream = {
        state: 'connecting', position: after, head: after, retryAt: 0, heardAt: performance.now(),
        entries: 0, gaps: 0, repeats: 0, connections: 0, retry: () => {},
    };
    const apply = (entry) => {
        if (entry.seq <= stream.position) {
            stream.repeats++;
            return;
        }
        if (entry.seq !== stream.position + 1) {
            stream.gaps++;
            throw new Error(`gap before ${entry.seq}`); // ask again from where we are
        }
        onEntry(entry);
        stream.position = entry.seq;
        stream.entries++;
    };
    const hear = (event) => {
        stream.heardAt = performance.now();
        if (event.name === 'message') apply(JSON.parse(event.data));
        else if (event.name === 'heartbeat') sayHead(stream, JSON.parse(event.data).seq);
        sayHead(stream, stream.position);
        onChange(stream);
    };
    run(stream, hear, onChange);
    return stream;
}

/** Learn from anywhere that the journal reaches `seq`. */
export function sayHead(stream, seq) {
    if (seq > stream.head) stream.head = seq;
}

async function run(stream, hear, onChange) {
    const enter = (state) => {
        stream.state = state;
        onChange(stream);
    };
    for (let failures = 0; ; failures++) {
        const before = stream.connections;
        try {
            const refusal = await connect(stream, hear, enter);
            if (refusal) {
                enter('refused');
                refused();
                await pause(stream, Infinity);
                continue;
            }
        } catch {
            // Lost or never there: what counts is that the stream has ended.
        }
        if (stream.connections !== before) failures = 0;
        const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
        const jittered = wait * (0.75 + Math.random() / 2);
        stream.retryAt = performance.now() + jittered;
        enter('disconnected');
        await pause(stream, jittered);
    }
}

/** Wait, or until stream.retry() is called. */
function pause(stream, ms) {
    return new Promise((resolve) => {
        stream.retry = resolve;
        if (ms !== Infinity) setTimeout(resolve, ms);
    });
}

/** Read one connection to its end. True: the service refuses the token. */
async function connect(stream, hear, enter) {
    const abort = new AbortController();
    let silence = setTimeout(() => abort.abort(), GREETING_MS);
    stream.retry = () => abort.abort();
    try {
        if (stream.connections && await isAnother(stream, abort.signal)) location.reload();
        const response = await fetch(`${LEDGER}/events?after=${stream.position}`, {
            headers: { ...authorization(), Accept: 'text/event-stream' },
            cache: 'no-store', priority: 'low', signal: abort.signal, // after code and accounts
        });
        if (response.status === 401 || response.status === 403) return true;
        if (response.status === 409) location.reload(); // another journal: this one ends too early
        if (!response.ok) throw new Error(`status ${response.status}`);
        stream.connections++;
        enter('live');
        const reader = response.body.getReader();
        const parse = parser(hear);
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return false;
            clearTimeout(silence);
            silence = setTimeout(() => abort.abort(), SILENCE_MS);
            parse(value);
        }
    } finally {
        clearTimeout(silence);
        abort.abort(); // also when an entry could not be applied: let go of the connection
    }
}

/** The service has another journal than the one that is shown: this one ends too early. */
async function isAnother(stream, signal) {
    const answer = await request('GET', `${LEDGER}/accounts?limit=1`, { signal });
    return answer.status === 200 && answer.seq < stream.position;
}

/** A parser of the event stream format: feed it chunks of bytes, it calls hear({name, data}). */
export function parser(hear) {
    const decoder = new TextDecoder();
    let rest = '';
    let name = 'message';
    let data = [];
    const take = (line) => {
        if (line === '') {
            if (data.length) hear({ name, data: data.join('\n') });
            name = 'message';
            data = [];
        } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
        else if (line.startsWith('event:')) name = line.slice(6).trim();
    };
    return (bytes) => {
        rest += decoder.decode(bytes, { stream: true });
        let begin = 0;
        for (let end; (end = rest.indexOf('\n', begin)) >= 0; begin = end + 1)
            take(rest.slice(begin, rest[end - 1] === '\r' ? end - 1 : end));
        rest = rest.slice(begin);
    };
}
