// SPDX-License-Identifier: MIT
// Writes what the clients have of the API's description, into the folders of the two:
//     clients/python/teller_operations.py          types and a method for each operation
//     clients/typescript/src/operations.ts         a method for each operation (types: schema.ts)
//     node clients/generate.js [FOLDER]            FOLDER instead of clients/, to compare
// Run from the root, after `npm ci` into build/.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const DOCUMENT = 'server/api/openapi.json';
const MARK = 'Made by clients/generate.js out of the API\'s description. Not edited by hand.';
/** What a client library is not for: a browser's session, and pages. */
const LEFT_OUT = new Set(['login', 'logout', 'openapi', 'metrics']);

const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));

/** Follow a reference into the document. */
function resolve(value) {
    if (!value?.$ref) return value;
    return value.$ref.slice(2).split('/').reduce((at, part) => at[part], document);
}

/** The name of the schema of a JSON body, if it is one of the document's. */
function schemaName(content) {
    const schema = content?.['application/json']?.schema;
    return schema?.$ref?.split('/').pop() ?? (schema ? 'unknown' : null);
}

/** Everything that the two languages say of an operation. */
function describe(path, method, operation) {
    const parameters = [...(document.paths[path].parameters ?? []),
        ...(operation.parameters ?? [])].map(resolve);
    const named = (place) => parameters.filter((each) => each.in === place);
    const header = (name) => named('header').some((each) => each.name === name);
    const good = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
    const answer = resolve(good[1]).content;
    const query = named('query').map(({ name, schema }) => ({ name,
        type: resolve(schema)?.type === 'integer' ? 'integer' : 'string' }));
    return {
        name: operation.operationId, summary: operation.summary, method: method.toUpperCase(),
        path, inPath: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), query,
        body: operation.requestBody && (schemaName(operation.requestBody.content) ?? 'unknown'),
        bodyRequired: operation.requestBody?.required ?? false,
        keyed: header('Idempotency-Key'), waits: header('Prefer'),
        stale: header('If-Ledger-Seq'),
        // Done twice, it is done once: reads, and what says of itself that it is there already.
        repeatable: method !== 'post' || header('Idempotency-Key') ||
            Object.keys(operation.responses).includes('200') && header('Prefer'),
        stream: Boolean(answer?.['text/event-stream']),
        pages: query.some(({ name }) => name === 'page'),
        answer: schemaName(answer),
    };
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).filter(([method]) => ['get', 'post', 'delete'].includes(method))
        .map(([method, operation]) => describe(path, method, operation)))
    .filter(({ name, stream }) => !LEFT_OUT.has(name) && !stream);

// ---- Python ------------------------------------------------------------------------------------

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const RESERVED = new Set(['from', 'if', 'in', 'is', 'class']);

/** A schema as a type of Python. */
function pythonType(schema) {
    if (schema === undefined || schema === true) return 'Any';
    if (schema.$ref) return `'${schema.$ref.split('/').pop()}'`;
    const any = schema.oneOf ?? schema.anyOf;
    if (any) return `Union[${[...new Set(any.map(pythonType))].join(', ')}]`;
    if (schema.enum)
        return `Literal[${schema.enum.map((each) => each === null ? 'None'
            : JSON.stringify(each).replaceAll('"', '\'')).join(', ')}]`;
    if ('const' in schema) return `Literal[${JSON.stringify(schema.const).replaceAll('"', '\'')}]`;
    if (Array.isArray(schema.type))
        return `Union[${schema.type.map((type) => pythonType({ ...schema, type })).join(', ')}]`;
    switch (schema.type) {
    case 'string': return 'str';
    case 'integer': return 'int';
    case 'number': return 'float';
    case 'boolean': return 'bool';
    case 'null': return 'None';
    case 'array': return `List[${pythonType(schema.items)}]`;
    case 'object': return 'Dict[str, Any]';
    default: return 'Any';
    }
}

/** An object as a TypedDict, in the form that takes any name of a member. */
function pythonObject(name, schema) {
    const required = new Set(schema.required ?? []);
    const members = Object.entries(schema.properties).map(([member, type]) => {
        const written = pythonType(type);
        return `    '${member}': ${required.has(member) ? written : `NotRequired[${written}]`},`;
    });
    return `${name} = TypedDict('${name}', {\n${members.join('\n')}\n})\n`;
}

function pythonSchema([name, schema]) {
    if (schema.properties && schema.type === 'object') return pythonObject(name, schema);
    const kinds = schema.oneOf?.every((each) => each.properties) ? schema.oneOf : null;
    if (!kinds) return `${name} = ${pythonType(schema)}\n`;
    const names = kinds.map((_, i) => `${name}${i + 1}`);
    return `${kinds.map((each, i) => pythonObject(names[i], each)).join('\n')}\n` +
        `${name} = Union[${names.join(', ')}]\n`;
}

