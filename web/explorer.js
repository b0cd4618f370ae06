// SPDX-License-Identifier: MIT
// The API as its own description has it: every operation with what it takes and answers, and a form
// that sends it to this service. The address of one is #api=OPERATION. The list of them is made of
// openapi.json when the program is built (tools/operations.mjs).

import { linkTo } from './address.js';
import { LEDGER_NAME, newKey, request } from './api.js';
import { announce, element, find, write } from './dom.js';
import { curlOf } from './curl.js';
import { sentenceOf } from './refusals.js';

let operations = [];
let shown = null;

/** Read what there is and show the operation of the address; "": the first. */
export async function startExplorer() {
    try {
        const response = await fetch('operations.json');
        if (!response.ok) throw new Error(String(response.status));
        const found = await response.json();
        operations = found.operations;
        write('api-note', `${operations.length} operations, version ${found.version}`);
    } catch {
        write('api-note', 'No answer. Reload the page to try again.');
        return;
    }
    drawList();
    showOperation(new URLSearchParams(location.hash.slice(1)).get('api') ?? '');
}

export function showOperation(id) {
    if (operations.length === 0) return; // the description is on its way
    const one = operations.find((each) => each.id === id) ?? operations[0];
    if (one === shown) return;
    shown = one;
    for (const link of find('api-list').querySelectorAll('a'))
        if (link.dataset.id === one.id) link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
    find('api-one').replaceChildren(...drawOperation(one));
    update();
}

function drawList() {
    const tags = new Map();
    for (const one of operations) tags.set(one.tag, [...tags.get(one.tag) ?? [], one]);
    find('api-list').replaceChildren(...[...tags].flatMap(([tag, those]) => [
        element('h3', {}, tag), element('ul', {}, ...those.map((one) => element('li', {},
            element('a', { href: linkTo('api', one.id), 'data-id': one.id },
                verb(one.method), element('span', {}, one.summary)))))]));
}

function verb(method) {
    return element('span', { class: `verb ${method.toLowerCase()}` }, method);
}

/* --- one operation --------------------------------------------------------------------------- */

function drawOperation(one) {
    const form = element('form', { class: 'stack', id: 'api-form' },
        element('div', { class: 'fields' }, ...one.parameters.map(field)));
    if (one.body !== undefined)
        form.append(element('div', {}, element('label', { for: 'api-body' }, 'Body'),
            textarea(JSON.stringify(one.body, null, 2))));
    form.append(element('pre', { class: 'wire', id: 'api-curl', tabindex: '0',
        'aria-label': 'The request' }), element('div', { class: 'actions' },
        element('button', { class: 'primary', id: 'api-send' }, 'Send'),
        element('button', { type: 'button', 'data-copy': 'api-curl' }, 'Copy'),
        one.streams ? element('p', { class: 'note' }, 'A stream has no end: use the command.') : '',
        element('p', { class: 'note', id: 'api-told', role: 'status' })));
    form.addEventListener('input', changed);
    form.addEventListener('submit', send);
    return [element('h3', { class: 'api-path' }, verb(one.method),
        element('code', {}, one.path)), element('p', {}, element('b', {}, `${one.summary}. `),
        one.description), ...one.scope ? [element('p', { class: 'note' },
        `Needs a token with the scope ${one.scope}.`)] : [], form,
    element('pre', { class: 'wire', id: 'api-answer', tabindex: '0', 'aria-label': 'The answer',
        hidden: '' }), drawResponses(one)];
}

function textarea(text) {
    const rows = Math.min(20, text.split('\n').length + 1);
    const area = element('textarea', { id: 'api-body', class: 'wire', rows,
        spellcheck: 'false' });
    area.value = text;
    return area;
}

/** What can come back: the statuses with their meaning. */
function drawResponses({ responses }) {
    return element('details', {}, element('summary', {}, 'What it answers'),
        element('dl', { class: 'answers' }, ...responses.map(([status, text]) => element('div', {},
            element('dt', {}, element('span', { class: `status s${status[0]}` }, status)),
            element('dd', {}, text)))));
}

function field(parameter) {
    const { name, place, required, description, values } = parameter;
    const id = `api-${place}-${name}`;
    const input = element('input', { id, name: `${place} ${name}`, autocomplete: 'off',
        spellcheck: 'false', 'aria-describedby': `${id}-hint`,
        ...required || place === 'path' ? { required: '' } : {} });
    if (name === 'ledger') input.value = LEDGER_NAME;
    else if (name === 'Idempotency-Key') input.value = newKey();
    const choice = values ? `One of ${values.join(', ')}. ` : '';
    return element('div', {}, element('label', { for: id }, name), input,
        element('p', { class: 'hint', id: `${id}-hint` }, choice + (description ?? '')));
}

/** What the form says: {method, path, key, body, headers}. */
function compose() {
    let { path } = shown;
    const query = new URLSearchParams();
    const asked = { method: shown.method };
    for (const input of find('api-form').querySelectorAll('input')) {
        const cut = input.name.indexOf(' ');
        const place = input.name.slice(0, cut);
        const name = input.name.slice(cut + 1);
        if (place === 'path')
            path = path.replace(`{${name}}`, encodeURIComponent(input.value) || `{${name}}`);
        else if (input.value === '') continue;
        else if (place === 'query') query.set(name, input.value);
        else if (name === 'Idempotency-Key') asked.key = input.value;
        else if (name === 'Prefer') asked.prefer = input.value;
    }
    asked.path = path + (query.size ? `?${query}` : '');
    if (shown.body !== undefined) asked.body = find('api-body').value;
    return asked;
}

const REST_MS = 1000; // a double click is one request, also where it has no key

let used = null;      // the key of the last request that was sent
let resting = false;

/** Another request has another key. */
function changed({ target }) {
    const key = find('api-form').elements['header Idempotency-Key'];
    if (key && target !== key && key.value === used) key.value = newKey();
    update();
}

function update() {
    write('api-curl', curlOf(compose()));
    find('api-send').disabled = sending || resting || shown.streams;
}

let sending = false;

async function send(event) {
    event.preventDefault();
    if (sending) return;
    const mine = shown;
    const { method, path, ...rest } = compose();
    sending = true;
    used = rest.key ?? null;
    resting = method !== 'GET';
    setTimeout(() => {
        resting = false;
        update();
    }, REST_MS);
    update();
    try {
        const answer = await request(method, path, rest);
        if (mine === shown) drawAnswer(answer);
    } catch {
        if (mine === shown) write('api-told', 'No answer.');
    } finally {
        sending = false;
        update();
    }
}

function drawAnswer({ status, body, text, ms, replayed, seq }) {
    const told = [`${status} ${status < 300 ? 'Done' : sentenceOf(body?.code, body)}`,
        seq ? `seq ${seq}` : '', replayed ? 'replayed' : '', `${ms.toFixed(1)} ms`];
    write('api-told', told.filter(Boolean).join(', '));
    find('api-answer').hidden = false;
    find('api-answer').textContent = body ? JSON.stringify(body, null, 2) : text.slice(0, 20000);
    announce(told[0]);
}
