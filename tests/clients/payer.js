// SPDX-License-Identifier: MIT
// payer.js URL TOKEN FILE COUNT: pays one cent to alice, COUNT times in all, however often it is
// killed: each key is in FILE, on the disk, before its payment is sent; "done" follows the answer.
import { fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';

const { Teller } = await import(`${process.cwd()}/build/clients/typescript/dist/teller.js`);
const [url, token, path, count] = process.argv.slice(2);
const file = openSync(path, 'a+');
const words = readFileSync(path, 'ascii').split('\n').slice(0, -1);
const bank = new Teller(url, token, { timeout: 5000 });

function write(word) {
    words.push(word);
    writeSync(file, `${word}\n`);
    fsyncSync(file);
}

while (words.length < 2 * Number(count)) {
    if (words.length % 2 === 0) write(`${basename(path)}-${words.length / 2}`);
    await bank.deposit('main', 'alice', { amount: 1 }, { key: words.at(-1) });
    write('done');
}
