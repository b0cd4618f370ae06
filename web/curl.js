// SPDX-License-Identifier: MIT
// A request as a person may send it from a shell: a curl command. The token is left to a variable,
// so that it can be shown, copied and pasted into a message.

import { authorization } from './api.js';

/** In single quotes, as a POSIX shell reads it back. */
export function quote(text) {
    return `'${text.replaceAll("'", "'\\''")}'`;
}

/** {method, path, key?, body?} as a command; `body` is the text that is sent. */
export function curlOf({ method, path, key, body }, origin = location.origin) {
    const words = [method === 'GET' ? 'curl' : `curl -X ${method}`, quote(origin + path)];
    if (authorization().Authorization) words.push('-H "Authorization: Bearer $TELLER_TOKEN"');
    if (body !== undefined) words.push("-H 'Content-Type: application/json'");
    if (key) words.push(`-H ${quote(`Idempotency-Key: "${key.replace(/[\\"]/g, '\\$&')}"`)}`);
    if (body !== undefined) words.push(`-d ${quote(body)}`);
    return words.join(' \\\n  ');
}
