// SPDX-License-Identifier: MIT
// What the service's codes say to a person. The code stands beside the sentence, for anyone who
// looks it up.

const SENTENCES = {
    insufficient_funds: 'There is not enough in the account',
    account_not_found: 'There is no such account',
    account_reserved: 'Only transfers between ledgers move this account',
    account_limit: 'The ledger has as many accounts as it may have',
    account_exists: 'There is an account of that name, with other terms',
    account_frozen: 'The account, or the ledger, is frozen',
    already_reversed: 'It has already been reversed',
    already_settled: 'The hold has already ended',
    amount_out_of_range: 'A balance would be larger than any the ledger can hold',
    asset_mismatch: 'The two accounts hold different assets',
    capture_exceeds_hold: 'That is more than the hold reserves',
    cluster_control_failed: 'The program that knows the cluster did not do it',
    cluster_part_not_found: 'No part of the cluster is called that',
    data_damaged: 'What is stored was altered: the ledger takes no writes',
    forbidden: 'This token may not do that',
    hold_not_found: 'There is no such hold',
    key_in_flight: 'The first request with this key is still under way',
    key_reused: 'This key was used for another request before',
    invalid_json: 'The request is not JSON',
    invalid_request: 'Something in the request breaks a rule',
    ledger_exists: 'There is a ledger of that name, with another strategy or in another database',
    ledger_limit: 'The service has as many ledgers as it may have',
    ledger_not_found: 'There is no such ledger',
    outcome_unknown: 'It may have happened or not: the same key will tell',
    overloaded: 'The service is busy; nothing was done',
    position_ahead: 'The journal has not come that far',
    same_account: 'From and to are the same account',
    server_gone: 'That server has stopped, or was declared dead',
    server_unknown: 'There never was such a server',
    token_ended: 'The token is revoked, or has ended',
    token_limit: 'There are too many valid tokens',
    token_not_found: 'There is no such token',
    transfer_not_found: 'There is no such transfer',
    unauthorized: 'The service asks for a token',
    unavailable: 'The service cannot write now; nothing was done',
};

const HELP = {
    account_frozen: 'Unfreeze it first, or use another account.',
    account_not_found: 'Check its name, or open it first.',
    already_reversed: 'Nothing moved a second time.',
    already_settled: 'Nothing moved a second time.',
    asset_mismatch: 'Money moves between accounts of one asset only.',
    key_in_flight: 'Send it again in a moment, with the same key.',
    key_reused: 'Take a new key for a new request.',
    outcome_unknown: 'Send it again with the same key.',
    overloaded: 'Send it again in a moment, with the same key.',
    same_account: 'Choose two different accounts.',
    unavailable: 'Send it again in a moment, with the same key.',
};

/** What to know, or to do, after a refusal; `money(units)` shows an amount of its account. */
export function helpOf({ code, available, detail }, money) {
    if (code === 'insufficient_funds' && available !== undefined)
        return `It can give ${money(available)}. Nothing moved.`;
    return HELP[code] ?? `${detail && SENTENCES[code] ? `${detail} ` : ''}Nothing moved.`;
}

/** The sentence of a code; of an unknown one, what the service says itself. */
export function sentenceOf(code, body) {
    return SENTENCES[code] ?? body?.detail ?? body?.title ?? 'Refused';
}
