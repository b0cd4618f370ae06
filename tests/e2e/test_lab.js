// SPDX-License-Identifier: MIT
// The race lab: what goes wrong between the page and the service, told in plain sentences.

import { says } from './browser.js';

const CATALOGUE = '**/v1/lab/scenarios';
const json = (status, body, headers = {}) => ({ status, headers,
    contentType: 'application/problem+json', body: JSON.stringify(body) });

/** The lab's page, whose requests for `pattern` are answered with `answer`. */
async function openAnswered(open, pattern, answer, path = '/lab') {
    const page = await open({ path: '/lab/none', live: false }); // of the service, and empty
    await page.route(pattern, (route) => route.fulfill(answer));
    await page.goto(new URL(path, page.url()).href);
    return page;
}

export const lab = {
    async 'a service without a lab says so in a sentence'({ open }) {
        const answer = json(404, { code: 'not_found', title: 'Not found' });
        const page = await openAnswered(open, CATALOGUE, answer);
        await says(page, '#told-text',
            'This service has no race lab: it is of an earlier version.');
        const other = await openAnswered(open, CATALOGUE, answer, '/lab/concurrency');
        await says(other, '#told', /^This service has no race lab/);
        await says(other, '#goroutines h2', 'Goroutines');
    },
};