function pythonOperation(each) {
    const safe = (name) => (RESERVED.has(name) ? `${name}_` : name);
    const type = (name) => (!name || name === 'unknown' ? 'Any' : `'${name}'`);
    const first = ['self', ...each.inPath.map((name) =>
        `${name}: ${['id'].includes(name) ? 'int' : 'str'}`)];
    if (each.body) first.push(`body: ${type(each.body)}${each.bodyRequired ? '' : ' = None'}`);
    const last = each.query.map(({ name, type: kind }) =>
        `${safe(name)}: Optional[${kind === 'integer' ? 'int' : 'str'}] = None`);
    if (each.keyed) last.push('key: Optional[str] = None');
    if (each.waits) last.push('wait: Optional[float] = None');
    if (each.stale) last.push('stale: bool = False', 'least: Optional[int] = None');
    const parameters = [...first, ...(last.length ? ['*', ...last] : [])].join(', ');
    const path = each.path.replace(/\{(\w+)\}/g, '{quote(str($1))}');
    const passed = [
        each.body && 'body=body',
        each.query.length && `query={${each.query.map(({ name }) =>
            `'${name}': ${safe(name)}`).join(', ')}}`,
        each.keyed && 'keyed=True, key=key', each.waits && 'wait=wait',
        each.stale && 'stale=stale, least=least',
        !each.repeatable && 'repeatable=False'].filter(Boolean);
    return `    def ${snake(each.name)}(${parameters}) -> ${type(each.answer)}:\n` +
        `        """${each.summary}."""\n` +
        `        return self._call('${each.method}', f'${path}'${passed.map((one) =>
            `,\n                          ${one}`).join('')})\n`;
}

function python() {
    return `# SPDX-License-Identifier: MIT
# ${MARK}
"""The types of what is sent and answered, and a method for each operation."""

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union
from urllib.parse import quote as _quote

try:
    from typing import NotRequired
except ImportError:  # before Python 3.11
    NotRequired = Optional


def quote(part: str) -> str:
    """A part of a path, escaped."""
    return _quote(part, safe='')


${Object.entries(document.components.schemas).map(pythonSchema).join('\n')}

class Operations:
    """What can be asked. teller.Teller does the asking."""

    def _call(self, method: str, path: str, **how: Any) -> Any:
        raise NotImplementedError

${operations.map(pythonOperation).join('\n')}`;
}

// ---- TypeScript --------------------------------------------------------------------------------

function typescriptOperation(each) {
    const type = (name) => (!name || name === 'unknown' ? 'unknown' : `Schemas['${name}']`);
    const parameters = each.inPath.map((name) => `${name}: ${name === 'id' ? 'number' : 'string'}`);
    if (each.body)
        parameters.push(each.bodyRequired ? `body: ${type(each.body)}`
            : `body: ${type(each.body)} | undefined = undefined`);
    const options = each.query.map(({ name, type: kind }) =>
        `${name}?: ${kind === 'integer' ? 'number' : 'string'}`);
    const kind = each.stale ? 'Reading' : each.keyed ? 'Keyed' : 'Options';
    const query = each.query.length ? `query: { ${options.join('; ')} } & ${kind} = {}` : null;
    const plain = `options: ${kind} = {}`;
    parameters.push(query ?? plain);
    const given = query ? 'query' : 'options';
    const path = each.path.replace(/\{(\w+)\}/g, '${escape($1)}');
    const how = [each.body && 'body', each.query.length &&
        `query: pick(query, [${each.query.map(({ name }) => `'${name}'`).join(', ')}])`,
    each.keyed && 'keyed: true', !each.repeatable && 'repeatable: false',
    `options: ${given}`].filter(Boolean).join(', ');
    return `    /** ${each.summary}. */\n    ${each.name}(${parameters.join(', ')}): ` +
        `Promise<${type(each.answer)}> {\n` +
        `        return this.call('${each.method}', \`${path}\`, { ${how} });\n    }\n`;
}

function typescript() {
    return `// SPDX-License-Identifier: MIT
// ${MARK}
/* eslint-disable */

import type { components } from './schema.js';
import { escape, pick, type How, type Keyed, type Options, type Reading } from './how.js';

export type Schemas = components['schemas'];

/** What can be asked. Teller (teller.ts) does the asking. */
export abstract class Operations {
    protected abstract call<T>(method: string, path: string, how: How): Promise<T>;

${operations.map(typescriptOperation).join('\n')}}
`;
}

const folder = process.argv[2] ?? 'clients';
mkdirSync(`${folder}/python`, { recursive: true });
mkdirSync(`${folder}/typescript/src`, { recursive: true });
writeFileSync(`${folder}/python/teller_operations.py`, python());
writeFileSync(`${folder}/typescript/src/operations.ts`, typescript());
execFileSync('build/node_modules/.bin/openapi-typescript',
    [DOCUMENT, '-o', `${folder}/typescript/src/schema.ts`], { stdio: 'pipe' });
