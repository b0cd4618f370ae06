// SPDX-License-Identifier: MIT
// What is sent to a fresh service, in this order, so that its answers are the examples of the API's
// description: [operation, status, parts of the path, more]. The body is the operation's example,
// unless `more` has another; `code` names the problem that a refusal is to be.

const main = { ledger: 'main' };
const alice = { ...main, account: 'alice' };
const shop = { ...main, account: 'shop' };

const LEDGER = '/v1/ledgers/{ledger}';
const ACCOUNT = `${LEDGER}/accounts/{account}`;
const TRANSFER = `${LEDGER}/transfers/{id}`;
const HOLD = `${LEDGER}/holds/{id}`;

/** Opens accounts, moves money, and sets up what the refusals need. */
const MONEY = [
    ['post /v1/ledgers', 201, {}],
    ['post /v1/ledgers', 200, {}],
    [`post ${LEDGER}/accounts`, 201, main],
    [`post ${LEDGER}/accounts`, 200, main],
    [`post ${LEDGER}/accounts`, 201, main, { body: { id: 'bob', asset: 'USD/2' }, aside: true }],
    [`post ${LEDGER}/accounts`, 201, main, { body: { id: 'shop', asset: 'USD/2' }, aside: true }],
    [`post ${LEDGER}/accounts`, 201, main, { body: { id: 'euros', asset: 'EUR/2' }, aside: true }],
    [`post ${ACCOUNT}/deposit`, 201, alice, { key: 'd-1' }],
    [`post ${LEDGER}/transfers`, 201, main, { key: 'k-1', keep: 'transfer' }],
    [`post ${ACCOUNT}/withdraw`, 201, alice, { key: 'w-1' }],
    [`post ${TRANSFER}/reverse`, 201, { ...main, id: 'transfer' }, { key: 'r-1' }],
    [`post ${LEDGER}/transfers/batch`, 200, main],
    [`post ${LEDGER}/holds`, 201, main, { key: 'h-1', keep: 'hold' }],
    [`get ${HOLD}`, 200, { ...main, id: 'hold' }],
    [`post ${HOLD}/capture`, 422, { ...main, id: 'hold' },
        { body: { amount: '501' }, code: 'capture_exceeds_hold' }],
    [`post ${HOLD}/capture`, 201, { ...main, id: 'hold' }, { key: 'c-1' }],
    [`post ${HOLD}/release`, 409, { ...main, id: 'hold' }, { code: 'already_settled' }],
    [`post ${LEDGER}/holds`, 201, main, { key: 'h-2', keep: 'second',
        body: { from: 'alice', to: 'shop', amount: '100' }, aside: true }],
    [`post ${HOLD}/release`, 201, { ...main, id: 'second' }, { key: 'c-2' }],
    [`get ${ACCOUNT}`, 200, alice],
    [`get ${LEDGER}/accounts`, 200, main, { query: 'limit=2' }],
    [`get ${ACCOUNT}/entries`, 200, alice, { query: 'limit=2' }],
    [`get ${TRANSFER}`, 200, { ...main, id: 'transfer' }],
    [`get ${LEDGER}/transfers`, 200, main, { query: 'key=k-1' }],
    [`get ${LEDGER}/journal`, 200, main, { query: 'limit=2' }],
    [`get ${LEDGER}`, 200, main],
    ['get /v1/ledgers', 200, {}],
    ['get /livez', 200, {}],
    ['get /readyz', 200, {}],
];

