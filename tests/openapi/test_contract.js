// SPDX-License-Identifier: MIT
// The contract that answers are held against, with faults planted: each must be seen, and what is
// as it is described must pass. Prints "contract: N passed, N failed" last.

import { gzipSync } from 'node:zlib';

import { Contract } from './contract.js';

const schema = (properties, required = Object.keys(properties)) => ({
    type: 'object',
    required,
    properties,
});
const json = (schema) => ({ 'application/json': { schema } });
const id = { 'X-Id': { required: true, schema: { type: 'integer' } } };

const contract = new Contract({
    openapi: '3.1.0',
    paths: {
        '/things': {
            get: {
                responses: {
                    200: {
                        headers: id,
                        content: json({
                            type: 'array',
                            items: { $ref: '#/components/schemas/Thing' },
                        }),
                    },
                },
            },
            post: {
                responses: {
                    201: { headers: id, content: json({ $ref: '#/components/schemas/Made' }) },
                    400: { $ref: '#/components/responses/BadRequest' },
                },
            },
        },
        '/things/{id}': {
            get: {
                responses: {
                    200: { headers: id, content: json({ $ref: '#/components/schemas/Thing' }) },
                },
            },
        },
        '/v1/ledgers/{ledger}/events': {
            get: {
                responses: {
                    200: {
                        description: '`event: heartbeat` with {"seq":N} at times.',
                    },
                },
            },
        },
        '/things/best': { post: { responses: { 204: { headers: id } } } },
    },
    components: {
        schemas: {
            Entry: schema({ seq: { type: 'integer' } }),
            Thing: schema({
                name: { type: 'string' },
                part: schema({ count: { type: 'integer' } }),
            }),
            Made: {
                allOf: [
                    { $ref: '#/components/schemas/Thing' },
                    schema({ made: { type: 'boolean' } }),
                ],
            },
            Problem: schema({
                status: { type: 'integer' },
                code: { type: 'string', description: 'bad_request, or not_found.' },
            }),
        },
        responses: {
            BadRequest: {
                content: {
                    'application/problem+json': {
                        schema: { $ref: '#/components/schemas/Problem' },
                    },
                },
            },
            LedgerNotFound: {
                content: {
                    'application/problem+json': {
                        schema: { $ref: '#/components/schemas/Problem' },
                    },
                },
            },
        },
    },
});

const thing = { name: 'a', part: { count: 1 } };
const problem = (status, code) => ['application/problem+json', { status, code }];

function answer(status, type, value, headers = { 'X-Id': '7' }) {
    const all = Object.entries({ ...headers, ...(type && { 'Content-Type': type }) });
    return {
        status,
        headers: new Map(all.map(([name, text]) => [name.toLowerCase(), text])),
        body:
            Buffer.isBuffer(value) || value === null
                ? value
                : Buffer.from(value === undefined ? '' : JSON.stringify(value)),
    };
}

const good = (value, headers) => answer(200, 'application/json', value, headers);
const THING = ['GET', '/things/1'];

