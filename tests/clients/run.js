// SPDX-License-Identifier: MIT
// Both clients against the real program: their own tests, over a good network and a bad one, in
// plain and over TLS; then each killed in the middle of its work, against a service that is killed
// as well.
//     node tests/clients/run.js [KILLS]     how often each is killed (5)
// Run from the root, after `make build` and clients/build. Prints "clients: N passed, N failed".

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relay } from '../e2e/proxy.js';
import { Service, wait } from '../e2e/service.js';

const KILLS = Number(process.argv[2] ?? 5);
const CUT_MS = 40;
const HOPELESS_MS = 60000; // half of what a client tries when it is asked to be patient
const PYTHON = 'build/clients/python';
const LANGUAGES = {
    python: { test: ['python3', ['-m', 'unittest', '-v', 'tests/clients/test_teller.py']],
        count: /^Ran (\d+) tests/m, payer: ['python3', ['tests/clients/payer.py']],
        listener: ['python3', ['tests/clients/listener.py']],
        distrust: 'CERTIFICATE_VERIFY_FAILED' },
    typescript: { test: ['node', ['--test', '--test-reporter=tap', 'tests/clients/test_teller.js']],
        count: /^# pass (\d+)/m, payer: ['node', ['tests/clients/payer.js']],
        listener: ['node', ['tests/clients/listener.js']],
        distrust: 'UNABLE_TO_' },
};

let passed = 0;
let failed = 0;

function count(name, good, said = '') {
    if (good) passed++;
    else failed++;
    console.log(`${good ? 'ok     ' : 'FAILED '} ${name}${good ? '' : `\n${said}`}`);
}

/** Run a program to its end; `started` may disturb it. */
async function run([program, words], more, environment = {}, started = () => {}) {
    const child = spawn(program, [...words, ...more], { env: { ...process.env,
        PYTHONPATH: PYTHON, PYTHONDONTWRITEBYTECODE: '1', ...environment } });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    const ended = new Promise((resolve) => child.on('exit', (code, signal) =>
        resolve(signal ?? code)));
    started(child);
    return { end: await ended, said };
}

async function tests(service, bad, over, environment = {}) {
    for (const [name, language] of Object.entries(LANGUAGES)) {
        const { end, said } = await run(language.test, [], { TELLER_URL: service.url,
            TELLER_TOKEN: service.token, TELLER_RELAY: bad.url, ...environment });
        const many = Number(language.count.exec(said)?.[1] ?? 0);
        count(`${name}: its own tests ${over}, ${many} of them`, end === 0 && many >= 7, said);
    }
}

/** The tests while all that goes over one of the two ways is cut off again and again. */
async function testsOverBoth(service, over, environment) {
    const bad = await relay(service.url);
    const cutting = setInterval(() => bad.cut(), CUT_MS);
    await tests(service, bad, over, environment);
    clearInterval(cutting);
    bad.close();
}

/** Nobody is trusted by chance, and whoever is not is not asked again: it would end alike. */
async function distrusted(service, file) {
    const nobody = { SSL_CERT_FILE: '/dev/null', NODE_EXTRA_CA_CERTS: '' };
    const { url, token } = service;
    for (const [name, { payer, listener, distrust }] of Object.entries(LANGUAGES))
        for (const [what, program, more] of
            [['a payment', payer, [url, token, file, 1]], ['events', listener, [url, token]]]) {
            const began = Date.now();
            const { end, said } = await run(program, more, nobody,
                (child) => setTimeout(() => child.kill(), HOPELESS_MS).unref());
            count(`${name}: ${what}: nobody is trusted by chance`, end === 1 &&
                said.includes(distrust) && Date.now() - began < HOPELESS_MS, said);
        }
}

/** With whom the clients trust by what their languages have for that; and with nobody. */
async function testsOverTls(folder) {
    execFileSync('tests/service/certificates', [folder]);
    const ca = join(folder, 'ca.pem');
    const service = new Service(['--tls-cert', join(folder, 'server.pem'),
        '--tls-key', join(folder, 'server.key')]);
    try {
        await service.start();
        execFileSync('build/teller', ['accounts', 'open', 'alice', 'USD/2', '--url', service.url,
            '--ca', ca, '--token-file', join(service.data, 'admin.token')]);
        await testsOverBoth(service, 'over TLS', { SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: ca });
        await distrusted(service, join(folder, 'none'));
    } finally {
        await service.remove();
    }
}

/** `kills` times: the client goes on with its work, and is killed; now and then the service is. */
async function killed(service, name, language, folder, kills) {
    const file = join(folder, name);
    const before = Number(await service.balance('alice'));
    const many = [service.url, service.token, file, 1e6];
    let broke = '';
    for (let i = 0; i < kills; i++) {
        const { end, said } = await run(language.payer, many, {}, async (child) => {
            // It is at work when it has written something more.
            const size = () => (existsSync(file) ? readFileSync(file).length : 0);
            for (const from = size(); size() === from && child.exitCode === null;) await wait(2);
            await wait(Math.random() * 60);
            if (i % 4 === 1) await service.stop('SIGKILL');
            if (i % 4 === 1) await wait(Math.random() * 100);
            child.kill('SIGKILL');
        });
        if (end !== 'SIGKILL') broke += said;
        if (!service.running) await service.start();
    }
    // The last one ends by itself, when as many are paid as have a key.
    const keys = (readFileSync(file, 'ascii').match(/-\d+$/gm) ?? []).length;
    const { end, said } = await run(language.payer, [...many.slice(0, 3), keys]);
    const paid = Number(await service.balance('alice')) - before;
    count(`${name}: killed ${kills} times: ${keys} payments, each once`,
        end === 0 && paid === keys && broke === '', `${paid} paid of ${keys}\n${broke}${said}`);
}

const service = new Service();
const folder = mkdtempSync(join(tmpdir(), 'teller-clients-'));
try {
    await service.start();
    await service.account('alice', 0);
    await testsOverBoth(service, 'in plain');
    await testsOverTls(folder);
    for (const [name, language] of Object.entries(LANGUAGES))
        await killed(service, name, language, folder, KILLS);
} catch (error) {
    count('a run to the end', false, error.stack);
} finally {
    await service.remove();
    rmSync(folder, { recursive: true, force: true });
}
console.log(`clients: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
