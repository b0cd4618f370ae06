/* SPDX-License-Identifier: MIT */
/*
 * What all requests that move or hold money have in common: from header and body to a command that
 * is valid in itself. A function that returns false has recorded the refusal (call.h). The texts of
 * a command live as long as the request.
 */
#ifndef SERVER_API_MOVES_H
#define SERVER_API_MOVES_H

#include <stdbool.h>

#include "ledger/ledger.h"
#include "server/api/body.h"

/* *key NULL: there is none. */
CO_MUST_CHECK bool moves_read_key(struct call *call, const char **key);

/* The key and the body, in this order, of a request whose body has members among `known`. *key
 * NULL: there is none. */
CO_MUST_CHECK bool moves_read(
    struct call *call, uint64_t known, const char **key, struct body *body);
CO_MUST_CHECK bool moves_read_large(
    struct call *call, uint64_t known, const char **key, struct body *body);

CO_MUST_CHECK bool moves_read_amount(struct call *call, const struct body *body, money *amount);

/* from, to and amount. */
CO_MUST_CHECK bool moves_read_leg(
    struct call *call, const struct body *body, struct ledger_leg *leg);

/* A whole transfer: its key out of the header. */
CO_MUST_CHECK bool moves_read_transfer(struct call *call, struct ledger_transfer *transfer);

/* A transfer of a batch, which stands at that place: with its key. */
CO_MUST_CHECK bool moves_read_item(struct call *call, const struct json_in *item,
    const struct call_place *place, struct ledger_transfer *transfer);

#endif
