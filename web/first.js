// SPDX-License-Identifier: MIT
// Which view the address is of, before anything is painted: a page that shows one view and then
// another one jumps. Not a module, for these wait until the page has been read; views.js goes on.

{
    const views = ['accounts', 'account', 'entries', 'entry', 'holds', 'ledgers', 'servers',
        'machinery', 'api'];
    const named = [...new URLSearchParams(location.hash.slice(1)).keys()];
    document.documentElement.dataset.view =
        named.find((name) => views.includes(name)) ?? 'overview';
}