/** One of each problem that can be had without breaking something. */
const REFUSALS = [
    [`post ${LEDGER}/transfers`, 422, main, { key: 'k-1',
        body: { from: 'alice', to: 'bob', amount: '81' }, code: 'key_reused' }],
    [`post ${LEDGER}/transfers`, 422, main,
        { body: { from: 'alice', to: 'alice', amount: '1' }, code: 'same_account' }],
    [`post ${LEDGER}/transfers`, 422, main,
        { body: { from: 'alice', to: 'euros', amount: '1' }, code: 'asset_mismatch' }],
    [`post ${LEDGER}/transfers`, 422, main,
        { body: { from: 'bob', to: 'alice', amount: '5000' }, code: 'insufficient_funds' }],
    [`post ${ACCOUNT}/deposit`, 422, shop,
        { body: { amount: '9'.repeat(38) }, code: 'amount_out_of_range' }],
    [`post ${TRANSFER}/reverse`, 409, { ...main, id: 'transfer' }, { code: 'already_reversed' }],
    ['post /v1/ledgers', 409, {},
        { body: { name: 'savings', strategy: 'sharded' }, code: 'ledger_exists' }],
    [`post ${LEDGER}/accounts`, 409, main,
        { body: { id: 'alice', asset: 'EUR/2' }, code: 'account_exists' }],
    [`get ${ACCOUNT}`, 409, alice, { query: 'at=1000', code: 'position_ahead' }],
    ['get /v1/ledgers/{ledger}', 404, { ledger: 'nowhere' }, { code: 'ledger_not_found' }],
    [`get ${ACCOUNT}`, 404, { ...main, account: 'nobody' }, { code: 'account_not_found' }],
    [`get ${TRANSFER}`, 404, { ...main, id: 1000 }, { code: 'transfer_not_found' }],
    [`get ${HOLD}`, 404, { ...main, id: 1000 }, { code: 'hold_not_found' }],
    [`get ${LEDGER}/audits/{id}`, 404, { ...main, id: 1 }, { code: 'audit_not_found' }],
    ['get /v1/lab/runs/{id}', 404, { id: 1 }, { code: 'lab_run_not_found' }],
    ['get /v1/tokens/{id}', 404, { id: 1000 }, { code: 'token_not_found' }],
    [`get ${ACCOUNT}`, 400, { ...main, account: '%zz' }, { code: 'bad_request' }],
    ['post /v1/ledgers', 400, {}, { text: '{"name":', code: 'invalid_json' }],
    [`post ${LEDGER}/transfers`, 400, main,
        { body: { from: 'alice', to: 'bob', amount: '-1' }, code: 'invalid_request' }],
    ['get /v1/ledgers', 401, {}, { token: null, code: 'unauthorized' }],
    ['post /v1/ledgers', 415, {}, { type: 'text/plain', code: 'unsupported_media_type' }],
    ['post /v1/ledgers', 413, {}, { text: ' '.repeat(300000), code: 'payload_too_large' }],
    ['get /v1/ledgers', 414, {}, { query: 'x'.repeat(9000), code: 'uri_too_long' }],
    ['get /v1/ledgers', 431, {}, { headers: { 'X-A': 'x'.repeat(9000), 'X-B': 'x'.repeat(9000) },
        code: 'headers_too_large' }],
    ['get /v1/ledgers', 417, {}, { headers: { Expect: 'a-wonder' }, code: 'expectation_failed' }],
    ['get /v1/ledgers', 505, {}, { version: 'HTTP/2.0', code: 'http_version_not_supported' }],
    [`post ${ACCOUNT}/freeze`, 200, alice],
    [`post ${ACCOUNT}/deposit`, 422, alice, { code: 'account_frozen' }],
    [`post ${ACCOUNT}/unfreeze`, 200, alice],
    [`post ${LEDGER}/freeze`, 200, main],
    [`post ${LEDGER}/unfreeze`, 200, main],
    ['get /v1/cluster', 200, {}],
    ['post /v1/cluster/{id}/kill', 202, { id: 'teller2' }],
    ['post /v1/cluster/{id}/start', 202, { id: 'teller2' }],
    ['post /v1/cluster/{id}/kill', 404, { id: 'nobody' }, { code: 'cluster_part_not_found' }],
    ['post /v1/cluster/{id}/kill', 503, { id: 'front' }, { code: 'cluster_control_failed' }],
    [`post ${LEDGER}/owner`, 200, main, { body: { server: 1 } }],
    [`post ${LEDGER}/owner`, 422, main, { body: { server: 1000 }, code: 'server_unknown' }],
];

/** The first tokens beside the administrator's; one of them may hardly do a thing. */
const TOKENS = [
    ['post /v1/tokens', 201, {}, { keep: 'till', keepToken: 'till' }],
    ['get /v1/tokens/{id}', 200, { id: 'till' }],
    ['get /v1/tokens', 200, {}],
    [`get ${LEDGER}`, 403, main, { token: 'till', code: 'forbidden' }],
    ['post /v1/tokens/{id}/rotate', 200, { id: 'till' }],
    ['delete /v1/tokens/{id}', 200, { id: 'till' }],
    ['post /v1/tokens/{id}/rotate', 409, { id: 'till' }, { code: 'token_ended' }],
    ['get /v1/tokens/acts', 200, {}, { query: 'limit=2' }],
    ['post /v1/tokens', 201, {},
        { body: { scope: 'read', rate: 1 }, keepToken: 'slow', aside: true }],
    ['get /v1/ledgers', 200, {}, { token: 'slow', aside: true }],
    ['get /v1/ledgers', 429, {}, { token: 'slow', code: 'too_many_requests' }],
];

/** Between two ledgers, which are opened for it. */
const BETWEEN = [
    ['post /v1/ledgers', 201, {}, { body: { name: 'branch' }, aside: true }],
    [`post ${LEDGER}/accounts`, 201, { ledger: 'branch' },
        { body: { id: 'bob', asset: 'USD/2' }, aside: true }],
    ['post /v1/transfers', 201, {}, { key: 'b-1' }],
    ['get /v1/transfers', 200, {}, { query: 'ledger=main&key=b-1' }],
    [`post ${ACCOUNT}/deposit`, 403, { ...main, account: 'clearing:branch:USD.2' },
        { code: 'account_reserved' }],
];

export const STORY = [...MONEY, ...REFUSALS, ...BETWEEN, ...TOKENS];
