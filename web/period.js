// SPDX-License-Identifier: MIT
// Periods of whole days, in the zone of the browser, and how an account stood at a moment.

import { accountPath, problemOf, request } from './api.js';

/** Is it a day, as a field of type date has it: "2026-11-26"? */
export function isDay(text) {
    return /^\d{4}-\d\d-\d\d$/.test(text ?? '') && !Number.isNaN(beginOfDay(text));
}

/** The moment at which a day begins, in milliseconds since 1970. */
export function beginOfDay(day) {
    const [year, month, date] = day.split('-').map(Number);
    return new Date(year, month - 1, date).getTime();
}

/** The moment at which the next one begins. */
export function afterDay(day) {
    const [year, month, date] = day.split('-').map(Number);
    return new Date(year, month - 1, date + 1).getTime();
}

/** The account as it was right before a moment that has passed; null: it was not open yet. */
export async function readStanding(id, moment) {
    const at = new Date(moment - 1).toISOString();
    const answer = await request('GET', accountPath(id, `?${new URLSearchParams({ at })}`));
    if (answer.status === 404) return null;
    if (answer.status === 409) // a moment that is still to come
        return (await request('GET', accountPath(id))).body;
    if (answer.status !== 200) throw new Error(problemOf(answer));
    return answer.body;
}
