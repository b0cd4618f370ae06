// SPDX-License-Identifier: MIT
// One experiment: asked for, waited for, and its result.

import { request } from '../api.js';
import { Told, tellEnd, tellOf } from './told.js';

const RUNS = '/v1/lab/runs';
const WAIT_S = 10; // how long the service may hold the answer back
const LOOK_MS = 400; // between looks at a run that takes longer

/** Run what `wanted` says; resolves to its result, throws Told for anything else. */
export async function run(wanted) {
    let answer = await request('POST', RUNS, { body: JSON.stringify(wanted),
        prefer: `wait=${WAIT_S}` }).catch(() => null);
    while (answer?.status === 202 || answer?.status === 200 || answer?.status === 201) {
        const { id, status, result, ended } = answer.body;
        if (ended) throw new Told(tellEnd(ended), ended.said);
        if (status === 'done') return result;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        answer = await request('GET', `${RUNS}/${encodeURIComponent(id)}`,
            { prefer: `wait=${WAIT_S}` }).catch(() => null);
    }
    throw new Told(tellOf(answer));
}
