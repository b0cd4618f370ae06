// SPDX-License-Identifier: MIT
// An OpenAPI document as a contract that answers are held against: which operation a request names,
// and what in an answer to it is not as the document says. Stricter than a client has to be: what
// the document does not mention, be it a status, a header or a member, is a fault, too.

import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';

const modules = createRequire(new URL('../../build/', import.meta.url));
const Ajv = modules('ajv/dist/2020').default;
const addFormats = modules('ajv-formats').default;

const METHODS = ['get', 'post', 'delete'];

// What HTTP itself has any answer say, and what the service adds to each for browsers.
const OF_HTTP = new Set([
    'allow',
    'date',
    'connection',
    'content-length',
    'content-type',
    'transfer-encoding',
    'cache-control',
    'vary',
    'content-encoding',
    'etag',
    'content-security-policy',
    'x-content-type-options',
    'referrer-policy',
    'x-frame-options',
    'permissions-policy',
    'strict-transport-security',
    'cross-origin-opener-policy',
    'cross-origin-resource-policy',
    'x-accel-buffering',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-max-age',
]);

const EVENTS = '/v1/ledgers/{ledger}/events';

// The files of the page, which is no part of the API.
const PAGE = /^\/((lab|docs)(\/[^/]*)?|[^/]*)?$/;

// Where nothing else is described: what any answer of a status is like.
const OF_ANY = {
    400: 'BadRequest',
    403: 'Forbidden',
    404: 'LedgerNotFound',
    405: 'BadRequest',
    414: 'TargetTooLong',
    417: 'NoExpectation',
    429: 'TooMany',
    431: 'HeadersTooLarge',
    503: 'NotExecuted',
    505: 'NoVersion',
};

/** All items of an array are alike. */
const placeOf = (path) => path.replace(/\/\d+/g, '/*') || '/';

/** A name as a part of a JSON pointer. */
const escaped = (name) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * The document with nothing left open: an object has the members that are named, no others. What
 * an allOf is composed of stays open, as its parts are no whole.
 */
function closed(value, composed = false) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item) => closed(item, composed));
    if (composed && value.$ref) return { $ref: `open${value.$ref}` };
    const copy = {};
    for (const [name, member] of Object.entries(value))
        copy[name] = ['example', 'examples', 'const', 'enum', 'default'].includes(name)
            ? member
            : closed(member, name === 'allOf');
    const names = copy.allOf || (copy.properties && copy.type === 'object');
    if (names && !composed && !('additionalProperties' in copy)) copy.unevaluatedProperties = false;
    return copy;
}

function ajvOf(document) {
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats(ajv);
    ajv.addSchema({ $id: 'open', ...document }, undefined, false, false);
    ajv.addSchema({ $id: 'teller', ...closed(document) }, undefined, false, false);
    return ajv;
}

/** "/v1/ledgers/{ledger}" as an expression, and how much of it is fixed. */
function patternOf(path) {
    const parts = path.split(/\{[^}]*\}/).map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
    return {
        path,
        expression: new RegExp(`^${parts.join('[^/]*')}$`),
        fixed: parts.join('').length,
    };
}

export class Contract {
    constructor(document) {
        this.document = document;
        this.ajv = ajvOf(document);
        this.patterns = Object.keys(document.paths).map(patternOf);
        this.validators = new Map();
    }

    /** Every operation and status that is described: ["get /livez", "200"]. */
    *statuses() {
        for (const [path, item] of Object.entries(this.document.paths))
            for (const method of METHODS.filter((method) => item[method]))
                for (const status of Object.keys(item[method].responses))
                    yield [`${method} ${path}`, status];
    }

