/* SPDX-License-Identifier: MIT */
/* Which server has a ledger. */
#ifndef SERVER_API_OWNERS_H
#define SERVER_API_OWNERS_H

struct call;

void owners_post(struct call *call);

#endif
