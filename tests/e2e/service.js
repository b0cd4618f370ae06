// SPDX-License-Identifier: MIT
// A service of our own: the program on a free port with a data folder of its own, and a client.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = process.env.TELLER ?? 'build/teller';
const START_MS = 60000;
const STOP_MS = 60000;

export class Service {
    constructor(options = []) {
        this.data = newFolder();
        this.options = options;
        this.listen = '127.0.0.1:0';
        this.log = '';
    }

    /** Resolves when it says that it listens. A second start uses the same port. */
    async start() {
        this.process = spawn(PROGRAM, ['serve', '--listen', this.listen, '--data', this.data,
            ...this.options], { stdio: ['ignore', 'pipe', 'pipe'] });
        this.ended = new Promise((resolve) => {
            this.process.on('exit', (code, signal) => resolve(signal ?? code));
            this.process.on('error', (error) => resolve(error.message));
        });
        this.process.stderr.on('data', (text) => (this.log += text));
        let said = '';
        const ready = new Promise((resolve) => this.process.stdout.on('data', (text) => {
            this.log += text;
            said += text;
            const match = /^teller: listening on (https?:\/\/(\S+))$/m.exec(said);
            if (match) resolve(match);
        }));
        const late = wait(START_MS).then(() => 'too slow');
        const first = await Promise.race([ready, this.ended, late]);
        if (!Array.isArray(first)) throw new Error(`no ready line (${first})\n${this.log}`);
        [, this.url, this.listen] = first;
        if (!this.options.includes('off'))
            this.token = readFileSync(join(this.data, 'admin.token'), 'utf8').trim();
    }

    /** The next start begins with an empty data folder. */
    forget() {
        rmSync(this.data, { recursive: true, force: true });
        this.data = newFolder();
    }

    get running() {
        return this.process?.exitCode === null && this.process.signalCode === null;
    }

    signal(name) {
        this.process.kill(name);
    }

    /** End it with a signal and wait for its end; returns the exit code or the signal. */
    async stop(signal = 'SIGTERM') {
        this.signal(signal);
        const impatience = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
        const end = await this.ended;
        clearTimeout(impatience);
        return end;
    }

    /** Stop it if it runs, and remove its data. */
    async remove() {
        if (this.running) await this.stop();
        rmSync(this.data, { recursive: true, force: true });
    }

    async request(method, path, body, headers = {}) {
        const response = await fetch(this.url + path, {
            method, body: body && JSON.stringify(body),
            headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json',
                ...headers },
        });
        return { status: response.status, headers: response.headers, body: await response.json() };
    }

    /** A request about the ledger that must succeed. */
    async ask(method, path, body, headers) {
        const answer = await this.request(method, `/v1/ledgers/main${path}`, body, headers);
        if (answer.status >= 300)
            throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
    }

    /** An account with some money in it, both made from outside the page. */
    async account(id, amount, extra = {}) {
        await this.ask('POST', '/accounts', { id, asset: 'USD/2', ...extra });
        if (amount) await this.move('deposit', id, amount);
        return id;
    }

    async move(verb, id, amount, extra = {}) {
        return this.ask('POST', `/accounts/${encodeURIComponent(id)}/${verb}`, { amount, ...extra },
            { 'Idempotency-Key': key() });
    }

    async balance(id) {
        return (await this.ask('GET', `/accounts/${id}`)).balance;
    }

    /** The position of the journal's end. */
    async seq() {
        const answer = await this.request('GET', '/v1/ledgers/main/accounts?limit=1');
        return Number(answer.headers.get('Ledger-Seq'));
    }
}

function newFolder() {
    return mkdtempSync(join(tmpdir(), 'teller-e2e-'));
}

let keys = 0;

export function key() {
    return `e2e-${process.pid}-${keys++}`;
}

export function wait(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
