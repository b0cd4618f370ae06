// SPDX-License-Identifier: MIT
// The TypeScript client, compiled, against a service: TELLER_URL, TELLER_TOKEN, and TELLER_RELAY,
// which cuts its connections again and again.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import test from 'node:test';

const { OutcomeUnknown, Problem, Teller, Unreachable } =
    await import(`${process.cwd()}/build/clients/typescript/dist/teller.js`);
const { TELLER_URL: url, TELLER_TOKEN: token, TELLER_RELAY: relay } = process.env;
const bank = new Teller(url, token);

async function account() {
    const id = `js:${randomUUID()}`;
    await bank.openAccount('main', { id, asset: 'USD/2' });
    return id;
}

const balance = async (id) => (await bank.getAccount('main', id)).balance;

test('a key pays once', async () => {
    const id = await account();
    const key = randomUUID();
    const first = await bank.deposit('main', id, { amount: '100' }, { key });
    assert.deepEqual(await bank.deposit('main', id, { amount: '100' }, { key }), first);
    await bank.deposit('main', id, { amount: '5' });
    assert.equal(await balance(id), '105');
});

test('a refusal is a problem', async () => {
    const id = await account();
    await assert.rejects(bank.withdraw('main', id, { amount: 80 }), (error) =>
        error instanceof Problem && error.status === 422 && error.code === 'insufficient_funds' &&
        error.problem.available === '0');
});

test('a large amount is exact', async () => {
    const id = await account();
    const most = String(10n ** 36n + 7n);
    await bank.deposit('main', id, { amount: most });
    assert.equal(await balance(id), most);
});

test('a list is read to its end', async () => {
    const id = await account();
    const wanted = Array.from({ length: 25 }, (_, i) => `${id}:é/${i}`);
    for (const each of wanted) await bank.openAccount('main', { id: each, asset: 'USD/2' });
    const found = [];
    for await (const each of bank.pages((page) =>
        bank.listAccounts('main', { prefix: `${id}:`, limit: 7, page })))
        found.push(each.id);
    assert.deepEqual(found.sort(), wanted.sort());
});

test('nobody there', async () => {
    const alone = new Teller('http://127.0.0.1:1', token, { patience: 300 });
    await assert.rejects(alone.getLedger('main'), (error) =>
        error instanceof Unreachable && !(error instanceof OutcomeUnknown));
});

test('a bad network pays once', async () => {
    const id = await account();
    const far = new Teller(relay, token);
    for (let i = 0; i < 60; i++) await far.deposit('main', id, { amount: 1 });
    assert.equal(await balance(id), '60');
});

test('a call is given up', async () => {
    const end = new AbortController();
    const alone = new Teller('http://127.0.0.1:1', token);
    const call = alone.getLedger('main', { signal: end.signal });
    setTimeout(() => end.abort(), 50);
    await assert.rejects(call, { name: 'AbortError' });
});

test('a read says what will do', async () => {
    const id = await account();
    const { id: seq } = await bank.deposit('main', id, { amount: 7 });
    assert.equal((await bank.getAccount('main', id, { stale: true, least: seq })).balance, '7');
    await assert.rejects(bank.getAccount('main', id, { least: 1e9, wait: 0 }), (error) =>
        error instanceof Problem && error.code === 'position_ahead');
});

test('what it says', async (t) => {
    const said = [];
    const server = createServer((request, answer) => {
        const { prefer, 'if-ledger-seq': least } = request.headers;
        said.push([prefer, least]);
        answer.writeHead(404, { Connection: 'close' }).end('{}');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const there = new Teller(`http://127.0.0.1:${server.address().port}`, token);
    const reads = [() => there.getAccount('main', 'a'),
        () => there.getAccount('main', 'a', { stale: true, least: 4, wait: 2 }),
        () => there.events('main').next(),
        () => there.events('main', { after: 3, stale: true }).next()];
    for (const read of reads) await assert.rejects(read(), (error) => error instanceof Problem);
    assert.deepEqual(said, [[undefined, undefined], ['stale, wait=2', '4'],
        [undefined, undefined], ['stale', undefined]]);
});

test('events have no gap', async () => {
    const id = await account();
    let { id: after } = await bank.deposit('main', id, { amount: 1 });
    const end = new AbortController();
    const far = new Teller(relay, token);
    const paid = (async () => {
        for (let i = 0; i < 300; i++) await bank.deposit('main', id, { amount: 1 });
    })();
    let mine = 0;
    for await (const entry of far.events('main', { after, signal: end.signal })) {
        assert.equal(entry.seq, after + 1);
        after = entry.seq;
        if (entry.balances?.[id] && ++mine === 300) {
            assert.equal(entry.balances[id], '301');
            break;
        }
    }
    end.abort();
    await paid;
});
