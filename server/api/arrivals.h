/* SPDX-License-Identifier: MIT */
/* Steps of transfers between ledgers that one server asks of another. */
#ifndef SERVER_API_ARRIVALS_H
#define SERVER_API_ARRIVALS_H

#include "server/api/call.h"

void arrivals_post(struct call *call); /* POST /v1/ledgers/{ledger}/arrivals */

#endif
