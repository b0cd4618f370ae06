// SPDX-License-Identifier: MIT
// The dashboard: puts the parts together. The journal's stream is what moves everything; each part
// takes from an entry what it shows. No framework, no build step: what you read is what runs.

import { applyToAccounts, assetOf, isEmpty, load, startAccounts } from './accounts.js';
import { addressOf, leave, startAddress } from './address.js';
import { LEDGER, LEDGER_NAME, request } from './api.js';
import { makeChart } from './chart.js';
import { startCopy } from './copy.js';
import { element, find, refresh, write } from './dom.js';
import { follow, sayHead } from './events.js';
import {
    addToJournal, beginJournal, drawJournal, startJournal, turnJournal,
} from './journal.js';
import { drawLink } from './link.js';
import { watch } from './metrics.js';
import { showCount } from './money.js';
import { pending } from './pending.js';
import { startSearch } from './search.js';
import { zoneOf } from './times.js';
import { startToken } from './token.js';
import {
    applyToTotals, assetInTotals, settleTotals, sweepTotals, totalsMissing,
} from './totals.js';
import { isView, retryView, showView, whenFirstSeen, withCode } from './views.js';

const TAIL = { entries: 100, overview: 40 }; // entries from before the page was opened, where seen
const SETTLED_MS = 5000; // after the page is live
const HAVE_FORM = new Set(['overview', 'entry', 'holds']);

/** The code of the views, which is loaded with them, or when the page has settled: a service that
 *  goes away later takes no view with it. */
const CODE = {
    forms: () => import('./forms.js'),
    statement: () => import('./statement.js'),
    entry: () => import('./entry.js'),
    holds: () => import('./holds.js'),
    proof: () => import('./proof.js'),
    ledgers: () => import('./ledgers.js'),
    servers: () => import('./servers.js'),
    machinery: () => import('./machinery.js'),
};

let stream = null;
let metricsAt = performance.now();

let forms = null; // these modules, once their views have been seen
let statement = null;
let holds = null;
let explorer = null;
let holdsOf = null; // the account whose holds the address asks for

function start() {
    startToken(() => stream?.retry());
    startAccounts();
    startJournal({ asset: (id) => assetOf(id) ?? assetInTotals(id) });
    startCopy();
    startSearch();
    find('proof-open').addEventListener('click', () =>
        withCode(CODE.proof, ({ openProof }) => openProof()));
    find('unloaded-again').addEventListener('click', retryView);
    startMetrics();
    startLedgers();
    startWelcome();
    startViews();
    find('banner-retry').addEventListener('click', () => stream?.retry());
    setInterval(() => {
        if (stream) drawNow();
    }, 500);
    connect();
}

/** What is opened has an address. What only one view needs is loaded when that is first seen. */
function startViews() {
    for (const head of document.querySelectorAll('th.zone')) head.textContent = `Time, ${zoneOf()}`;
    whenFirstSeen('machinery', CODE.machinery, ({ startMachinery }) => startMachinery());
    for (const [id, rounds] of [['race-once', 1], ['race-many', 25]])
        find(id).addEventListener('click', () =>
            withCode(() => import('./race.js'), ({ race }) => race(rounds)));
    whenFirstSeen('holds', CODE.holds, startHoldsView);
    whenFirstSeen('api', () => import('./explorer.js'), (module) => {
        explorer = module;
        explorer.startExplorer();
    });
    whenFirstSeen('ledgers', CODE.ledgers, ({ startLedgersView }) => startLedgersView());
    whenFirstSeen('servers', CODE.servers, ({ startServers }) => startServers());
    addressOf('account', (id, parameters) => {
        showView('account', id);
        withForms((part) => part.proposeAccount(id));
        withStatement((part) => part.openStatement(id, parameters));
    });
    addressOf('entry', (seq) => {
        showPlain('entry', seq);
        withCode(CODE.entry, ({ openEntry }) => isView('entry') && openEntry(seq));
    });
    addressOf('entries', (_, parameters) => {
        showPlain('entries');
        turnJournal(parameters.get('before'));
    });
    addressOf('holds', (_, parameters) => {
        showPlain('holds');
        holdsOf = parameters.get('account');
        holds?.showHoldsOf(holdsOf);
    });
    for (const view of ['accounts', 'ledgers', 'servers', 'machinery'])
        addressOf(view, () => showPlain(view));
    addressOf('api', (operation) => {
        showPlain('api');
        explorer?.showOperation(operation);
    });
    startAddress(() => {
        showPlain('overview');
        turnJournal(null);
    });
    leadTo('statement-move', 'move');
    leadTo('accounts-new', 'open');
    find('skip').addEventListener('click', (event) => {
        event.preventDefault(); // the address stays that of the view
        find('main').focus();
    });
    addEventListener('keydown', closeView);
}

