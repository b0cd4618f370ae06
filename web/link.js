// SPDX-License-Identifier: MIT
// How the page is linked to the service: the state in the header, and a banner whenever what is
// shown may be stale, with the position that it is of.

import { announce, find, write } from './dom.js';
import { showCount } from './money.js';

const STALE_MS = 4000;     // no answer of any kind for that long
const BEHIND_MIN = 2000;   // fewer entries on their way are not worth a word

let said = '';

/** `metricsAt`: when /metrics last answered (of performance.now()). */
export function drawLink(stream, metricsAt) {
    const silent = performance.now() - Math.max(stream.heardAt, metricsAt);
    const behind = stream.head - stream.position;
    const { state, text } = describe(stream, silent, behind);
    const link = find('link');
    if (link.dataset.state !== state) link.dataset.state = state;
    write('link-word', state);
    write('position', showCount(stream.position));
    find('banner').hidden = text === '';
    find('banner').dataset.state = state;
    write('banner-text', text);
    find('banner-retry').hidden = state !== 'disconnected';
    write('read-entries', showCount(stream.entries));
    write('read-gaps', showCount(stream.gaps));
    write('read-repeats', showCount(stream.repeats));
    write('read-connections', showCount(stream.connections));
    if (state !== said) announce(`${state}. ${text}`);
    said = state;
}

function describe(stream, silent, behind) {
    const asOf = `This is the ledger as of seq ${showCount(stream.position)}.`;
    if (stream.state === 'refused')
        return { state: 'refused', text: `The service refuses the token. ${asOf}` };
    if (stream.state === 'disconnected' || stream.state === 'connecting' && stream.entries > 0) {
        const seconds = Math.max(0, Math.ceil((stream.retryAt - performance.now()) / 1000));
        const when = seconds ? `Trying again in ${seconds} s.` : 'Trying again now.';
        return { state: 'disconnected', text: `Disconnected. ${asOf} ${when}` };
    }
    if (silent > STALE_MS)
        return { state: 'stale',
            text: `No answer for ${Math.floor(silent / 1000)} s. ${asOf}` };
    if (stream.state === 'live' && behind > BEHIND_MIN)
        return { state: 'catching up',
            text: `Catching up: ${showCount(behind)} entries to go. ${asOf}` };
    return { state: stream.state, text: '' };
}