// [what it is, request, answer, the fault that is seen; null: none].
const rows = [
    ['as it is described', THING, good(thing), null],
    [
        'by an address with everything',
        ['GET', 'HTTP://[::1]:80/things/1?x=/y#z'],
        good(thing),
        null,
    ],
    ['a list', ['GET', '/things?limit=2'], good([thing, thing]), null],
    [
        'a whole of parts',
        ['POST', '/things'],
        answer(201, 'application/json', { ...thing, made: true }),
        null,
    ],
    [
        'packed',
        THING,
        good(gzipSync(JSON.stringify(thing)), { 'X-Id': '7', 'Content-Encoding': 'gzip' }),
        null,
    ],
    ['a head alone', THING, good(null), null],
    ['HEAD', ['HEAD', '/things/1'], good(undefined), null],
    [
        'OPTIONS',
        ['OPTIONS', '/things/1'],
        answer(204, null, undefined, { Allow: 'GET, HEAD, OPTIONS' }),
        null,
    ],
    [
        'of two paths',
        ['OPTIONS', '/things/best'],
        answer(204, null, undefined, { Allow: 'GET, HEAD, POST, OPTIONS' }),
        null,
    ],
    ['the other one of two paths', ['GET', '/things/best'], good(thing), null],
    [
        'no path',
        ['GET', '/v1/none'],
        answer(404, ...problem(404, 'not_found')),
        'header x-id is not described',
    ],
    [
        'no path, as described',
        ['GET', '/v1/none'],
        answer(404, ...problem(404, 'not_found'), {}),
        null,
    ],
    ['a file of the page', ['GET', '/style.css'], answer(200, 'text/css', Buffer.from('a')), null],
    [
        'no file',
        ['GET', '/v1/none'],
        answer(200, 'text/css', Buffer.from('a')),
        'status 200 is described of nothing',
    ],
    [
        'another status',
        THING,
        answer(202, 'application/json', thing),
        'status 202 is not described',
    ],
    [
        'another type',
        THING,
        answer(200, 'text/plain', thing),
        'content type text/plain is not described',
    ],
    ['no type', THING, answer(200, null, thing), 'content type undefined is not described'],
    ['no JSON', THING, good(Buffer.from('{')), 'the body is not JSON'],
    ['no UTF-8', THING, good(Buffer.from([0x22, 0xff, 0x22])), 'the body is not JSON'],
    ['a member missing', THING, good({ name: 'a' }), "must have required property 'part'"],
    ['a member of another type', THING, good({ ...thing, name: 1 }), '/name must be string'],
    ['a member too many', THING, good({ ...thing, more: 1 }), '"unevaluatedProperty":"more"'],
    [
        'within a member',
        THING,
        good({ name: 'a', part: { count: 1, more: 1 } }),
        '"unevaluatedProperty":"more"',
    ],
    [
        'within a list',
        ['GET', '/things'],
        good([thing, { ...thing, more: 1 }]),
        '/* must NOT have unevaluated',
    ],
    [
        'of a whole of parts',
        ['POST', '/things'],
        answer(201, 'application/json', { ...thing, made: true, more: 1 }),
        '"unevaluatedProperty":"more"',
    ],
    ['a header missing', THING, good(thing, {}), 'header X-Id is missing'],
    [
        'a header of another form',
        THING,
        good(thing, { 'X-Id': 'x' }),
        'header X-Id: / must be integer',
    ],
    [
        'a header too many',
        THING,
        good(thing, { 'X-Id': '7', 'X-More': '1' }),
        'header x-more is not described',
    ],
    [
        'a body where none is',
        ['POST', '/things/best'],
        answer(204, null, thing),
        'has a body that is not described',
    ],
    ['HEAD with a body', ['HEAD', '/things/1'], good(thing), 'HEAD is answered with a body'],
    [
        'a problem of another status',
        ['POST', '/things'],
        answer(400, ...problem(404, 'bad_request'), {}),
        'a problem of 404 in a 400',
    ],
    [
        'a problem without a name',
        ['POST', '/things'],
        answer(400, ...problem(400, 'odd'), {}),
        'code odd is not described',
    ],
    [
        'a method with a wrong Allow',
        ['PUT', '/things'],
        answer(405, ...problem(405, 'not_found'), { Allow: 'GET' }),
        'Allow says GET',
    ],
    [
        'a method without Allow',
        ['PUT', '/things'],
        answer(405, ...problem(405, 'not_found'), {}),
        'Allow is missing',
    ],
    [
        'a method as described',
        ['PUT', '/things'],
        answer(405, ...problem(405, 'not_found'), { Allow: 'GET, HEAD, POST, OPTIONS' }),
        null,
    ],
    [
        'OPTIONS without Allow',
        ['OPTIONS', '/things'],
        answer(204, null, undefined, {}),
        'Allow is missing',
    ],
    [
        'OPTIONS with a wrong one',
        ['OPTIONS', '/things'],
        answer(204, null, undefined, { Allow: 'GET' }),
        'Allow says GET',
    ],
];

// [name, data, the fault].
const events = [
    ['entry', '{"seq":1}', null],
    ['entry', '{"seq":"1"}', '/seq must be integer'],
    ['entry', '{', 'the data is not JSON'],
    ['heartbeat', '{"seq":1}', null],
    ['heartbeat', '{"seq":1,"more":1}', 'event heartbeat has seq,more'],
    ['odd', '{}', 'event odd is not described'],
];

let passed = 0;
let failed = 0;
function count(what, fault, faults) {
    if (fault ? faults.some((found) => found.includes(fault)) : !faults.length) {
        passed++;
        return;
    }
    failed++;
    console.log(`FAILED  ${what}: ${fault ?? 'nothing'} was wanted, got ${JSON.stringify(faults)}`);
}

for (const [what, [method, target], answer, fault] of rows)
    count(what, fault, contract.check({ method, target }, answer).faults);
for (const [name, data, fault] of events) {
    const faults = contract.checkEvent(name, Buffer.from(data));
    count(`event ${name} ${data}`, fault, faults);
}
console.log(`contract: ${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
