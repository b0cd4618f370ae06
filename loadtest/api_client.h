/* SPDX-License-Identifier: MIT */
/* The calls of the service's HTTP API that scenarios are made of. Each is one request. */
#ifndef LOADTEST_API_CLIENT_H
#define LOADTEST_API_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "loadtest/client.h"

/* One ledger, seen over one connection. */
struct api {
    struct client *client;
    const char *ledger;
};

#define API_ASSET "USD/2" /* of all accounts that are opened here */

/* Open an account with floor 0. 201, or 200 if it is there already. */
CO_MUST_CHECK enum client_status api_open(
    struct api *api, const char *account, struct response *response);

/* key may be NULL in all of these. */
CO_MUST_CHECK enum client_status api_deposit(struct api *api, const char *account, int64_t amount,
    const char *key, struct response *response);
CO_MUST_CHECK enum client_status api_withdraw(struct api *api, const char *account, int64_t amount,
    const char *key, struct response *response);
CO_MUST_CHECK enum client_status api_transfer(struct api *api, const char *from, const char *to,
    int64_t amount, const char *key, struct response *response);

/* POST of a body to "/v1/ledgers/LEDGER" and the path; with "{}" for a call that takes none. */
CO_MUST_CHECK enum client_status api_post(struct api *api, const char *path, const char *key,
    const char *body, struct response *response);

/* GET of "/v1/ledgers/LEDGER" and the path: "/accounts/alice". */
CO_MUST_CHECK enum client_status api_get(
    struct api *api, const char *path, struct response *response);

/* The balance of an account, now and as it was at a position of the journal. */
CO_MUST_CHECK enum client_status api_balance(
    struct api *api, const char *account, int64_t *balance);
CO_MUST_CHECK enum client_status api_balance_at(
    struct api *api, const char *account, int64_t seq, int64_t *balance);

/* The sum of the balances of all accounts whose id begins with the prefix. */
CO_MUST_CHECK enum client_status api_sum(struct api *api, const char *prefix, int64_t *sum);

/* The member "id" of an answer that is a transfer or a hold: its position in the journal. */
CO_MUST_CHECK bool api_id(const struct response *response, int64_t *id);

/* Does it tell what the service made of the request? Not so if no answer came, or 429 or 5xx. */
bool api_is_final(enum client_status got, const struct response *response);

/* Is it an answer with that status and, for a problem, that code (NULL: any)? */
bool api_is(enum client_status got, const struct response *response, int status, const char *code);

#endif
