// SPDX-License-Identifier: MIT
// What the service's codes say to a person. The code stands beside the sentence, for anyone who
// looks it up.

const SENTENCES = {
    insufficient_funds: 'There is not enough in the account',
    account_not_found: 'There is no such account',
    account_exists: 'There is an account of that name, with other terms',
    account_frozen: 'The account, or the ledger, is frozen',
    already_reversed: 'It has already been reversed',
    already_settled: 'The hold has already ended',
    amount_out_of_range: 'A balance would be larger than any the ledger can hold',
    asset_mismatch: 'The two accounts hold different assets',
    capture_exceeds_hold: 'That is more than the hold reserves',
    hold_not_found: 'There is no such hold',
    key_in_flight: 'The first request with this key is still under way',
    key_reused: 'This key was used for another request before',
    ledger_not_found: 'There is no such ledger',
    outcome_unknown: 'It may have happened or not: the same key will tell',
    overloaded: 'The service is busy; nothing was done',
    same_account: 'From and to are the same account',
    token_ended: 'The token is revoked, or has ended',
    token_limit: 'There are too many valid tokens',
    token_not_found: 'There is no such token',
    transfer_not_found: 'There is no such transfer',
    unavailable: 'The service cannot write now; nothing was done',
};

/** The sentence of a code; of an unknown one, what the service says itself. */
export function sentenceOf(code, body) {
    return SENTENCES[code] ?? body?.detail ?? body?.title ?? 'Refused';
}
