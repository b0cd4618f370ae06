// SPDX-License-Identifier: MIT
// An OpenAPI document as a list of operations, with its references followed, and an example of what
// a schema asks for.

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** What "#/components/..." stands for; anything else is itself. */
function follow(document, node) {
    if (!node?.$ref) return node;
    return node.$ref.slice(2).split('/').reduce((at, word) =>
        at?.[word.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

/** In the order of the document's tags: {id, method, path, tag, summary, description, scope,
 *  parameters, body, responses, streams}. */
export function operationsOf(document) {
    const place = new Map((document.tags ?? []).map(({ name }, i) => [name, i]));
    const all = Object.entries(document.paths).flatMap(([path, item]) =>
        METHODS.filter((method) => item[method]).map((method) => {
            const one = item[method];
            return { id: one.operationId, method: method.toUpperCase(), path,
                tag: one.tags?.[0] ?? 'other', summary: one.summary ?? path,
                description: one.description ?? '', scope: one['x-scope'] ?? '',
                parameters: [...item.parameters ?? [], ...one.parameters ?? []]
                    .map((each) => parameterOf(follow(document, each))),
                body: bodyOf(document, follow(document, one.requestBody)),
                responses: Object.entries(one.responses ?? {}).map(([status, response]) =>
                    [status, follow(document, response).description ?? '']),
                streams: Object.values(one.responses ?? {}).some((response) =>
                    follow(document, response).content?.['text/event-stream']) };
        }));
    return all.sort((a, b) => (place.get(a.tag) ?? Infinity) - (place.get(b.tag) ?? Infinity));
}

function parameterOf({ name, in: place, required = false, description, schema }) {
    return { name, place, required, description, schema };
}

function bodyOf(document, body) {
    const json = body?.content?.['application/json'];
    return json ? { document, ...json } : null;
}

/** What a body may be: an example of the description, or one made of its schema. */
export function exampleOf({ document, example, examples, schema }) {
    const first = Object.values(examples ?? {})[0];
    return example ?? follow(document, first)?.value ?? made(document, schema);
}

function made(document, node, depth = 0) {
    const schema = follow(document, node) ?? {};
    if (schema.example !== undefined) return schema.example;
    if (schema.examples?.length) return schema.examples[0];
    if (schema.default !== undefined) return schema.default;
    if (schema.enum) return schema.enum[0];
    const choice = schema.oneOf ?? schema.anyOf ?? schema.allOf;
    if (choice && !schema.properties) return made(document, choice[0], depth);
    if (schema.properties && depth < 6) {
        const names = schema.required ?? choice?.[0]?.required ?? [];
        return Object.fromEntries(names.map((name) =>
            [name, made(document, schema.properties[name], depth + 1)]));
    }
    if (schema.type === 'array') return depth < 6 ? [made(document, schema.items, depth + 1)] : [];
    return { integer: 1, number: 1, boolean: false, object: {} }[schema.type] ?? '';
}