/** On a narrow window a form stands below the list that it goes with: a button leads into its first
 *  field that is still to be filled in. */
function leadTo(button, card) {
    find(button).addEventListener('click', () => {
        find(card).scrollIntoView({ block: 'start' });
        const field = '.fields input:enabled';
        (find(card).querySelector(`${field}:invalid`) ?? find(card).querySelector(field))
            .focus({ preventScroll: true });
    });
}

/** Call with the module, if the view of an account is still the one that is seen. */
function withStatement(use) {
    withCode(CODE.statement, (part) => {
        if (!statement) part.startStatement();
        statement = part;
        if (isView('account')) use(part);
    });
}

/** Call with the module of the form that moves money, which is started once. */
function withForms(use = () => {}) {
    withCode(CODE.forms, (part) => {
        if (!forms) part.startForms();
        forms = part;
        use(part);
    });
}

/** A view that is not an account's. */
function showPlain(view, name) {
    statement?.leaveStatement();
    forms?.proposeAccount('');
    showView(view, name);
    if (!forms && (HAVE_FORM.has(view) || pending().length)) withForms();
    drawWelcome();
}

/** Escape closes what shows one thing. */
function closeView({ key, target }) {
    if (key !== 'Escape' || document.querySelector('dialog[open]')) return;
    if (target.matches('input, select, textarea')) return;
    if (isView('account')) leave('accounts');
    else if (isView('entry')) leave('entries');
}

/** Holds are read back from where the stream is; from there on it brings what follows. */
async function startHoldsView(module) {
    while (!stream) await new Promise((resolve) => setTimeout(resolve, 50));
    holds = module;
    holds.startHolds(stream.position);
    holds.showHoldsOf(holdsOf);
}