    /** The paths of the document that a target is of, the most exact one first. */
    pathsOf(target) {
        const path = target.replace(/^https?:\/\/[^/]*/i, '').replace(/[?#].*$/s, '');
        return this.patterns
            .filter(({ expression }) => expression.test(path))
            .sort((one, other) => other.fixed - one.fixed)
            .map(({ path }) => path);
    }

    /** What Allow has to say of a target: that which any of its paths takes. */
    allowOf(paths) {
        const methods = METHODS.filter((method) =>
            paths.some((path) => this.document.paths[path][method]),
        );
        return [
            ...methods.flatMap((name) => (name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()])),
            'OPTIONS',
        ]
            .sort()
            .join(', ');
    }

    resolve(value) {
        if (!value?.$ref) return value;
        return value.$ref
            .slice(2)
            .split('/')
            .reduce(
                (at, name) => at[name.replaceAll('~1', '/').replaceAll('~0', '~')],
                this.document,
            );
    }

    validate(pointer, value) {
        if (!this.validators.has(pointer))
            this.validators.set(pointer, this.ajv.compile({ $ref: `teller${encodeURI(pointer)}` }));
        const validator = this.validators.get(pointer);
        return validator(value)
            ? []
            : validator.errors.map(
                  ({ instancePath, message, params }) =>
                      `${placeOf(instancePath)} ${message} ${JSON.stringify(params)}`,
              );
    }

    /**
     * What is wrong with an answer {status, headers: Map of lower-case names, body: Buffer or null}
     * to a request {method, target}; and what it counts as.
     */
    check({ method, target }, answer) {
        const paths = this.pathsOf(target);
        const get = method === 'HEAD' ? 'get' : method.toLowerCase();
        const path = METHODS.includes(get) && paths.find((path) => this.document.paths[path][get]);
        const said = path && this.document.paths[path][get].responses[answer.status];
        const what = path ? `${get} ${path}` : paths.length ? 'another method' : 'another path';
        if (said) {
            const at = `#/paths/${escaped(path)}/${get}/responses/${answer.status}`;
            return { what, faults: this.checkResponse(said, at, method, answer) };
        }
        if (path) return { what, faults: [`status ${answer.status} is not described`] };
        return { what, faults: this.checkUndescribed(method, target, paths, answer) };
    }

    checkResponse(said, at, method, answer) {
        const pointer = said.$ref ?? at;
        const response = this.resolve(said);
        return [
            ...this.checkHeaders(response, pointer, answer),
            ...this.checkContent(response, pointer, method, answer),
        ];
    }

    checkHeaders(response, pointer, answer) {
        const faults = [];
        const described = new Map(
            Object.entries(response.headers ?? {}).map(([name, header]) => [
                name.toLowerCase(),
                { name, header },
            ]),
        );
        for (const [name, { name: written, header }] of described) {
            const value = answer.headers.get(name);
            const { required, schema } = this.resolve(header);
            if (value === undefined) {
                if (required) faults.push(`header ${written} is missing`);
                continue;
            }
            const where = `${header.$ref ?? `${pointer}/headers/${written}`}/schema`;
            const number = this.resolve(schema).type === 'integer';
            for (const fault of this.validate(where, number ? Number(value) : value))
                faults.push(`header ${written}: ${fault}`);
        }
        for (const name of answer.headers.keys())
            if (!described.has(name) && !OF_HTTP.has(name))
                faults.push(`header ${name} is not described`);
        return faults;
    }

    checkContent(response, pointer, method, answer) {
        const type = answer.headers.get('content-type')?.split(';')[0];
        const types = Object.keys(response.content ?? {});
        if (!types.length) return answer.body?.length ? ['has a body that is not described'] : [];
        if (!types.includes(type)) return [`content type ${type} is not described`];
        if (method === 'HEAD') return answer.body?.length ? ['HEAD is answered with a body'] : [];
        if (!answer.body || !type.endsWith('json')) return [];
        return this.checkJson(`${pointer}/content/${escaped(type)}/schema`, answer);
    }

    checkJson(where, { status, body, headers }) {
        let value;
        try {
            const text = headers.get('content-encoding') === 'gzip' ? gunzipSync(body) : body;
            value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
        } catch (error) {
            return [`the body is not JSON: ${error.message}`];
        }
        const faults = this.validate(where, value);
        return headers.get('content-type').startsWith('application/problem+json')
            ? [...faults, ...this.checkProblem(value, status)]
            : faults;
    }

    /** An event of a journal's stream: an Entry, or by a name, with the members that are told. */
    checkEvent(name, data) {
        let value;
        try {
            value = JSON.parse(data.toString('utf8'));
        } catch (error) {
            return [`the data is not JSON: ${error.message}`];
        }
        if (name === 'entry') return this.validate('#/components/schemas/Entry', value);
        const { description } = this.document.paths[EVENTS].get.responses[200];
        const members = description.match(new RegExp(`\`event: ${name}\` with \\{([^}]*)\\}`))?.[1];
        if (!members) return [`event ${name} is not described`];
        const said = members.match(/\w+(?=":)/g).join();
        const got = Object.keys(value).join();
        return said === got ? [] : [`event ${name} has ${got}, described are ${said}`];
    }

    /** Its codes are told in words, as there will be more of them. */
    checkProblem({ status: said, code }, status) {
        const { description } = this.document.components.schemas.Problem.properties.code;
        const faults = said === status ? [] : [`a problem of ${said} in a ${status}`];
        if (!description.match(/\w+/g).includes(code)) faults.push(`code ${code} is not described`);
        return faults;
    }

    /** What HTTP has of any path: OPTIONS, methods that a path has not, paths that are none. */
    checkUndescribed(method, target, paths, answer) {
        const faults = [];
        const allow = answer.headers.get('allow');
        if (paths.length && allow && allow.split(', ').sort().join(', ') !== this.allowOf(paths))
            faults.push(`Allow says ${allow}, described are ${this.allowOf(paths)}`);
        if (!allow && (method === 'OPTIONS' ? answer.status === 204 : answer.status === 405))
            return ['Allow is missing'];
        if (method === 'OPTIONS' && answer.status === 204) return faults;
        const isPage = !paths.length && PAGE.test(target);
        if (isPage && [200, 304, 308].includes(answer.status)) return faults;
        const name = OF_ANY[answer.status];
        if (!name) return [...faults, `status ${answer.status} is described of nothing like this`];
        const pointer = `#/components/responses/${name}`;
        return [...faults, ...this.checkResponse({ $ref: pointer }, pointer, method, answer)];
    }
}
