// SPDX-License-Identifier: MIT
// listener.js URL TOKEN: reads the events of the ledger main until it is stopped.
const { Teller } = await import(`${process.cwd()}/build/clients/typescript/dist/teller.js`);
const [url, token] = process.argv.slice(2);
for await (const entry of new Teller(url, token).events('main')) console.log(entry.seq);
