// SPDX-License-Identifier: MIT
// examples.js [--write]: the examples of the API's description are what the service says. A fresh
// one is sent story.js, with the examples of bodies, and each answer must be the example of its
// operation and status, or of its problem, but for times, secrets and hashes. With --write the
// document is given them. Run from the root, after `make build`; prints "examples: N passed, N
// failed" last.

import { isDeepStrictEqual } from 'node:util';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Service } from '../e2e/service.js';
import { STORY } from './story.js';

const DOCUMENT = 'server/api/openapi.json';
const EPOCH_MS = Date.UTC(2026, 10, 26, 9);
const MINUTE_MS = 60000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const SECRET = 'teller_0NoTokenOfAnybody0ButAnExampleInTheReferenc2PgDSO';
const HASH = '3f1c0a52d6b8e9475c2f90ab1d63e8741f5b29c07ae4d3861b9f02c5e87d4a60';

const writes = process.argv[2] === '--write';
const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
const CONTROL = fileURLToPath(new URL('../service/control_standin', import.meta.url));
const service = new Service(['--cluster-control', CONTROL]);
const kept = new Map();   // names → ids that the service gave
const tokens = new Map(); // names → tokens
let passed = 0;
let failed = 0;

function count(name, good, said = '') {
    if (good) passed++;
    else failed++;
    if (!good) console.log(`FAILED  ${name}\n${said}`);
}

/* --- asking ----------------------------------------------------------------------------------- */

/** Its answer as {status, body}; by a socket, for no client sends such a version. */
function askRaw(text) {
    return new Promise((resolve, reject) => {
        const { hostname, port } = new URL(service.url);
        const socket = connect(port, hostname, () => socket.write(text));
        let said = '';
        socket.on('data', (piece) => (said += piece));
        socket.on('error', reject);
        socket.on('close', () => resolve({ status: Number(said.split(' ')[1]),
            body: said.slice(said.indexOf('\r\n\r\n') + 4) }));
    });
}

function ask(method, path, headers, text) {
    return new Promise((resolve, reject) => {
        const sent = request(service.url + path, { method, headers }, (answer) => {
            let body = '';
            answer.on('data', (piece) => (body += piece));
            answer.on('end', () => resolve({ status: answer.statusCode, body }));
        });
        sent.on('error', reject);
        sent.end(text);
    });
}

function exampleOfBody(operation) {
    const content = operation.requestBody?.content['application/json'];
    return content?.example ?? Object.values(content?.examples ?? {})[0]?.value;
}

function play([what, , parts, more = {}]) {
    const [method, pattern] = what.split(' ');
    const path = pattern.replace(/\{(\w+)\}/g, (_, name) => kept.get(parts[name]) ?? parts[name]) +
        (more.query ? `?${more.query}` : '');
    const body = more.body ?? exampleOfBody(document.paths[pattern][method]);
    const token = more.token === null ? null : tokens.get(more.token) ?? service.token;
    const text = more.text ?? (body === undefined ? undefined : JSON.stringify(body));
    if (more.version) return askRaw(`GET ${path} ${more.version}\r\nHost: a\r\n\r\n`);
    return ask(method.toUpperCase(), path, {
        ...text === undefined ? {} : { 'Content-Type': more.type ?? 'application/json',
            'Content-Length': Buffer.byteLength(text) },
        ...token ? { Authorization: `Bearer ${token}` } : {},
        ...more.key ? { 'Idempotency-Key': more.key } : {}, ...more.headers }, text);
}

/* --- what is the same each time --------------------------------------------------------------- */

function* strings(value) {
    if (typeof value === 'string') yield value;
    else if (value !== null && typeof value === 'object')
        for (const member of Object.values(value)) yield* strings(member);
}

/** Times keep how many minutes they are apart; what is made up anew each time is a fixed one. */
function lasting(value) {
    const times = [...strings(value)].filter((text) => TIME.test(text)).map(Date.parse);
    const first = Math.min(...times);
    const change = (text) => TIME.test(text)
        ? `${new Date(EPOCH_MS + Math.round((Date.parse(text) - first) / MINUTE_MS) * MINUTE_MS)
            .toISOString().slice(0, -1)}000Z`
        : text.replace(/^teller_[0-9A-Za-z]{49}$/, SECRET).replace(/^[0-9a-f]{64}$/, HASH);
    return JSON.parse(JSON.stringify(value), (_, member) =>
        typeof member === 'string' ? change(member) : member);
}

/* --- where it stands -------------------------------------------------------------------------- */

/** An example's place: an object, and the name of its member. */
function placeOf([what, status, , { code } = {}]) {
    if (code) {
        document.components.examples ??= {};
        document.components.examples[code] ??= {};
        return [document.components.examples[code], 'value'];
    }
    const [method, pattern] = what.split(' ');
    const content = document.paths[pattern][method].responses[status].content['application/json'];
    // Of several examples the first is what the story comes to.
    const [first] = Object.values(content.examples ?? {});
    return first ? [first, 'value'] : [content, 'example'];
}

async function tell(step) {
    const [what, status, , { aside, code, keep, keepToken } = {}] = step;
    const name = `${what} ${status} ${code ?? ''}`;
    const answer = await play(step);
    if (answer.status !== status) return count(name, false, `${answer.status} ${answer.body}`);
    const body = JSON.parse(answer.body);
    if (keep) kept.set(keep, body.id);
    if (keepToken) tokens.set(keepToken, body.token);
    if (aside) return undefined;
    if (code && body.code !== code) return count(name, false, answer.body);
    const [at, member] = placeOf(step);
    const said = lasting(body);
    if (writes) at[member] = said;
    return count(name, isDeepStrictEqual(said, at[member]),
        `the service says ${JSON.stringify(said)}\nthe example is ${JSON.stringify(at[member])}`);
}

try {
    await service.start();
    for (const step of STORY) await tell(step);
} finally {
    await service.remove();
}
if (writes) writeFileSync(DOCUMENT, `${JSON.stringify(document, null, 1)}\n`);
console.log(`examples: ${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
