// SPDX-License-Identifier: MIT
// The API's description, held against what its readers do with it: every schema compiles, every
// example follows its schema, and the types that a generator makes of it let a client say what the
// service takes. Run from the root after `npm ci`; prints "openapi: N passed, N failed" last.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const modules = createRequire(new URL('../../build/', import.meta.url));
const Ajv = modules('ajv/dist/2020').default;
const addFormats = modules('ajv-formats').default;

const DOCUMENT = 'server/api/openapi.json';
const TYPES = 'build/openapi.ts';
const METHODS = ['get', 'post', 'delete'];
const PROBLEM = 'application/problem+json';

let passed = 0;
let failed = 0;

function check(name, test) {
    try {
        test();
        passed++;
    } catch (error) {
        failed++;
        console.log(`FAILED  ${name}\n${error.stdout ?? ''}${error.message}`);
    }
}

/** Calls visit(value, path) for every object of the document, from the outside in. */
function walk(value, visit, path = '#') {
    if (value === null || typeof value !== 'object') return;
    visit(value, path);
    for (const [name, member] of Object.entries(value))
        walk(member, visit, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

/** What "#/components/..." stands for; anything else is itself. */
const follow = (document, value) => !value?.$ref ? value
    : value.$ref.slice(2).split('/').reduce((at, name) => at[name], document);

/** The examples that an object gives of the schema beside them, or of itself: [path, example]. */
function examplesAt(document, value, path) {
    const found = [];
    const schema = value.schema ? `${path}/schema` : null;
    if (schema && 'example' in value) found.push([schema, value.example]);
    if (schema && value.examples)
        for (const example of Object.values(value.examples))
            found.push([schema, follow(document, example).value]);
    if (!schema && Array.isArray(value.examples))
        for (const example of value.examples) found.push([path, example]);
    return found;
}

function validator(document) {
    const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true,
        strictRequired: false });
    addFormats(ajv);
    const around = Object.keys(document); // the document is a schema's surroundings
    for (const word of [...around, 'example', 'discriminator']) ajv.addKeyword(word);
    ajv.addSchema({ $id: 'teller', ...document }, undefined, false, false);
    return (path) => ajv.compile({ $ref: `teller${encodeURI(path)}` });
}

function checkDocument(document) {
    const compile = validator(document);
    for (const name of Object.keys(document.components.schemas))
        check(`schema ${name}`, () => compile(`#/components/schemas/${name}`));
    walk(document, (value, path) => {
        for (const [schema, example] of examplesAt(document, value, path))
            check(`example at ${path}`, () => {
                const validate = compile(schema);
                if (!validate(example))
                    throw new Error(JSON.stringify({ example, errors: validate.errors }, null, 1));
            });
    });
}

/** A reader sees of each operation what it takes, and of each status what comes then. */
function checkShown(document) {
    const shown = (content) => Object.values(content ?? {}).every(({ example, examples }) =>
        example !== undefined || Object.keys(examples ?? {}).length);
    for (const [path, item] of Object.entries(document.paths))
        for (const method of METHODS.filter((method) => item[method])) {
            const { requestBody, responses } = item[method];
            if (requestBody)
                check(`example of the body of ${method} ${path}`, () => {
                    if (!shown(requestBody.content)) throw new Error('there is none');
                });
            for (const [status, response] of Object.entries(responses))
                check(`example of ${status} of ${method} ${path}`, () => {
                    if (!shown(follow(document, response).content))
                        throw new Error('there is none');
                });
        }
}

/** A problem's example has the status that it is shown with, and the code that it is named by. */
function checkProblems(document) {
    const { examples, responses } = document.components;
    const of = (response, status) => {
        for (const name of Object.keys(response.content?.[PROBLEM]?.examples ?? {}))
            check(`${name} at ${status}`, () => {
                const { value } = examples[name];
                if (value.code !== name || value.status !== Number(status))
                    throw new Error(JSON.stringify(value));
            });
    };
    for (const item of Object.values(document.paths))
        for (const method of METHODS.filter((method) => item[method]))
            for (const [status, response] of Object.entries(item[method].responses))
                of(follow(document, response), status);
    const used = JSON.stringify([document.paths, responses]);
    for (const name of Object.keys(examples))
        check(`example ${name} is used`, () => {
            if (!used.includes(`"#/components/examples/${name}"`)) throw new Error('it is not');
        });
}

/** Whoever changes something may be left without an answer, and must know what to make of that. */
function checkUnknown(document) {
    for (const [path, item] of Object.entries(document.paths))
        if (item.post && path.startsWith('/v1/ledgers'))
            check(`504 of POST ${path}`, () => {
                if (!item.post.responses['504']) throw new Error('is not said');
            });
}

/** What it is called, and where its time went, stand in every answer. */
function checkOfEach(document, header) {
    const { responses } = document.components;
    const said = (response) => response.headers?.[header];
    for (const [path, item] of Object.entries(document.paths))
        for (const method of METHODS.filter((method) => item[method]))
            check(`${header} of ${method} ${path}`, () => {
                for (const [status, response] of Object.entries(item[method].responses))
                    if (!said(responses[response.$ref?.split('/').at(-1)] ?? response))
                        throw new Error(`is not said of ${status}`);
            });
}

/** What a client in TypeScript is given: types from a generator, and a program that uses them. */
function checkTypes() {
    const bin = (name) => `build/node_modules/.bin/${name}`;
    check('types are generated', () =>
        execFileSync(bin('openapi-typescript'), [DOCUMENT, '-o', TYPES], { stdio: 'pipe' }));
    writeFileSync('build/client.ts', readFileSync('tests/openapi/client.ts'));
    check('a client says what the service takes', () =>
        execFileSync(bin('tsc'), ['--noEmit', '--strict', '--target', 'es2022', '--module',
            'nodenext', '--moduleResolution', 'nodenext', 'build/client.ts'],
        { encoding: 'utf8' }));
}

/** The two linters that others hold descriptions against, with the rules that they recommend. */
function checkHabits() {
    const bin = (name) => `build/lint/node_modules/.bin/${name}`;
    const run = (program, words) => execFileSync(bin(program), words, { encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, REDOCLY_TELEMETRY: 'off',
            REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' } });
    check('redocly has nothing to say', () => {
        const { problems } = JSON.parse(run('redocly', ['lint', DOCUMENT, '--format=json']));
        if (problems.length) throw new Error(JSON.stringify(problems, null, 1));
    });
    writeFileSync('build/lint/rules.yaml', 'extends: ["spectral:oas"]\n');
    check('spectral has nothing to say', () =>
        run('spectral', ['lint', DOCUMENT, '-r', 'build/lint/rules.yaml', '-F', 'hint']));
}

const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
checkDocument(document);
checkShown(document);
checkProblems(document);
checkUnknown(document);
for (const header of ['X-Request-Id', 'Server-Timing']) checkOfEach(document, header);
checkTypes();
checkHabits();
console.log(`openapi: ${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
