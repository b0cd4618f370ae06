// SPDX-License-Identifier: MIT
// answers.js [--whole] FILE...: what the service answered during its tests, as
// tests/service/witness.h has kept it, held against its description. With --whole all tests ran:
// then each operation must have been answered with each status that is described of it. Run from
// the root; prints "answers: N passed, N failed", where each operation and status that was seen
// counts once.

import { createReadStream, readFileSync } from 'node:fs';

import { Contract } from './contract.js';

const SHOWN = 3; // faults of one kind
// What servers say to each other, and no test hears.
const ARRIVALS = 'post /v1/ledgers/{ledger}/arrivals';
const UNHEARD = ['200', '421', '504'].map((status) => `${ARRIVALS} ${status}`);

/** The records of a file, one after the other: {kind, test, request, head, body}, all Buffers. */
async function* records(path) {
    let rest = Buffer.alloc(0);
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 22 })) {
        rest = rest.length ? Buffer.concat([rest, piece]) : piece;
        let at = 0;
        for (;;) {
            const line = rest.indexOf(10, at);
            if (line < 0) break;
            const [kind, test, ...sizes] = rest.toString('latin1', at, line).split(' ');
            const [request, head, body] = sizes.map(Number);
            const end = line + 1 + request + head + body + 1;
            if (rest.length < end) break;
            const bytes = rest.subarray(line + 1, end - 1);
            yield {
                kind,
                test,
                request: bytes.subarray(0, request),
                head: bytes.subarray(request, request + head),
                body: bytes.subarray(request + head),
            };
            at = end;
        }
        rest = rest.subarray(at);
    }
    if (rest.length) throw new Error(`${path} ends within a record`);
}

function readHead(bytes) {
    const [first, ...lines] = bytes.toString('latin1').split('\r\n');
    const headers = new Map();
    for (const line of lines.filter((line) => line))
        headers.set(
            line.slice(0, line.indexOf(':')).toLowerCase(),
            line.slice(line.indexOf(':') + 1).trim(),
        );
    return { status: Number(first.split(' ')[1]), headers };
}

function readLine(bytes) {
    const [method, target = ''] = bytes
        .toString('latin1')
        .replace(/^[\r\n]+/, '')
        .split(/[\r\n]/)[0]
        .split(' ');
    return { method, target };
}

/** The answers in what came over a connection, interim ones left out; the last one may be cut. */
function* answersIn(bytes) {
    for (let at = 0; at < bytes.length;) {
        const end = bytes.indexOf('\r\n\r\n', at);
        if (end < 0) return;
        const answer = readHead(bytes.subarray(at, end));
        if (!(answer.status >= 100 && answer.status < 600)) return;
        const length = Number(answer.headers.get('content-length') ?? 0);
        if (answer.headers.has('transfer-encoding') || bytes.length < end + 4 + length) return;
        at = end + 4 + length;
        if (answer.status >= 200) yield { ...answer, body: bytes.subarray(end + 4, at) };
    }
}

/** [request, answer] of a record; of a talk the first, as the others' requests are not known. */
function* exchanges({ kind, request, head, body }) {
    if (kind === 'event') return;
    if (kind !== 'talk') {
        yield [readLine(request), { ...readHead(head), body: kind === 'answer' ? body : null }];
        return;
    }
    const [first] = answersIn(head);
    const line = readLine(request);
    if (first && !(line.method === 'HEAD' && first.headers.get('content-length') > 0))
        yield [line, first];
}

const some = (tests) => [...tests].slice(0, SHOWN).join(', ');

class Tally {
    seen = new Map(); // "what status" → {count, faults: Map of fault → [tests]}

    add(what, status, test, faults) {
        const name = `${what} ${status}`;
        if (!this.seen.has(name)) this.seen.set(name, { count: 0, faults: new Map() });
        const row = this.seen.get(name);
        row.count++;
        for (const fault of faults) {
            if (!row.faults.has(fault)) row.faults.set(fault, new Set());
            row.faults.get(fault).add(test);
        }
    }

    report() {
        let failed = 0;
        for (const [name, { faults }] of [...this.seen].sort()) {
            if (faults.size) failed++;
            for (const [fault, tests] of [...faults].slice(0, SHOWN))
                console.log(`FAILED  ${name}: ${fault}\n        in ${some(tests)}`);
            if (faults.size > SHOWN) console.log(`        and ${faults.size - SHOWN} faults more`);
        }
        return failed;
    }
}

/** The described answers that no test had. */
function unseen(contract, tally) {
    const missing = [...contract.statuses()].filter(
        ([what, status]) =>
            !tally.seen.has(`${what} ${status}`) && !UNHEARD.includes(`${what} ${status}`),
    );
    console.log(`answers: ${missing.length} of what is described was not seen`);
    return missing;
}

/** Counts what a file has into the tally; how many answers those were. */
async function hold(path, contract, tally) {
    let count = 0;
    for await (const record of records(path)) {
        if (record.kind === 'event') {
            const name = record.head.toString('latin1') || 'entry';
            tally.add('event', name, record.test, contract.checkEvent(name, record.body));
        }
        for (const [request, answer] of exchanges(record)) {
            const { what, faults } = contract.check(request, answer);
            tally.add(
                what,
                answer.status,
                `${record.test} (${request.method} ${request.target.slice(0, 80)})`,
                faults,
            );
            count++;
        }
    }
    return count;
}

const whole = process.argv.includes('--whole');
const contract = new Contract(JSON.parse(readFileSync('server/api/openapi.json', 'utf8')));
const tally = new Tally();
let count = 0;
for (const path of process.argv.slice(2).filter((word) => word !== '--whole'))
    count += await hold(path, contract, tally);
let failed = tally.report();
const missed = unseen(contract, tally);
if (whole)
    for (const [what, status] of missed) {
        failed++;
        console.log(`FAILED  ${what} ${status}: no test has it`);
    }
console.log(`answers: ${count} held against the description`);
console.log(`answers: ${tally.seen.size - failed} passed, ${failed} failed`);
process.exitCode = failed || !count ? 1 : 0;
