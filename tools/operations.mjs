// SPDX-License-Identifier: MIT
// tools/operations.mjs FILE: the operations of server/api/openapi.json as the page's explorer shows
// them, as JSON, in FILE: with all references followed, and with no more of what an operation
// answers than its statuses. The whole description is three times as long to load. Run from the
// root.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const document = JSON.parse(readFileSync('server/api/openapi.json', 'utf8'));

/** What "#/components/..." stands for; anything else is itself. */
function follow(node) {
    if (!node?.$ref) return node;
    return node.$ref.slice(2).split('/').reduce((at, word) =>
        at?.[word.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

/** In the order of the document's tags. What is undefined is left out of the file. */
function operations() {
    const place = new Map((document.tags ?? []).map(({ name }, i) => [name, i]));
    const all = Object.entries(document.paths).flatMap(([path, item]) =>
        METHODS.filter((method) => item[method]).map((method) =>
            operationOf(path, method, item[method], item.parameters ?? [])));
    return all.sort((a, b) => (place.get(a.tag) ?? Infinity) - (place.get(b.tag) ?? Infinity));
}

function operationOf(path, method, one, shared) {
    const responses = Object.entries(one.responses ?? {}).map(([status, response]) =>
        [status, follow(response)]);
    return { id: one.operationId, method: method.toUpperCase(), path,
        tag: one.tags?.[0] ?? 'other', summary: one.summary ?? path,
        description: one.description ?? '', scope: one['x-scope'] ?? '',
        parameters: [...shared, ...one.parameters ?? []].map((each) => parameterOf(follow(each))),
        body: exampleOf(follow(one.requestBody)?.content?.['application/json']),
        responses: responses.map(([status, { description }]) => [status, description ?? '']),
        streams: responses.some(([, { content }]) => content?.['text/event-stream']) };
}

function parameterOf({ name, in: place, required, description, schema }) {
    return { name, place, required, description, values: follow(schema)?.enum };
}

/** What a body may be: an example of the description, or one made of its schema. */
function exampleOf(body) {
    if (!body) return undefined;
    const first = Object.values(body.examples ?? {})[0];
    return body.example ?? follow(first)?.value ?? made(body.schema);
}

function made(node, depth = 0) {
    const schema = follow(node) ?? {};
    if (schema.example !== undefined) return schema.example;
    if (schema.examples?.length) return schema.examples[0];
    if (schema.default !== undefined) return schema.default;
    if (schema.enum) return schema.enum[0];
    const choice = schema.oneOf ?? schema.anyOf ?? schema.allOf;
    if (choice && !schema.properties) return made(choice[0], depth);
    if (schema.properties && depth < 6) {
        const names = schema.required ?? choice?.[0]?.required ?? [];
        return Object.fromEntries(names.map((name) =>
            [name, made(schema.properties[name], depth + 1)]));
    }
    if (schema.type === 'array') return depth < 6 ? [made(schema.items, depth + 1)] : [];
    return { integer: 1, number: 1, boolean: false, object: {} }[schema.type] ?? '';
}

const [out] = process.argv.slice(2);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, JSON.stringify({ version: document.info.version, operations: operations() }));
