// SPDX-License-Identifier: MIT
// Parts of the page that need no browser.

import assert from 'node:assert/strict';

import { describe } from '../../web/lab/lanes.js';
import { showDuration } from '../../web/lab/numbers.js';
import { placesOf } from '../../web/lab/places.js';
import { statesOf } from '../../web/lab/states.js';
import { parser } from '../../web/events.js';
import { percentile, read } from '../../web/metrics.js';
import { assetOfWorld, readAmount, showAmount } from '../../web/money.js';

const AMOUNTS = [
    // units, asset, text
    ['0', 'USD/2', '0.00'],
    ['1', 'USD/2', '0.01'],
    ['-1', 'USD/2', '−0.01'],
    ['123456789', 'USD/2', '1,234,567.89'],
    ['-8000', 'USD/2', '−80.00'],
    ['1500', 'JPY/0', '1,500'],
    ['2100000000000000', 'BTC/8', '21,000,000.00000000'],
    ['9007199254740993', 'USD/2', '90,071,992,547,409.93'],
    ['99999999999999999999999999999999999999', 'USD/2',
        '999,999,999,999,999,999,999,999,999,999,999,999.99'],
    ['1', 'WEI/38', '0.00000000000000000000000000000000000001'],
];

const NOT_AMOUNTS = ['', ' ', '1.234', '1e3', '0x10', '1.2.3', 'NaN', '+1', '--1', '１', '1 0',
    '1,50', '12,34', '1,2345', '5.', ',5'];

/** Two coroutines of a trace; the second waits for the lock that the first one has. */
const STEPS = [
    { lane: 1, verb: 'start', text: 'starts', on: null, file: null },
    { lane: 1, verb: 'lock', text: 'locks', on: 'alice', file: 'x.c', line: 3 },
    { lane: 1, verb: 'read', text: 'reads 100', on: 'alice', value: 100, file: 'x.c', line: 4,
        believes: { alice: 100 } },
    { lane: 2, verb: 'start', text: 'starts', on: null, file: null },
    { lane: 2, verb: 'wait', text: 'waits for', on: 'mutex alice', file: null },
    { lane: 1, verb: 'check', text: 'checks: it may', on: 'alice', file: 'other.c', line: 9 },
    { lane: 1, verb: 'unlock', text: 'unlocks', on: 'alice', file: null },
    { lane: 1, verb: 'end', text: 'ends', on: null, file: null },
];

export const parts = {
    'what the lanes of a trace are doing, and where'() {
        const states = statesOf({ lanes: [{ lane: 1 }, { lane: 2 }], steps: STEPS });
        assert.deepEqual(states.map(([one, two]) => `${one.state} ${two.state}`), [
            'running unborn', 'running unborn', 'running unborn', 'ready running',
            'ready running', 'running parked', 'running parked', 'running parked']);
        assert.deepEqual(states.map(([one]) => one.holds),
            [false, true, true, true, true, true, false, false]);
        const [, locks] = STEPS;
        const transaction = [locks, { lane: 1, verb: 'unlock', text: 'commits', on: null }];
        assert.deepEqual(statesOf({ lanes: [{ lane: 1 }], steps: transaction })
            .map(([one]) => one.holds), [true, false]);
        assert.deepEqual(states[4][0].believes, { alice: 100 });
        assert.deepEqual(STEPS.slice(1, 6).map(describe), ['locks alice', 'reads alice 100',
            'starts', 'waits for mutex alice', 'checks alice: it may']);
        const sources = new Map([['x.c', 'a\n\n  co_schedule_mark("it");\n  co_mutex_lock(m);\n']]);
        const places = placesOf(STEPS, sources);
        assert.deepEqual(places.map((place) => place && `${place.file} ${place.line}`), [null,
            'x.c 4', 'x.c 4', null, null, 'other.c 9', 'other.c 9', 'other.c 9']);
        assert.deepEqual([999, 1400, 25000, 2100000].map(showDuration),
            ['999 µs', '1.4 ms', '25 ms', '2.1 s']);
    },

    'amounts are shown and read without a float'() {
        for (const [units, asset, text] of AMOUNTS) {
            assert.equal(showAmount(units, asset), text);
            assert.equal(readAmount(text, asset), units);
        }
        assert.equal(readAmount('80', 'USD/2'), '8000');
        assert.equal(readAmount('80.5', 'USD/2'), '8050');
        for (const text of NOT_AMOUNTS) assert.equal(readAmount(text, 'USD/2'), null, text);
    },

    'the asset of a world account'() {
        assert.equal(assetOfWorld('world:USD.2'), 'USD/2');
        assert.equal(assetOfWorld('alice'), null);
    },

    'an event stream is read however its bytes are cut'() {
        const text = 'retry: 1000\n\nid: 1\ndata: {"what":"é€𝄞"}\n\n' +
            'event: heartbeat\ndata: {"seq":1}\r\n\r\n: comment\n\ndata: a\ndata: b\n\n';
        const bytes = new TextEncoder().encode(text);
        const want = [{ name: 'message', data: '{"what":"é€𝄞"}' },
            { name: 'heartbeat', data: '{"seq":1}' }, { name: 'message', data: 'a\nb' }];
        for (let size = 1; size <= bytes.length; size++) {
            const heard = [];
            const parse = parser((event) => heard.push(event));
            for (let i = 0; i < bytes.length; i += size) parse(bytes.subarray(i, i + size));
            assert.deepEqual(heard, want, `chunks of ${size}`);
        }
    },

    'metrics are summed over labels, and percentiles lie in their bucket'() {
        const { values, buckets } = read('# HELP x\nteller_last_seq 12\n' +
            'teller_transfers_total{outcome="committed"} 3\n' +
            'teller_request_duration_seconds_bucket{verb="a",le="0.001"} 50\n' +
            'teller_request_duration_seconds_bucket{verb="b",le="0.001"} 40\n' +
            'teller_request_duration_seconds_bucket{verb="a",le="+Inf"} 100\n');
        assert.equal(values.teller_last_seq, 12);
        assert.equal(values['teller_transfers_total.committed'], 3);
        assert.deepEqual([...buckets], [[0.001, 90], [Infinity, 100]]);
        assert.equal(percentile([[0.001, 50], [0.002, 100]], 0.5), 1);
        assert.equal(percentile([[0.001, 0], [0.002, 100]], 0.5), 1.5);
        assert.equal(percentile([[0.001, 0], [Infinity, 10]], 0.99), 1);
        assert.equal(percentile([], 0.5), null);
    },
};
