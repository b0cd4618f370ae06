// SPDX-License-Identifier: MIT
// Asking for the token, on every page: a dialog that opens when the service refuses the one that
// there is, or the lack of one.

import { setToken, takeToken, whenRefused } from './api.js';
import { element, find } from './dom.js';

/** Take the token of the address; `again()` is called when a person has given another one. */
export function startToken(again) {
    document.body.append(makeDialog(again));
    takeToken();
    whenRefused((had) => {
        find('token-error').textContent =
            had ? 'The service refuses the token that this tab has.' : '';
        if (!find('token-dialog').open) find('token-dialog').showModal();
    });
}

function makeDialog(again) {
    const input = element('input', { id: 'token-input', type: 'password', required: '',
        autocomplete: 'off', spellcheck: 'false' });
    const form = element('form', { id: 'token-form', method: 'dialog' },
        element('label', { for: 'token-input' }, 'Token'), input,
        element('p', { class: 'hint wrong', id: 'token-error' }),
        element('div', { class: 'actions' },
            element('button', { class: 'primary' }, 'Use this token')));
    form.addEventListener('submit', () => {
        setToken(input.value.trim());
        input.value = '';
        again();
    });
    return element('dialog', { id: 'token-dialog', 'aria-labelledby': 'token-title' },
        element('h2', { id: 'token-title' }, 'A token, please'),
        element('p', {}, 'The service asks for a token. The first one is in the file ',
            element('code', {}, 'admin.token'),
            ' of its data folder. It stays in this tab only.'),
        form);
}