/** Begin at the position of the accounts that are shown, a little before it for the tail. */
async function connect() {
    let position = null;
    while (position === null) {
        position = await load().catch(() => null);
        if (position === null && await isNowhere()) return;
        if (position === null) await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    const tail = TAIL[Object.keys(TAIL).find(isView)] ?? 0;
    const after = Math.max(0, position - tail);
    beginJournal(after + 1);
    stream = follow(after, apply, changed);
}

/** Load what other views need, a piece at a time, while there is nothing else to do. */
async function loadAhead() {
    const idle = globalThis.requestIdleCallback ?? ((then) => setTimeout(then, 200));
    for (const load of Object.values(CODE)) {
        await new Promise((resolve) => idle(resolve));
        await load().catch(() => {}); // it will be asked for again with its view
    }
}

/** There is no such ledger: say so, and lead to those that there are. */
async function isNowhere() {
    const answer = await request('GET', LEDGER).catch(() => null);
    if (answer?.status !== 404) return false;
    const list = await request('GET', '/v1/ledgers').catch(() => null);
    const names = (list?.body?.items ?? []).map(({ name }) => name);
    find('nowhere').hidden = false;
    find('main').hidden = true;
    find('link').dataset.state = 'refused';
    write('link-word', 'no such ledger');
    write('nowhere-title', `There is no ledger "${LEDGER_NAME}"`);
    find('nowhere-list').replaceChildren(...names.map((name) => element('li', {},
        element('a', { href: `?${new URLSearchParams({ ledger: name })}` }, name))));
    return true;
}

/** With more than one ledger there is a choice; each has a page of its own. */
async function startLedgers() {
    write('ledger-name', LEDGER_NAME);
    const answer = await request('GET', '/v1/ledgers').catch(() => null);
    const names = (answer?.body?.items ?? []).map(({ name }) => name);
    if (names.length < 2) return;
    const choice = find('ledger-choice');
    choice.replaceChildren(...names.map((name) => element('option', {}, name)));
    if (!names.includes(LEDGER_NAME)) choice.prepend(element('option', {}, LEDGER_NAME));
    choice.value = LEDGER_NAME;
    choice.addEventListener('change', () =>
        (location.search = new URLSearchParams({ ledger: choice.value })));
    find('ledger-name').hidden = true;
    choice.hidden = false;
}

function apply(entry) {
    applyToAccounts(entry);
    applyToTotals(entry);
    statement?.applyToStatement(entry);
    addToJournal(entry);
    holds?.applyToHolds(entry);
}

let wasLive = false;
let loadingAhead = false;

function becameLive() {
    if (pending().length)
        import('./answers.js').then(({ settlePending }) => settlePending(), () => {});
    retryView();
    refresh(drawJournal); // also that it is empty
    if (!loadingAhead && !navigator.connection?.saveData) setTimeout(loadAhead, SETTLED_MS);
    loadingAhead = true;
}

function changed() {
    if (stream.state === 'live' && !wasLive) becameLive();
    wasLive = stream.state === 'live';
    if (stream.state === 'live' && totalsMissing())
        sweepTotals().then(() => settleTotals(stream.position));
    settleTotals(stream.position);
    refresh(drawNow);
}

/** An empty ledger has nothing to draw: in the place of the charts it says what to do. */
function drawWelcome() {
    const wanted = isView('overview') && isEmpty();
    find('welcome').hidden = !wanted;
    find('charts').hidden = wanted || !isView('overview');
    find('parts').hidden = wanted; // of the accounts and the journal there is nothing to see
}

function startWelcome() {
    find('example-make').addEventListener('click', async () => {
        find('example-make').disabled = true;
        const { makeExample } = await import('./example.js');
        await makeExample((text) => write('example-note', text));
        find('example-make').disabled = false;
    });
}

function drawNow() {
    drawWelcome();
    drawLink(stream, metricsAt);
}

function startMetrics() {
    const rate = makeChart(find('chart-rate'), [
        { label: 'committed', name: 'committed', area: true },
        { label: 'rejected', name: 'rejected' },
    ], compact);
    const latency = makeChart(find('chart-latency'), [
        { label: 'p50', name: 'median' },
        { label: 'p99', name: 'tail' },
    ], compact);
    watch(LEDGER_NAME, (figures) => {
        rate.push([figures?.committed ?? null, figures?.rejected ?? null]);
        latency.push([figures?.p50 ?? null, figures?.p99 ?? null]);
        if (!figures) return;
        metricsAt = performance.now();
        if (stream && figures.lastSeq !== null) sayHead(stream, figures.lastSeq);
        drawFigures(figures);
    });
}

function drawFigures({ committed, rejected, totals, p50, p99, lastSeq, epoch, accounts,
    ledgers }) {
    write('tile-rate', committed === null ? '–' : showCount(committed));
    write('tile-outcomes', `${showCount(totals.committed)} done, ${showCount(totals.rejected)} ` +
        `refused, ${showCount(totals.replayed)} replayed${ledgers > 1 ? ', all ledgers' : ''}`);
    write('tile-latency-note', `request to durable answer${ledgers > 1 ? ', all ledgers' : ''}`);
    write('tile-p50', p50 === null ? '–' : `${compact(p50)} ms`);
    write('tile-p99', p99 === null ? '–' : `${compact(p99)} ms`);
    write('tile-seq', lastSeq === null ? '–' : showCount(lastSeq));
    const opened = accounts === null ? '' : `${showCount(accounts)} accounts`;
    const writer = epoch === null ? '' : `epoch ${epoch}`;
    write('tile-epoch', [opened, writer].filter(Boolean).join(', '));
}

/** 0.42, 4.2, 42, 4,200, 42k */
function compact(value) {
    if (value >= 10000) return `${showCount(value / 1000)}k`;
    if (value >= 10 || value === Math.round(value)) return showCount(value);
    return value.toFixed(value < 1 ? 2 : 1);
}

start();
