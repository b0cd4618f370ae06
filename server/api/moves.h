/* SPDX-License-Identifier: MIT */
/*
 * What all requests that move or hold money have in common: reading the key, the accounts and the
 * amounts, and saying no. A function that reads and returns false has filled the answer in.
 * `place` is where the object stands (problem.h).
 */
#ifndef SERVER_API_MOVES_H
#define SERVER_API_MOVES_H

#include <stdbool.h>

#include "ledger/ledger.h"
#include "server/text/json_in.h"
#include "server/http/problem.h"

#define MOVES_KEY_RULE "must be 1-255 printable ASCII characters"

/* Can it be the key of a request? NULL cannot. */
bool moves_key_is_valid(const char *key);

/* The header Idempotency-Key; NULL: there is none. */
MUST_CHECK bool moves_read_key(
    struct request *request, struct response *response, const char **key);

MUST_CHECK bool moves_read_amount(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, money *amount);

/* from, to and amount. */
MUST_CHECK bool moves_read_leg(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *object, struct ledger_leg *leg);

/* Legs and metadata of a body whose members are known. */
MUST_CHECK bool moves_read_transfer(struct request *request, struct response *response,
    const struct json_in *body, struct ledger_transfer *transfer);

/* A transfer of a batch, with its key. */
MUST_CHECK bool moves_read_item(struct request *request, struct response *response,
    const struct problem_place *place, const struct json_in *item,
    struct ledger_transfer *transfer);

/* The ledger's "no", in the same words for the first answer and for its replays: both come from the
 * entry, if there is one. */
struct problem_of_ledger moves_told(
    struct request *request, const char *key, const struct ledger_outcome *outcome);
void moves_refuse(struct request *request, struct response *response, const char *key,
    const struct ledger_outcome *outcome);

#endif
