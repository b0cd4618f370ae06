// SPDX-License-Identifier: MIT
// What went wrong with a request to the lab, as a sentence. None of it is a fault of the page, so
// none of it is an exception that anyone should see in the console.

import { problemOf } from '../api.js';

/** An ending of a run that a person is told in a sentence; `said` is what the run itself wrote. */
export class Told extends Error {
    constructor(sentence, said = '') {
        super(sentence);
        this.said = said;
    }
}

const ENDED = {
    crashed: 'The run crashed.',
    processor_time: 'The run computed for longer than it may, and was ended.',
    memory: 'The run asked for more memory than it may have, and was ended.',
    output: 'The run wrote more than it may, and was ended.',
    time: 'The run took longer than it may, and was ended.',
    deadlock: 'In the run every coroutine waited for another one, for good.',
    forbidden: 'The run tried what it may not do, and was ended.',
    stopped: 'The service is stopping; the run was ended.',
    failed: 'The run could not be made.',
};

/** The sentence for an answer that is not the one hoped for (null: there was none). */
export function tellOf(answer) {
    if (!answer) return 'The service does not answer. Is it running?';
    if (answer.status === 401) return 'The lab needs a token, like the rest of the service.';
    if (answer.status === 404 && answer.body?.code === 'lab_run_not_found')
        return 'The service has forgotten this run: it keeps only the newest. Run it again.';
    if (answer.status === 404 || answer.status === 405)
        return 'This service has no race lab: it is of an earlier version.';
    if (answer.status === 429) {
        const seconds = answer.retryAfter || 1;
        return 'The lab is busy: as many experiments are running and waiting as it takes. ' +
            `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
    }
    return `${problemOf(answer)}.`;
}

/** The sentence for a run that was ended instead of finishing; it touched nothing else. */
export function tellEnd({ how, text }) {
    return `${text || ENDED[how] || 'The run was ended.'} The service itself was not touched.`;
}
