/* SPDX-License-Identifier: MIT */
/*
 * What the ledger can say about a request. The rules stand in the order of precedence: if several
 * are broken, the first is the answer. The name is the `code` that a client sees; it never changes.
 */
#ifndef LEDGER_DOMAIN_STATUS_H
#define LEDGER_DOMAIN_STATUS_H

#include <stdbool.h>

/*      symbol               name                   what it says */
#define LEDGER_STATUS_MAP(X)                                                                       \
    X(OK, "ok", "Done.")                                                                           \
    /* the request itself */                                                                       \
    X(KEY_REUSED, "key_reused", "This Idempotency-Key was used for another request.")              \
    X(KEY_IN_FLIGHT, "key_in_flight", "The first request with this key has not ended yet.")        \
    X(LEDGER_NOT_FOUND, "ledger_not_found", "There is no such ledger.")                            \
    X(ACCOUNT_NOT_FOUND, "account_not_found", "There is no such account.")                         \
    X(ACCOUNT_RESERVED, "account_reserved", "Only transfers between ledgers move this account.")   \
    X(ACCOUNT_EXISTS, "account_exists", "The account exists with other properties.")               \
    X(LEDGER_EXISTS, "ledger_exists",                                                              \
        "The ledger exists with another strategy or in another database.")                         \
    X(LEDGER_LIMIT, "ledger_limit", "There are as many ledgers as there can be.")                  \
    X(ACCOUNT_LIMIT, "account_limit", "The ledger has as many accounts as it can have.")           \
    X(TRANSFER_NOT_FOUND, "transfer_not_found", "There is no such transfer.")                      \
    X(HOLD_NOT_FOUND, "hold_not_found", "There is no such hold.")                                  \
    X(POSITION_AHEAD, "position_ahead", "The journal has not come that far yet.")                  \
    /* business rules: frozen together with the request's key */                                   \
    X(ALREADY_REVERSED, "already_reversed", "The transfer has already been reversed.")             \
    X(ALREADY_SETTLED, "already_settled", "The hold was captured, released, or has expired.")      \
    X(SAME_ACCOUNT, "same_account", "A posting moves money between two different accounts.")       \
    X(ASSET_MISMATCH, "asset_mismatch", "Both accounts of a posting must hold the same asset.")    \
    X(ACCOUNT_FROZEN, "account_frozen", "The account, or the whole ledger, is frozen.")            \
    X(CAPTURE_EXCEEDS_HOLD, "capture_exceeds_hold", "A capture takes at most what its hold has.")  \
    X(INSUFFICIENT_FUNDS, "insufficient_funds", "The balance would fall below the floor.")         \
    X(AMOUNT_OUT_OF_RANGE, "amount_out_of_range", "A balance, or a sum held, leaves the range.")   \
    /* one of an atomic batch that did not happen because of another one */                        \
    X(NOT_EXECUTED, "not_executed", "Another transfer in the atomic batch was refused.")           \
    /* the service */                                                                              \
    X(OVERLOADED, "overloaded", "Too much is waiting. Nothing was done; try again later.")         \
    X(UNAVAILABLE, "unavailable", "The ledger cannot do this now. Nothing was done.")              \
    X(DAMAGED, "data_damaged", "What is stored of this makes no sense; `teller audit` says more.") \
    X(OUTCOME_UNKNOWN, "outcome_unknown", "Not known in time. Ask again with the same key.")

enum ledger_status {
#define X(symbol, name, text) LEDGER_##symbol,
    LEDGER_STATUS_MAP(X)
#undef X
        LEDGER_STATUS_COUNT
};

const char *status_name(enum ledger_status status); /* "insufficient_funds" */
const char *status_text(enum ledger_status status); /* a sentence */

/* The status of that name; LEDGER_STATUS_COUNT if there is none. */
enum ledger_status status_of_name(const char *name);

/* True for the business rules: the answers that are frozen with a key. */
bool status_is_rejection(enum ledger_status status);

#endif
