/* SPDX-License-Identifier: MIT */
/* Transfers between two ledgers. */
#ifndef SERVER_API_CROSSINGS_H
#define SERVER_API_CROSSINGS_H

#include "server/api/call.h"

void crossings_post(struct call *call); /* POST /v1/transfers */
void crossings_list(struct call *call); /* GET /v1/transfers: what became of a key */

#endif
